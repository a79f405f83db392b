// Patterns of parameter paths: "blocks.*.weight".
#pragma once

#include <string_view>

namespace nnc {

/// `*` stands for any text (dots too), `?` for any one byte, everything else for itself. Linear in the text for
/// each star.
bool path_matches(std::string_view pattern, std::string_view path);

}  // namespace nnc
