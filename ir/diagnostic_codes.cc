#include "ir/diagnostic_codes.h"

namespace nnc {

std::span<const CodeRow> all_diagnostic_codes() {
  static constexpr CodeRow kRows[] = {
#define NNC_CODE(name, summary, place, wrong, right, text) \
  {name, summary, ExamplePlace::place, wrong, right, text},
#include "ir/diagnostic_codes.def"
#undef NNC_CODE
  };
  return kRows;
}

}  // namespace nnc
