// An explanation as a picture: images beside their heat maps, other inputs as bars of their strongest elements.
#pragma once

#include <string>

#include "tools/nnc/explanation.h"

namespace nnc::tool {

/// A picture of its own, <svg …>…</svg>, that needs nothing from outside.
std::string explanation_svg(const Explanation& e);
/// The images and heat maps alone, for there is no text in a PNG. Throws Error where no input is an image.
std::string explanation_png(const Explanation& e);

}  // namespace nnc::tool
