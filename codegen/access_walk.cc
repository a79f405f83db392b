#include "codegen/access_walk.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "codegen/monoid.h"

namespace nnc {
namespace {

// Far above the numbers of a kernel's own variables.
constexpr int kFirstInnerVariable = 1 << 20;
constexpr int kFirstLoopVariable = 1 << 21;

class Walk {
 public:
  Walk(const Graph& body, const std::vector<Value>& known)
      : body_(body), known_(known.begin(), known.end()) {}

  void visit(Value v, const AccessMap& map) {
    if (known_.contains(v) || !seen_.insert(fmt::format("{}.{} {}", v.node, v.index, map.str())).second)
      return;
    const Node& n = body_.node(v);
    switch (info(n.op).op_class) {
      case OpClass::Leaf:
        if (n.op == Op::Input) leaf(v, map, linearize(map.index, n.results[0].shape));
        if (n.op == Op::Iota) leaf(v, map, map.index[static_cast<size_t>(n.as<IotaAttrs>().axis)]);
        return;
      case OpClass::Random:
        return random(v, n, map);
      case OpClass::Unary:
      case OpClass::Binary:
      case OpClass::Ternary:
        for (Value operand : n.operands) visit(operand, map);
        return;
      case OpClass::Movement:
        return view(n, map);
      case OpClass::Concat:
        return concat(n, map);
      case OpClass::Window:
        return n.op == Op::Window ? view(n, map) : unwindow(n, map);
      case OpClass::Index:
        if (n.op == Op::Gather) gather(n, map);
        return;
      case OpClass::Reduce:
        return fold(n, map);
      case OpClass::Dot:
      case OpClass::Control:
      case OpClass::Structure:
        return;
    }
  }

  std::vector<LeafAccess> found;

 private:
  IndexExpr fresh(const Dim& extent) { return IndexExpr::variable(next_++, extent); }
  void leaf(Value v, const AccessMap& map, IndexExpr offset) { found.push_back({v, map, std::move(offset)}); }
  const Shape& shape(Value v) const { return body_.type(v).shape; }

  void view(const Node& n, const AccessMap& map) {
    visit(n.operands[0], through_view(n, shape(n.operands[0]), map));
  }

  void random(Value v, const Node& n, const AccessMap& map) {
    leaf(v, map, linearize(map.index, n.results[0].shape));
    for (Value operand : n.operands) visit(operand, {});
  }

  void concat(const Node& n, const AccessMap& map) {
    int64_t axis = n.as<AxisAttrs>().axis;
    Dim start = 0;
    for (Value operand : n.operands) {
      const Dim& extent = shape(operand)[static_cast<size_t>(axis)];
      visit(operand, through_concat(start, extent, axis, map));
      start = start + extent;
    }
  }

  void unwindow(const Node& n, const AccessMap& map) {
    const UnwindowAttrs& a = n.as<UnwindowAttrs>();
    std::vector<IndexExpr> tap;
    for (const WindowAxis& w : a.windows) tap.push_back(fresh(w.size));
    visit(n.operands[0], through_unwindow(a, shape(n.operands[0]), tap, map));
  }

  void gather(const Node& n, const AccessMap& map) {
    auto axis = n.as<AxisAttrs>().axis;
    auto count = body_.type(n.operands[1]).rank();
    auto begin = map.index.begin() + axis, end = begin + count;
    visit(n.operands[1], {{begin, end}, map.guards});
    AccessMap data{{map.index.begin(), begin}, map.guards};
    data.index.push_back(fresh(shape(n.operands[0])[static_cast<size_t>(axis)]));
    data.index.insert(data.index.end(), end, map.index.end());
    visit(n.operands[0], data);
  }

  void fold(const Node& n, const AccessMap& map) {
    const Shape& from = shape(n.operands[0]);
    std::vector<int64_t> axes = fold_axes(n);
    AccessMap inner{{}, map.guards};
    size_t kept = 0;
    for (size_t i = 0; i < from.size(); ++i) {
      bool folded = std::binary_search(axes.begin(), axes.end(), static_cast<int64_t>(i));
      inner.index.push_back(folded ? fresh(from[i]) : map.index[kept++]);
    }
    for (Value operand : n.operands) visit(operand, inner);
  }

  const Graph& body_;
  std::set<Value> known_;
  std::set<std::string> seen_;
  int next_ = kFirstInnerVariable;
};

// Accesses that need a division, over the loops of the space.
size_t divisions(const Graph& body, const LoopSpace& space, const RootsAt& roots) {
  std::vector<IndexExpr> loops;
  for (size_t i = 0; i < space.groups.size(); ++i) {
    loops.push_back(IndexExpr::variable(kFirstLoopVariable + static_cast<int>(i), space.extent(i)));
  }
  std::vector<LeafAccess> found = leaf_accesses(body, roots(space.coordinates(loops)));
  auto divides = [](const LeafAccess& a) {
    return a.offset.has_division() || AccessMap{{}, a.map.guards}.has_division();
  };
  return static_cast<size_t>(std::count_if(found.begin(), found.end(), divides));
}

LoopSpace merged(const LoopSpace& space, size_t first) {
  LoopSpace out = space;
  Shape& into = out.groups[first];
  into.insert(into.end(), space.groups[first + 1].begin(), space.groups[first + 1].end());
  out.groups.erase(out.groups.begin() + static_cast<ptrdiff_t>(first) + 1);
  out.labels.erase(out.labels.begin() + static_cast<ptrdiff_t>(first) + 1);
  return out;
}

LoopSpace merge_all(LoopSpace space) {
  for (size_t i = space.groups.size(); i-- > 1;) {
    if (space.labels[i - 1] == space.labels[i]) space = merged(space, i - 1);
  }
  return space;
}

}  // namespace

std::vector<LeafAccess> leaf_accesses(const Graph& body, const std::vector<Root>& roots,
                                      const std::vector<Value>& known) {
  Walk walk(body, known);
  for (const Root& root : roots) walk.visit(root.value, root.map);
  return std::move(walk.found);
}

std::vector<IndexExpr> LoopSpace::coordinates(const std::vector<IndexExpr>& loops) const {
  std::vector<IndexExpr> out;
  for (size_t i = 0; i < groups.size(); ++i) {
    std::vector<IndexExpr> axes = delinearize(loops[i], groups[i]);
    out.insert(out.end(), axes.begin(), axes.end());
  }
  return out;
}

LoopSpace collapse(const Graph& body, const Shape& shape, const std::vector<int>& labels,
                   const RootsAt& roots) {
  LoopSpace space;
  for (size_t i = 0; i < shape.size(); ++i) {
    space.groups.push_back({shape[i]});
    space.labels.push_back(labels[i]);
  }
  if (space.groups.size() < 2) return space;
  size_t allowed = divisions(body, space, roots);
  LoopSpace flat = merge_all(space);
  if (divisions(body, flat, roots) <= allowed) return flat;
  for (size_t i = space.groups.size(); i-- > 1;) {
    if (space.labels[i - 1] != space.labels[i]) continue;
    LoopSpace trial = merged(space, i - 1);
    if (divisions(body, trial, roots) <= allowed) space = std::move(trial);
  }
  return space;
}

}  // namespace nnc
