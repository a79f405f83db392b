// Pages and pictures as a browser shows them. Where no Chromium is installed, or it does not start, there is nothing to see.
#pragma once

#include <string>

namespace nnc {

/// Why there is no browser; empty where there is one.
std::string no_browser();

/// What a reader would stumble over.
struct Layout {
  int texts = 0;         // in pictures
  int overlaps = 0;      // pairs of texts of one picture that cover each other
  int outside = 0;       // texts that stick out of their picture
  int wider = 0;         // pixels by which the page is wider than the window
  std::string document;  // as it is once it is loaded
};
/// The layout of an HTML page, or of an SVG picture in a page of its own, in a window of that width.
Layout layout_of(const std::string& markup, int width);

}  // namespace nnc
