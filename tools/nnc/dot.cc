// Layers as Graphviz text.
#include <fmt/format.h>

#include "tools/nnc/picture.h"

namespace nnc::tool {
namespace {

std::string quoted(const std::string& text) {
  std::string out;
  for (char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

const char* shape_of(LayerKind kind) { return kind == LayerKind::Layer ? "box" : "ellipse"; }

std::string boxes(const LayerNode& n, const std::string& id, const std::string& indent) {
  if (n.kind != LayerKind::Cluster) {
    return fmt::format("{}{} [label=\"{}\\n{}\", shape={}];\n", indent, id, quoted(n.name), quoted(n.type),
                       shape_of(n.kind));
  }
  std::string out =
      fmt::format("{0}subgraph cluster_{1} {{\n{0}  label=\"{2}\";\n", indent, id, quoted(n.name));
  for (size_t i = 0; i < n.children.size(); ++i)
    out += boxes(n.children[i], fmt::format("{}_{}", id, i), indent + "  ");
  return out + indent + "}\n";
}

// An edge at a cluster's border goes on to the layers behind it.
void ends_of(const LayerNode& n, const std::string& id, bool entry, std::vector<std::string>& out) {
  if (n.kind != LayerKind::Cluster) {
    out.push_back(id);
    return;
  }
  for (auto [from, to] : n.edges) {
    int inner = entry ? to : from;
    if ((entry ? from : to) != kOutside || inner == kOutside) continue;
    ends_of(n.children[inner], fmt::format("{}_{}", id, inner), entry, out);
  }
}

void edges(const LayerNode& n, const std::string& id, std::string& out) {
  for (auto [from, to] : n.edges) {
    if (from == kOutside || to == kOutside) continue;
    std::vector<std::string> begins, ends;
    ends_of(n.children[from], fmt::format("{}_{}", id, from), false, begins);
    ends_of(n.children[to], fmt::format("{}_{}", id, to), true, ends);
    for (const std::string& b : begins) {
      for (const std::string& e : ends) out += fmt::format("  {} -> {};\n", b, e);
    }
  }
  for (size_t i = 0; i < n.children.size(); ++i) edges(n.children[i], fmt::format("{}_{}", id, i), out);
}

}  // namespace

std::string dot_of(const LayerNode& tree, const std::string& name) {
  std::string out = fmt::format("digraph \"{}\" {{\n", quoted(name));
  for (size_t i = 0; i < tree.children.size(); ++i)
    out += boxes(tree.children[i], fmt::format("n_{}", i), "  ");
  edges(tree, "n", out);
  return out + "}\n";
}

}  // namespace nnc::tool
