// Numbers for people.
#pragma once

#include <cstddef>
#include <string>

namespace nnc::tool {

/// Four digits that count, zeros at the end too, so that numbers stand well under one another; fewer where they would take more than `width` characters (9 hold any number).
std::string short_number(double value, size_t width = 9);

}  // namespace nnc::tool
