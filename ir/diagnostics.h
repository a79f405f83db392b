// What a user's file has wrong with it. Diagnostics are collected, so that one run reports every mistake that
// can be told apart, and rendered at the end: for people, with the source line and a caret, or as JSON lines.
//
//   model.nn:4:12: error: unknown function 'liner'
//     4 |   h = relu(liner(x, 128))
//       |            ^~~~~
//   help: did you mean 'linear'?
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ir/diagnostic_codes.h"
#include "ir/error.h"
#include "ir/graph.h"

namespace nnc {

enum class Severity : uint8_t { Error, Warning, Remark };
template <>
struct EnumNames<Severity> {
  static constexpr std::string_view values[] = {"error", "warning", "remark"};
};

struct Note {
  std::optional<Loc> loc;  // shown with its source line when present
  std::string text;
  bool operator==(const Note&) const = default;
};

struct Diagnostic {
  Severity severity = Severity::Error;
  DiagnosticCode code;  // short and stable, for tools: "unknown-name"
  Loc loc;              // line 0: about the file as a whole
  std::string message;
  std::vector<Note> notes;
  std::string help;  // what to do: "did you mean 'linear'?"

  Diagnostic& note(Loc at, std::string text) { return notes.push_back({at, std::move(text)}), *this; }
  Diagnostic& note(std::string text) { return notes.push_back({std::nullopt, std::move(text)}), *this; }
  Diagnostic& with_help(std::string text) { return help = std::move(text), *this; }
  /// Sets the help to "did you mean 'x'?" when a candidate is close to `word`.
  Diagnostic& suggest(std::string_view word, const std::vector<std::string>& candidates);
  bool operator==(const Diagnostic&) const = default;
};

class Diagnostics {
 public:
  /// `file` is the name shown; `source` its text, quoted under each message.
  explicit Diagnostics(std::string file = "<input>", std::string source = "");

  /// The references stay valid until the collection dies, so that notes can be attached.
  Diagnostic& add(Diagnostic d);
  Diagnostic& error(DiagnosticCode code, Loc loc, std::string message);
  Diagnostic& warning(DiagnosticCode code, Loc loc, std::string message);
  /// An Error thrown by the graph, at the place that caused it; its notes come along.
  Diagnostic& error(DiagnosticCode code, Loc loc, const Error& e);

  size_t error_count() const { return errors_; }
  bool has_errors() const { return errors_ > 0; }
  /// In the order of the text, equal ones once.
  std::vector<Diagnostic> sorted() const;

  /// For people: at most 50 errors and warnings, then how many more there are, and every remark.
  std::string render(bool colour = false) const;
  /// One JSON object a line: severity, code, file, line, column, length, message, notes, help.
  std::string render_json() const;

  const std::string& file() const { return file_; }
  const std::string& source() const { return source_; }

 private:
  std::string_view line_text(uint32_t line) const;
  uint32_t shown_column(Loc loc) const;
  std::string excerpt(Loc loc, bool colour) const;
  std::string place(Loc loc) const;
  std::string render_one(const Diagnostic& d, bool colour) const;

  std::string file_, source_;
  std::vector<size_t> line_starts_;
  std::deque<Diagnostic> all_;
  size_t errors_ = 0;
};

/// The candidate with the smallest edit distance to `word` (case counts half), if it is close: at most a
/// third of the word's length, and at least one edit.
std::optional<std::string> suggest(std::string_view word, const std::vector<std::string>& candidates);

/// `text` as a JSON string in quotes; bytes that are not UTF-8 become U+FFFD.
std::string json_quote(std::string_view text);

}  // namespace nnc
