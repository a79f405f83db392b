#include "tools/nnc/number_text.h"

#include <fmt/format.h>

namespace nnc::tool {

std::string short_number(double value, size_t width) {
  if (value == 0) value = 0;  // of either sign
  std::string out;
  for (int digits = 4; digits > 0; --digits) {
    out = fmt::format("{:#.{}g}", value, digits);
    if (out.size() <= width) break;
  }
  return out;
}

}  // namespace nnc::tool
