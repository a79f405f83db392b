// Numbers in messages.
#pragma once

#include <cmath>
#include <string>

#include <fmt/format.h>

namespace nnc {

/// The fewest digits that read back to the same number. A NaN has no sign: which one it got depends on how it was computed.
inline std::string plain_number(double x) { return std::isnan(x) ? "nan" : fmt::format("{}", x); }

}  // namespace nnc
