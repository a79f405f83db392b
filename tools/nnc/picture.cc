#include "tools/nnc/picture.h"

#include <algorithm>
#include <unordered_map>

#include <fmt/format.h>

#include "ir/graph_text.h"
#include "tools/nnc/layout.h"
#include "tools/nnc/markup.h"

namespace nnc::tool {
namespace {

constexpr double kTextSize = 12, kSmallSize = 10, kLine = 15, kPadding = 10, kTitle = 20, kMargin = 12;

struct KindStyle {
  const char* css;
  const char* fill;
  const char* border;
};
// By LayerKind.
constexpr KindStyle kStyles[] = {{"layer", "#e8f1fb", "#4a7fb5"},
                                 {"cluster", "#f7f8fa", "#b4bec8"},
                                 {"input", "#e9f6ec", "#4f9a63"},
                                 {"param", "#fdf3e1", "#c2913a"},
                                 {"output", "#fbe9ea", "#b9525b"}};

const KindStyle& style_of(LayerKind kind) { return kStyles[static_cast<int>(kind)]; }

std::vector<std::string> lines_of(const LayerNode& n) {
  std::vector<std::string> out{n.name, n.type};
  if (!n.parameters.is(0)) out.push_back(n.parameters.str() + " parameters");
  return out;
}

/// A node with its size, and its children laid out within it.
struct Drawing {
  const LayerNode* node = nullptr;
  double width = 0, height = 0, in = 0, out = 0;
  std::vector<Drawing> children;
  std::vector<LayoutBox> boxes;  // of the children, then of the ports
  std::vector<LayoutEdge> edges;
};

Drawing draw_layer(const LayerNode& n) {
  Drawing d{.node = &n};
  for (const std::string& line : lines_of(n)) {
    d.width = std::max(d.width, text_width(line, kTextSize) + 2 * kPadding);
    d.height += kLine;
  }
  d.height += 2 * 5;
  d.in = d.out = d.width / 2;
  return d;
}

// A port is where lines from outside enter, or leave.
int port(Drawing& d, int& index, bool first) {
  if (index < 0) {
    index = static_cast<int>(d.boxes.size());
    d.boxes.push_back({.first = first, .last = !first});
  }
  return index;
}

Drawing draw(const LayerNode& n, bool root = false) {
  if (n.kind != LayerKind::Cluster) return draw_layer(n);
  Drawing d{.node = &n};
  for (const LayerNode& child : n.children) {
    d.children.push_back(draw(child));
    const Drawing& c = d.children.back();
    d.boxes.push_back({.width = c.width, .height = c.height, .in = c.in, .out = c.out});
  }
  int above = -1, below = -1;
  for (auto [from, to] : n.edges) {
    int begin = from == kOutside ? port(d, above, true) : from;
    int end = to == kOutside ? port(d, below, false) : to;
    if (begin != end && !(from == kOutside && to == kOutside)) d.edges.push_back({begin, end, {}});
  }
  Point size = lay_out(d.boxes, d.edges);
  double border = root ? kMargin : kPadding, title = root ? 0 : kTitle;
  double least = root ? 0 : text_width(n.name, kSmallSize) + 2 * kPadding;
  d.width = std::max(size.x + 2 * border, least);
  d.height = size.y + 2 * border + title;
  for (LayoutBox& b : d.boxes) b.x += border, b.y += border + title;
  for (LayoutEdge& e : d.edges) {
    for (Point& p : e.points) p.x += border, p.y += border + title;
  }
  // Lines from and to the outside begin and end at the frame.
  for (LayoutEdge& e : d.edges) {
    if (e.from == above) e.points.front().y = 0;
    if (e.to == below) e.points.back().y = d.height;
  }
  d.in = above < 0 ? d.width / 2 : d.boxes[above].x;
  d.out = below < 0 ? d.width / 2 : d.boxes[below].x;
  return d;
}

class Svg {
 public:
  /// With `links`, layers lead to the anchors of their places in this list.
  Svg(const std::vector<const LayerNode*>& layers, bool links) : links_(links) {
    for (size_t i = 0; i < layers.size(); ++i) numbers_[layers[i]] = i;
  }

  std::string picture(const Drawing& root) {
    children(root, 0, 0);
    return fmt::format(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" viewBox=\"0 0 {0} {1}\" "
        "font-family=\"monospace\" font-size=\"{2}\">\n<defs><marker id=\"tip\" viewBox=\"0 0 8 8\" "
        "refX=\"8\" "
        "refY=\"4\" markerWidth=\"7\" markerHeight=\"7\" orient=\"auto\"><path d=\"M0 0L8 4L0 8z\" "
        "fill=\"#5d6b78\"/></marker></defs>\n<rect width=\"100%\" height=\"100%\" "
        "fill=\"#ffffff\"/>\n{3}</svg>\n",
        coordinate(root.width), coordinate(root.height), kTextSize, text_);
  }

 private:
  void children(const Drawing& d, double x, double y) {
    for (size_t i = 0; i < d.children.size(); ++i) draw(d.children[i], x + d.boxes[i].x, y + d.boxes[i].y);
    for (const LayoutEdge& e : d.edges) line(e, x, y, e.to < static_cast<int>(d.children.size()));
  }

