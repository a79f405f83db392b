// What pictures and pages are written with: SVG and HTML that need nothing from outside.
#pragma once

#include <string>
#include <string_view>

namespace nnc::tool {

/// & < > " as entities; control characters but for newlines as spaces.
std::string escaped(std::string_view text);
/// A coordinate with at most two decimals, and no zeros behind them.
std::string coordinate(double x);
/// Width of monospaced text of that size in pixels; characters, not bytes, count.
double text_width(std::string_view text, double size);
/// A complete page: its title, its own style behind the common one, and its body.
std::string html_page(std::string_view title, std::string_view style, std::string_view body);

}  // namespace nnc::tool
