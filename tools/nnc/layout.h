// Layered drawing of acyclic graphs (Sugiyama, Tagawa and Toda 1981): boxes in ranks from top to bottom, long edges bent
// around the boxes between, crossings reduced by barycentres, and columns straightened by least squares.
#pragma once

#include <vector>

namespace nnc::tool {

struct Point {
  double x = 0, y = 0;
};

struct LayoutBox {
  double width = 0, height = 0;
  double in = 0, out = 0;            // where edges end and begin, from the left side
  bool first = false, last = false;  // above, or below, all others
  double x = 0, y = 0;               // the corner at the top left, once laid out
};

/// Between boxes by index. Its points alternate: a vertical line, then a bend to the next rank.
struct LayoutEdge {
  int from = 0, to = 0;
  std::vector<Point> points;
};

/// Places the boxes, no two of which touch, and the edges; returns the size of it all. The edges have no cycles.
Point lay_out(std::vector<LayoutBox>& boxes, std::vector<LayoutEdge>& edges);

}  // namespace nnc::tool