  void box(const Drawing& d, double x, double y) {
    const KindStyle& style = style_of(d.node->kind);
    text_ += fmt::format(
        "<rect class=\"{}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"5\" fill=\"{}\" "
        "stroke=\"{}\"/>\n",
        style.css, coordinate(x), coordinate(y), coordinate(d.width), coordinate(d.height), style.fill,
        style.border);
  }

  void draw(const Drawing& d, double x, double y) {
    if (d.node->kind != LayerKind::Cluster) return layer(d, x, y);
    box(d, x, y);
    text_ += fmt::format("<text x=\"{}\" y=\"{}\" font-size=\"{}\" fill=\"#5d6b78\">{}</text>\n",
                         coordinate(x + kPadding), coordinate(y + 14), kSmallSize, escaped(d.node->name));
    children(d, x, y);
  }

  void layer(const Drawing& d, double x, double y) {
    bool linked = links_ && d.node->kind == LayerKind::Layer;
    if (linked) text_ += fmt::format("<a href=\"#layer-{}\">", numbers_.at(d.node));
    text_ += "<g>";
    if (!d.node->path.empty()) text_ += fmt::format("<title>{}</title>", escaped(d.node->path));
    box(d, x, y);
    std::vector<std::string> lines = lines_of(*d.node);
    for (size_t i = 0; i < lines.size(); ++i) {
      text_ += fmt::format("<text x=\"{}\" y=\"{}\" text-anchor=\"middle\"{}>{}</text>\n",
                           coordinate(x + d.width / 2), coordinate(y + 17 + kLine * static_cast<double>(i)),
                           i == 0 ? " font-weight=\"bold\"" : " fill=\"#44515d\"", escaped(lines[i]));
    }
    text_ += linked ? "</g></a>\n" : "</g>\n";
  }

  void line(const LayoutEdge& e, double x, double y, bool tip) {
    auto at = [&](const Point& p) { return fmt::format("{} {}", coordinate(x + p.x), coordinate(y + p.y)); };
    std::string path = "M" + at(e.points[0]);
    for (size_t i = 1; i < e.points.size(); ++i) {
      const Point &a = e.points[i - 1], &b = e.points[i];
      double middle = (a.y + b.y) / 2;
      path +=
          i % 2 == 1 ? "L" + at(b) : fmt::format("C{} {} {}", at({a.x, middle}), at({b.x, middle}), at(b));
    }
    text_ += fmt::format("<path d=\"{}\" fill=\"none\" stroke=\"#5d6b78\"{}/>\n", path,
                         tip ? " marker-end=\"url(#tip)\"" : "");
  }

  std::unordered_map<const LayerNode*, size_t> numbers_;
  bool links_;
  std::string text_;
};

void collect_layers(const LayerNode& n, std::vector<const LayerNode*>& out) {
  if (n.kind == LayerKind::Layer) out.push_back(&n);
  for (const LayerNode& child : n.children) collect_layers(child, out);
}

std::vector<const LayerNode*> layers_in_order(const LayerNode& tree) {
  std::vector<const LayerNode*> out;
  collect_layers(tree, out);
  return out;
}

// The lines of the graph's text that define the layer's nodes; a node with a body goes on to its closing brace.
std::string primitives_text(const std::vector<std::string>& statements, const LayerNode& layer) {
  std::string out;
  for (NodeId id : layer.nodes) out += statements[id];
  return out;
}

constexpr std::string_view kPageStyle = R"(
body { max-width: none; }
.sides { display: flex; gap: 32px; align-items: flex-start; flex-wrap: wrap; }
.sides > div { overflow-x: auto; max-width: 100%; }
details { margin: 2px 0; } summary { cursor: pointer; } details:target summary { background: var(--mark); }
svg a rect { cursor: pointer; } svg a:hover rect { stroke-width: 2; }
)";
constexpr std::string_view kOpenTarget = R"(<script>
function unfold() { const e = document.querySelector(location.hash || ".none"); if (e && e.open === false) e.open = true; }
addEventListener("hashchange", unfold); unfold();
</script>
)";

}  // namespace

std::string svg_of(const LayerNode& tree, bool links) {
  std::vector<const LayerNode*> layers = layers_in_order(tree);
  return Svg(layers, links).picture(draw(tree, true));
}

std::string html_of(const Graph& graph, const std::string& title) {
  LayerNode tree = layer_tree(graph);
  std::vector<std::string> statements = node_texts(graph);
  std::vector<const LayerNode*> layers = layers_in_order(tree);
  std::string body = fmt::format(
      "<h1>{}</h1>\n<p class=\"muted\">{} layers. A click on a layer unfolds it to its primitives.</p>\n"
      "<div class=\"sides\">\n<div>{}</div>\n<div>\n",
      escaped(title), layers.size(), svg_of(tree, true));
  for (size_t i = 0; i < layers.size(); ++i) {
    const LayerNode& n = *layers[i];
    std::string parameters =
        n.parameters.is(0) ? "" : fmt::format(", {} parameters", escaped(n.parameters.str()));
    body += fmt::format(
        "<details id=\"layer-{}\"><summary><code>{}</code> <span class=\"muted\">{}{}</span></summary>"
        "<pre>{}</pre></details>\n",
        i, escaped(n.path.empty() ? n.name : n.path), escaped(n.type), parameters,
        escaped(primitives_text(statements, n)));
  }
  body += "</div>\n</div>\n";
  return html_page(title, kPageStyle, body + std::string(kOpenTarget));
}

}  // namespace nnc::tool
