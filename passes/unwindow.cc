// Finding the contraction under an unwindow, and one contraction for each phase.
#include "passes/unwindow.h"

#include <algorithm>
#include <numeric>
#include <optional>

#include "passes/gradient_rules.h"
#include "passes/rewrite.h"

namespace nnc {
namespace {

using Axes = std::vector<int64_t>;

// One windowed axis of an unwindow whose operand is a dot: where its positions and taps come from.
struct Axis {
  WindowAxis window;
  Dim extent, positions;
  int64_t data_axis, tap_axis;  // of the operands of the dot
};

// The dot under an unwindow. `order` names the axis of its result that each axis of the unwindow's operand is.
struct Match {
  Node dot;
  Axes order;
  size_t data_side;
  std::vector<Axis> axes;
};

struct Origin {
  size_t side;
  int64_t axis;
};

// Where an axis of a dot's result comes from; nothing for a batch axis, which comes from both.
std::optional<Origin> origin(Builder& b, const Node& dot, int64_t axis) {
  const auto& a = dot.as<DotAttrs>();
  axis -= static_cast<int64_t>(a.lhs_batch.size());
  if (axis < 0) return std::nullopt;
  for (size_t side : {0, 1}) {
    Axes used = side == 0 ? a.lhs_batch : a.rhs_batch;
    const Axes& contract = side == 0 ? a.lhs_contract : a.rhs_contract;
    used.insert(used.end(), contract.begin(), contract.end());
    Axes free = other_axes(b.type(dot.operands[side]).rank(), used);
    if (axis < static_cast<int64_t>(free.size())) return Origin{side, free[axis]};
    axis -= static_cast<int64_t>(free.size());
  }
  return std::nullopt;
}

// All positions must come from one operand and all taps from the other.
std::optional<Match> find(Builder& b, const Node& n) {
  const auto& a = n.as<UnwindowAttrs>();
  Match m;
  m.order.resize(b.shape(n.operands[0]).size());
  std::iota(m.order.begin(), m.order.end(), 0);
  m.dot = b.graph().node(n.operands[0]);
  if (m.dot.op == Op::Permute) {
    m.order = m.dot.as<PermuteAttrs>().order;
    m.dot = Node(b.graph().node(m.dot.operands[0]));
  }
  if (m.dot.op != Op::Dot) return std::nullopt;
  for (size_t i = 0; i < a.windows.size(); ++i) {
    const WindowAxis& w = a.windows[i];
    auto data = origin(b, m.dot, m.order[w.axis]), tap = origin(b, m.dot, m.order[a.shape.size() + i]);
    if (!data || !tap || data->side == tap->side || (i > 0 && data->side != m.data_side)) return std::nullopt;
    m.data_side = data->side;
    m.axes.push_back({w, a.shape[w.axis], b.shape(n.operands[0])[w.axis], data->axis, tap->axis});
  }
  return m;
}

// The results p = q s + r of an axis: they sum `count` taps first, first + step, ..., and read the data `spacing`
// apart in the opposite order, from place q + begin on.
struct Phase {
  int64_t first = 0, step = 1, count = 0, spacing = 1, begin = 0;
  Dim results;
};

Phase phase_of(const Axis& axis, int64_t r) {
  const WindowAxis& w = axis.window;
  int64_t common = std::gcd(w.stride, w.dilation);
  Phase p;
  p.step = w.stride / common;
  p.spacing = w.dilation / common;
  while (p.first < w.size && (r - p.first * w.dilation) % w.stride != 0) ++p.first;
  if (p.first < w.size) p.count = (w.size - 1 - p.first) / p.step + 1;
  p.begin = (r - p.first * w.dilation) / w.stride - (p.count - 1) * p.spacing;
  p.results = w.stride == 1 ? axis.extent : Dim((axis.extent.value() + w.stride - 1) / w.stride);
  return p;
}

// [begin, begin + size) of an axis, zeros where it reaches outside. A symbolic extent has stride 1, where what is
// wanted always covers the data.
Value cut(Builder& b, Value v, int64_t axis, int64_t begin, const Dim& size) {
  Dim extent = b.shape(v)[axis], low = std::max<int64_t>(0, -begin), skip = std::max<int64_t>(0, begin);
  Dim rest = Dim(begin) + size - extent, high = rest;
  if (rest.is_constant()) high = std::max<int64_t>(0, rest.value());
  Dim kept = size - low - high;
  if (kept.is_constant() && kept.value() <= 0) skip = 0, kept = 0, low = size, high = 0;
  size_t rank = b.shape(v).size();
  Shape before(rank), after(rank);
  before[axis] = low;
  after[axis] = high;
  return b.pad(b.slice_axis(v, axis, skip, kept), before, after, Axes(rank, 0),
               Literal::from_double(b.dtype(v), 0));
}

Value flipped_taps(Builder& b, Value w, const std::vector<Axis>& axes, const std::vector<Phase>& phases) {
  Shape start(b.shape(w).size()), size = b.shape(w);
  Axes stride(size.size(), 1), flipped;
  for (size_t i = 0; i < axes.size(); ++i) {
    start[axes[i].tap_axis] = phases[i].first;
    size[axes[i].tap_axis] = phases[i].count;
    stride[axes[i].tap_axis] = phases[i].step;
    if (phases[i].count > 1) flipped.push_back(axes[i].tap_axis);
  }
  std::sort(flipped.begin(), flipped.end());
  return b.reverse(b.slice(w, start, size, stride), flipped);
}

// Windows of the data; the new last axes are those of `axes`, by data axis.
Value windows_of_data(Builder& b, Value v, const std::vector<Axis>& axes, const std::vector<Phase>& phases) {
  std::vector<WindowAxis> windows;
  for (size_t i = 0; i < axes.size(); ++i) {
    const Phase& p = phases[i];
    v = cut(b, v, axes[i].data_axis, p.begin, p.results + Dim((p.count - 1) * p.spacing));
    windows.push_back({axes[i].data_axis, p.count, 1, p.spacing});
  }
  return b.window(v, windows);
}

class GatherForm {
 public:
  GatherForm(Builder& b, Match match) : b_(b), m_(std::move(match)), by_place_(m_.axes) {
    std::sort(by_place_.begin(), by_place_.end(),
              [](const Axis& x, const Axis& y) { return x.data_axis < y.data_axis; });
  }

