// The codes of diagnostics: rows of diagnostic_codes.def. A code that is no row does not compile.
#pragma once

#include <cstdint>
#include <iterator>
#include <span>
#include <string_view>

namespace nnc {

/// Where the examples of a row stand.
enum class ExamplePlace : uint8_t { Body, Train, Setting, File, Graph };

struct CodeRow {
  std::string_view name, summary;
  ExamplePlace place;
  std::string_view wrong, right, text;
};

std::span<const CodeRow> all_diagnostic_codes();

class DiagnosticCode {
 public:
  consteval DiagnosticCode(const char* name) : row_(find(name)) {}
  constexpr std::string_view name() const { return kNames[row_]; }
  constexpr bool operator==(const DiagnosticCode&) const = default;

 private:
  static constexpr std::string_view kNames[] = {
#define NNC_CODE(name, ...) name,
#include "ir/diagnostic_codes.def"
#undef NNC_CODE
  };

  static consteval uint8_t find(std::string_view name) {
    uint8_t row = 0;
    while (kNames[row] != name) ++row;  // past the end: there is no such row in diagnostic_codes.def
    return row;
  }

  uint8_t row_;
};

}  // namespace nnc
