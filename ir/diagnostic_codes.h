// The codes of diagnostics: rows of diagnostic_codes.def, and the kinds of remarks. A code that is no row does not compile.
#pragma once

#include <cstdint>
#include <iterator>
#include <span>
#include <string_view>

#include "ir/attrs.h"

namespace nnc {

/// Where the examples of a row stand.
enum class ExamplePlace : uint8_t { Body, Train, Setting, File, Graph };

struct CodeRow {
  std::string_view name, summary;
  ExamplePlace place;
  std::string_view wrong, right, text;
};

std::span<const CodeRow> all_diagnostic_codes();

/// What the compiler says of its decisions when it is asked to.
enum class RemarkKind : uint8_t { Fuse };
template <>
struct EnumNames<RemarkKind> {
  static constexpr std::string_view values[] = {"fuse"};
};

class DiagnosticCode {
 public:
  consteval DiagnosticCode(const char* name) : name_(find(name)) {}
  DiagnosticCode(RemarkKind kind) : name_(name_of_enum(kind)) {}
  constexpr std::string_view name() const { return name_; }
  constexpr bool operator==(const DiagnosticCode&) const = default;

 private:
  static constexpr std::string_view kNames[] = {
#define NNC_CODE(name, ...) name,
#include "ir/diagnostic_codes.def"
#undef NNC_CODE
  };

  static consteval std::string_view find(std::string_view name) {
    size_t row = 0;
    while (kNames[row] != name) ++row;  // past the end: there is no such row in diagnostic_codes.def
    return kNames[row];
  }

  std::string_view name_;
};

}  // namespace nnc