  // The result over the axes from `next` on interleaved, those before at the chosen phases.
  Value build(std::vector<Phase> chosen = {}) {
    if (chosen.size() == by_place_.size()) return contraction(chosen);
    const Axis& axis = by_place_[chosen.size()];
    std::vector<Value> parts;
    for (int64_t r = 0; r < axis.window.stride; ++r) {
      std::vector<Phase> with = chosen;
      with.push_back(phase_of(axis, r));
      parts.push_back(build(std::move(with)));
    }
    return interleave(parts, axis);
  }

 private:
  Value contraction(const std::vector<Phase>& phases) {
    bool none = std::any_of(phases.begin(), phases.end(), [](const Phase& p) { return p.count == 0; });
    if (none) return b_.full(m_.dot.results[0].dtype, result_shape(phases), 0);
    Value data = m_.dot.operands[m_.data_side], taps = m_.dot.operands[1 - m_.data_side];
    int64_t rank = b_.type(data).rank();
    data = windows_of_data(b_, data, by_place_, phases);
    taps = flipped_taps(b_, taps, by_place_, phases);
    DotAttrs a = m_.dot.as<DotAttrs>();
    Axes& data_contract = m_.data_side == 0 ? a.lhs_contract : a.rhs_contract;
    Axes& tap_contract = m_.data_side == 0 ? a.rhs_contract : a.lhs_contract;
    for (size_t i = 0; i < by_place_.size(); ++i) {
      data_contract.push_back(rank + static_cast<int64_t>(i));
      tap_contract.push_back(by_place_[i].tap_axis);
    }
    Value out = m_.data_side == 0 ? b_.dot(data, taps, a) : b_.dot(taps, data, a);
    return b_.permute(out, order_without_taps());
  }

  // The order of the unwindow's operand over the result of a dot that no longer has the tap axes.
  Axes order_without_taps() const {
    size_t kept = m_.order.size() - m_.axes.size();
    Axes taps(m_.order.begin() + static_cast<ptrdiff_t>(kept), m_.order.end()), out;
    for (size_t i = 0; i < kept; ++i) {
      auto before = std::count_if(taps.begin(), taps.end(), [&](int64_t t) { return t < m_.order[i]; });
      out.push_back(m_.order[i] - before);
    }
    return out;
  }

  Shape result_shape(const std::vector<Phase>& phases) const {
    Shape out;
    for (size_t i = 0; i + m_.axes.size() < m_.order.size(); ++i)
      out.push_back(m_.dot.results[0].shape[m_.order[i]]);
    for (size_t i = 0; i < phases.size(); ++i) out[by_place_[i].window.axis] = phases[i].results;
    return out;
  }

  // Element q s + r of the axis is element q of part r.
  Value interleave(const std::vector<Value>& parts, const Axis& axis) {
    if (parts.size() == 1) return parts[0];
    int64_t at = axis.window.axis;
    Shape with_phase = b_.shape(parts[0]), merged = with_phase;
    with_phase.insert(with_phase.begin() + at + 1, Dim(1));
    merged[at] = merged[at] * Dim(axis.window.stride);
    std::vector<Value> columns;
    for (Value part : parts) columns.push_back(b_.reshape(part, with_phase));
    return b_.slice_axis(b_.reshape(b_.concat(columns, at + 1), merged), at, 0, axis.extent);
  }

  Builder& b_;
  Match m_;
  std::vector<Axis> by_place_;  // in the order of the data's axes
};

}  // namespace

Value gather_form(Builder& b, const Node& n) {
  std::optional<Match> m = find(b, n);
  return m ? GatherForm(b, std::move(*m)).build() : Value{};
}

Graph gather_unwindows(const Graph& source) {
  auto emit = [](Builder& b, const Node& n, const std::vector<Value>& operands) -> std::vector<Value> {
    if (n.op != Op::Unwindow) return {};
    Node mapped = n;
    mapped.operands = operands;
    Value out = gather_form(b, mapped);
    return out.valid() ? std::vector<Value>{out} : std::vector<Value>{};
  };
  return eliminate_dead_code(rebuild(source, emit, Bodies::Visit));
}

}  // namespace nnc
