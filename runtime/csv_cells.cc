#include "runtime/csv_cells.h"

#include <fmt/format.h>

#include "ir/error.h"

namespace nnc {
namespace {

// Each column costs far more memory than the two bytes that claim it.
constexpr size_t kMostColumns = 65536;

constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";

/// Commas; where the header has none, the semicolons or tabs that it has. A quote opens at the beginning of a cell alone.
char separator_in(std::string_view text) {
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  char found = ',';
  bool quoted = false, begun = false, fresh = true;
  for (char c : text) {
    if (c == '"' && (quoted || fresh)) {  // doubled within quotes, it closes them and opens them again
      quoted = !quoted;
      fresh = begun = true;
      continue;
    }
    if (quoted) continue;
    if (c == ',' || (c == '\n' && begun)) return c == ',' ? c : found;
    if (found == ',' && (c == ';' || c == '\t')) found = c;
    const bool ends_line = c == '\n' || c == '\r';
    fresh = ends_line || c == ';' || c == '\t';
    begun |= !ends_line;
  }
  return found;
}

class Cutter {
 public:
  Cutter(std::string& text, const std::string& path)
      : text_(text), path_(path), separator_(separator_in(text)) {
    if (text.starts_with(kByteOrderMark)) at_ = kByteOrderMark.size();
  }

  CsvCells run() {
    while (at_ < text_.size()) {
      if (!skip_blank_line()) record();
    }
    return std::move(out_);
  }

 private:
  [[noreturn]] void fail(uint32_t line, const std::string& what) {
    throw Error(fmt::format("{}:{}: {}", path_, line, what));
  }

  /// The length of the line end here: 0, 1 or 2.
  size_t line_end() const {
    if (text_[at_] == '\n') return 1;
    return text_[at_] == '\r' && at_ + 1 < text_.size() && text_[at_ + 1] == '\n' ? 2 : 0;
  }

  bool skip_blank_line() {
    size_t end = line_end();
    at_ += end;
    line_ += end != 0;
    return end != 0;
  }

  void record() {
    uint32_t first_line = line_;
    size_t before = out_.cells.size();
    for (bool more = true; more;) {
      out_.cells.push_back(at_ < text_.size() && text_[at_] == '"' ? quoted() : plain());
      more = separator();
      if (out_.cells.size() - before > kMostColumns)
        fail(first_line, fmt::format("over {} columns", kMostColumns));
    }
    size_t count = out_.cells.size() - before;
    if (out_.lines.empty()) out_.columns = count;
    if (count != out_.columns) {
      fail(first_line, fmt::format("{} value{} where the header has {} columns", count, count == 1 ? "" : "s",
                                   out_.columns));
    }
    out_.lines.push_back(first_line);
  }

  std::string_view plain() {
    size_t start = at_;
    while (at_ < text_.size() && text_[at_] != separator_ && line_end() == 0) ++at_;
    return std::string_view(text_).substr(start, at_ - start);
  }

  /// Moves the content to the front of its quotes, so that doubled quotes become one.
  std::string_view quoted() {
    uint32_t first_line = line_;
    size_t start = ++at_, to = start;
    for (;; ++at_) {
      if (at_ == text_.size()) fail(first_line, "the quote that opens here is not closed");
      if (text_[at_] == '"') {
        if (at_ + 1 == text_.size() || text_[at_ + 1] != '"') break;
        ++at_;
      }
      line_ += text_[at_] == '\n';
      text_[to++] = text_[at_];
    }
    ++at_;
    return std::string_view(text_).substr(start, to - start);
  }

  /// Steps over what ends a cell; true when another cell of the record follows.
  bool separator() {
    if (at_ == text_.size()) return false;
    if (text_[at_] == separator_) return ++at_, true;
    if (!skip_blank_line()) fail(line_, "text follows a closing quote");
    return false;
  }

  std::string& text_;
  const std::string& path_;
  char separator_;
  size_t at_ = 0;
  uint32_t line_ = 1;
  CsvCells out_;
};

}  // namespace

CsvCells cut_csv(std::string& text, const std::string& path) { return Cutter(text, path).run(); }

}  // namespace nnc
