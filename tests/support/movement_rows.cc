// Leaves, movement, windows, gather and scatter_add.
#include <cmath>

#include "tests/support/op_rows.h"

namespace nnc::test {
namespace {

using Values = std::vector<Value>;
using D = Domain;

Dim sym(const char* name) { return Dim::symbol(name); }
std::vector<Bindings> sizes(const char* name, std::initializer_list<int64_t> values) {
  std::vector<Bindings> out;
  for (int64_t v : values) out.push_back({{name, v}});
  return out;
}

// Linear in its float operands: first-order gradients are exact, second order is zero and still has to build.
OpRow linear(std::string name, Op op, std::vector<Operand> operands, Build build) {
  OpRow row{std::move(name), op, std::move(operands), std::move(build), kAll};
  row.gradient_order = 2;
  return row;
}
OpRow with_sizes(OpRow row, std::vector<Bindings> bindings) {
  row.bindings = std::move(bindings);
  return row;
}
OpRow numbers(OpRow row) {
  row.dtypes = kNumbers;
  return row;
}

void add_leaves(std::vector<OpRow>& out) {
  Dim b = sym("B");
  out.push_back(
      linear("input/2x3", Op::Input, {{{2, 3}}}, [](Builder&, const Values& x) { return Values{x[0]}; }));
  out.push_back(linear("param/2x3", Op::Param, {{{2, 3}, D::Any, {}, {}, true}},
                       [](Builder&, const Values& x) { return Values{x[0]}; }));
  out.push_back(linear("param/times_input", Op::Param, {{{4, 3}}, {{3}, D::Any, {}, {}, true}},
                       [](Builder& g, const Values& x) { return Values{g.mul(x[0], x[1])}; }));
  out.back().dtypes = kNumbers;
  out.push_back(numbers(linear("constant/added", Op::Constant, {{{5}}}, [](Builder& g, const Values& x) {
    return Values{g.add(x[0], g.scalar(g.dtype(x[0]), 3))};
  })));
  auto iota = [](int64_t axis, Shape shape) {
    return [axis, shape](Builder& g, const Values& x) {
      return Values{g.add(g.iota({g.dtype(x[0]), shape}, axis), g.broadcast_to(x[0], shape))};
    };
  };
  out.push_back(numbers(linear("iota/axis0", Op::Iota, {{{}}}, iota(0, {5, 3}))));
  out.push_back(numbers(linear("iota/axis1", Op::Iota, {{{}}}, iota(1, {2, 33, 2}))));
  out.push_back(numbers(linear("iota/empty", Op::Iota, {{{}}}, iota(0, {0, 3}))));
  out.push_back(with_sizes(linear("extent/B", Op::Extent, {{{b, 2}}},
                                  [b](Builder& g, const Values& x) {
                                    Value n = g.cast(g.extent(b * 2), g.dtype(x[0]));
                                    return Values{g.mul(x[0], n), g.extent(b + 1)};
                                  }),
                           sizes("B", {1, 7})));
  out.back().dtypes = kNumbers;
}

void add_random(std::vector<OpRow>& out) {
  Dim b = sym("B");
  auto draw = [](Shape shape) {
    return [shape](Builder& g, const Values& x) {
      return Values{g.add(g.random("row", {g.dtype(x[2]), shape}, x[0], x[1]), g.broadcast_to(x[2], shape))};
    };
  };
  std::vector<Operand> operands{{{}, D::Any, DType::I64}, {{}, D::Any, DType::I64}, {{}, D::Zero}};
  for (auto& [name, shape] : std::vector<std::pair<std::string, Shape>>{
           {"random/scalar", {}}, {"random/0", {0}}, {"random/3x7", {3, 7}}, {"random/64", {64}}}) {
    out.push_back({name, Op::Random, operands, draw(shape), kFloats});
  }
  auto from_rows = [](Builder& g, const Values& x) {
    Value r = g.random("row", {g.dtype(x[2]), {6, 37}}, x[0], x[1]);
    return Values{g.add(g.reduce_max(r, {1}), g.broadcast_to(x[2], {6}))};
  };
  out.push_back(
      {"random/rows of 37", Op::Random, operands, from_rows, kFloats});  // most begin within a block
  auto turned = [](Builder& g, const Values& x) {
    Value r = g.random("row", {g.dtype(x[2]), {9, 33}}, x[0], x[1]);
    return Values{g.add(g.permute(r, {1, 0}), g.broadcast_to(x[2], {33, 9}))};
  };
  out.push_back({"random/turned", Op::Random, operands, turned, kFloats});
  out.push_back({"random/Bx5", Op::Random, operands, draw({b, 5}), kFloats, sizes("B", {1, 3, 16})});
  out.back().operands.push_back({{b}});
  out.back().build = [b](Builder& g, const Values& x) {
    Value r = g.random("row", {g.dtype(x[2]), {b, 5}}, x[0], x[1]);
    return Values{r, g.reshape(x[3], {b})};
  };
}

void add_reshape_permute(std::vector<OpRow>& out) {
  Dim b = sym("B");
  auto reshape = [](Shape to) {
    return [to](Builder& g, const Values& x) { return Values{g.reshape(x[0], to)}; };
  };
  auto permute = [](std::vector<int64_t> order) {
    return [order](Builder& g, const Values& x) { return Values{g.permute(x[0], order)}; };
  };
  out.push_back(linear("reshape/flatten", Op::Reshape, {{{2, 3, 5}}}, reshape({30})));
  out.push_back(linear("reshape/regroup", Op::Reshape, {{{6, 4}}}, reshape({3, 8})));
  out.push_back(linear("reshape/scalar", Op::Reshape, {{{1, 1}}}, reshape({})));
  out.push_back(linear("reshape/empty", Op::Reshape, {{{0, 4}}}, reshape({2, 0})));
  out.push_back(
      with_sizes(linear("reshape/B", Op::Reshape, {{{b, 4, 3}}}, reshape({b, 12})), sizes("B", {1, 5, 16})));
  out.push_back(linear("permute/transpose", Op::Permute, {{{5, 7}}}, permute({1, 0})));
  out.push_back(linear("permute/rotate", Op::Permute, {{{2, 3, 16}}}, permute({2, 0, 1})));
  out.push_back(linear("permute/inner", Op::Permute, {{{3, 4, 5, 2}}}, permute({0, 2, 1, 3})));
  out.push_back(linear("permute/empty", Op::Permute, {{{3, 0}}}, permute({1, 0})));
  out.push_back(
      with_sizes(linear("permute/B", Op::Permute, {{{b, 3}}}, permute({1, 0})), sizes("B", {1, 17})));
}

void add_broadcast_slice(std::vector<OpRow>& out) {
  Dim b = sym("B");
  auto broadcast = [](Shape to, std::vector<int64_t> axes) {
    return [=](Builder& g, const Values& x) { return Values{g.broadcast(x[0], to, axes)}; };
  };
  auto slice = [](Shape start, Shape size, std::vector<int64_t> stride) {
    return [=](Builder& g, const Values& x) { return Values{g.slice(x[0], start, size, stride)}; };
  };
  out.push_back(linear("broadcast/scalar", Op::Broadcast, {{{}}}, broadcast({3, 5}, {})));
  out.push_back(linear("broadcast/rows", Op::Broadcast, {{{7}}}, broadcast({4, 7}, {1})));
  out.push_back(linear("broadcast/columns", Op::Broadcast, {{{4}}}, broadcast({4, 33}, {0})));
  out.push_back(linear("broadcast/middle", Op::Broadcast, {{{2, 5}}}, broadcast({2, 3, 5}, {0, 2})));
  out.push_back(linear("broadcast/empty", Op::Broadcast, {{{3}}}, broadcast({0, 3}, {1})));
  out.push_back(with_sizes(linear("broadcast/B", Op::Broadcast, {{{6}}, {{b}}},
                                  [b](Builder& g, const Values& x) {
                                    return Values{g.broadcast(x[0], {b, 6}, {1}), x[1]};
                                  }),
                           sizes("B", {1, 3, 16})));
  out.push_back(linear("slice/range", Op::Slice, {{{10}}}, slice({2}, {5}, {1})));
  out.push_back(linear("slice/stride", Op::Slice, {{{7, 11}}}, slice({1, 0}, {3, 4}, {2, 3})));
  out.push_back(linear("slice/empty", Op::Slice, {{{5, 3}}}, slice({5, 1}, {0, 2}, {1, 1})));
  out.push_back(with_sizes(linear("slice/B", Op::Slice, {{{b, 9}}}, slice({0, 3}, {b, 4}, {1, 1})),
                           sizes("B", {1, 8})));
  out.push_back(
      with_sizes(linear("slice/last_of_B", Op::Slice, {{{b, 2}}}, slice({b - 1, 0}, {1, 2}, {1, 1})),
                 sizes("B", {1, 8})));
}

void add_pad_concat_reverse(std::vector<OpRow>& out) {
  Dim b = sym("B");
  auto pad = [](Shape low, Shape high, std::vector<int64_t> interior, double value) {
    return [=](Builder& g, const Values& x) {
      return Values{g.pad(x[0], low, high, interior, Literal::from_double(g.dtype(x[0]), value))};
    };
  };
  auto concat = [](int64_t axis) {
    return [axis](Builder& g, const Values& x) { return Values{g.concat(x, axis)}; };
  };
  auto reverse = [](std::vector<int64_t> axes) {
    return [axes](Builder& g, const Values& x) { return Values{g.reverse(x[0], axes)}; };
  };
  out.push_back(linear("pad/border", Op::Pad, {{{3, 4}}}, pad({1, 2}, {2, 1}, {0, 0}, 0)));
  out.push_back(linear("pad/interior", Op::Pad, {{{5}}}, pad({0}, {3}, {2}, 1)));
  out.push_back(linear("pad/minus_infinity", Op::Pad, {{{2, 3}}}, pad({1, 0}, {0, 1}, {0, 1}, -INFINITY)));
  out.back().gradient_order = 0;
  out.push_back(linear("pad/empty", Op::Pad, {{{0, 2}}}, pad({2, 1}, {1, 0}, {0, 0}, 1)));
  out.push_back(
      with_sizes(linear("pad/B", Op::Pad, {{{b, 3}}}, pad({0, 1}, {0, 1}, {0, 0}, 0)), sizes("B", {1, 9})));
  out.push_back(linear("concat/rows", Op::Concat, {{{2, 3}}, {{5, 3}}}, concat(0)));
  out.push_back(linear("concat/columns", Op::Concat, {{{4, 3}}, {{4, 16}}, {{4, 1}}}, concat(1)));
  out.push_back(linear("concat/with_empty", Op::Concat, {{{2}}, {{0}}, {{3}}}, concat(0)));
  out.push_back(
      with_sizes(linear("concat/B", Op::Concat, {{{b, 3}}, {{b, 2}}}, concat(1)), sizes("B", {1, 6})));
  out.push_back(linear("reverse/inner", Op::Reverse, {{{3, 7}}}, reverse({1})));
  out.push_back(linear("reverse/all", Op::Reverse, {{{3, 2, 16}}}, reverse({0, 1, 2})));
  out.push_back(linear("reverse/empty", Op::Reverse, {{{0, 3}}}, reverse({0, 1})));
  out.push_back(with_sizes(linear("reverse/B", Op::Reverse, {{{b, 3}}}, reverse({0})), sizes("B", {1, 6})));
}

// window and its adjoint on the same geometry.
void add_window(std::vector<OpRow>& out, const std::string& name, Shape shape,
                std::vector<WindowAxis> windows, std::vector<Bindings> bindings = {{}}) {
  out.push_back(
      with_sizes(linear("window/" + name, Op::Window, {{shape}},
                        [=](Builder& g, const Values& x) { return Values{g.window(x[0], windows)}; }),
                 bindings));
  Shape windowed = infer(Op::Window, WindowAttrs{windows}, std::vector{Type{DType::F32, shape}})[0].shape;
  out.push_back(with_sizes(
      numbers(linear("unwindow/" + name, Op::Unwindow, {{windowed}},
                     [=](Builder& g, const Values& x) { return Values{g.unwindow(x[0], windows, shape)}; })),
      bindings));
  out.back().tolerance = {8, true};
}

void add_windows(std::vector<OpRow>& out) {
  add_window(out, "1d", {8}, {{0, 3}});
  add_window(out, "strided", {2, 11}, {{1, 3, 2}});
  add_window(out, "gaps", {10}, {{0, 2, 4}});
  add_window(out, "dilated", {11, 2}, {{0, 3, 1, 3}});
  add_window(out, "2d", {2, 3, 6, 7}, {{2, 3, 2, 1}, {3, 2, 1, 2}});
  add_window(out, "whole", {5, 4}, {{0, 5}});
  add_window(out, "batch", {Dim::symbol("B"), 6, 6}, {{1, 3}, {2, 3}}, sizes("B", {1, 4}));
  add_window(out, "over_B", {Dim::symbol("B")}, {{0, 3}}, sizes("B", {3, 16}));
}

void add_gather(std::vector<OpRow>& out, const std::string& name, Shape data, Shape indices, int64_t axis,
                Domain domain = D::Index, DType index_type = DType::I32,
                std::vector<Bindings> bindings = {{}}) {
  OpRow gather = linear("gather/" + name, Op::Gather, {{data}, {indices, domain, index_type, data[axis]}},
                        [=](Builder& g, const Values& x) { return Values{g.gather(x[0], x[1], axis)}; });
  gather.bindings = bindings;
  gather.faults = domain == D::WildIndex;
  out.push_back(gather);
  Shape updates =
      infer(Op::Gather, AxisAttrs{axis}, std::vector{Type{DType::F32, data}, Type{index_type, indices}})[0]
          .shape;
  OpRow scatter = numbers(linear(
      "scatter_add/" + name, Op::ScatterAdd, {{data}, {indices, domain, index_type, data[axis]}, {updates}},
      [=](Builder& g, const Values& x) { return Values{g.scatter_add(x[0], x[1], x[2], axis)}; }));
  scatter.bindings = bindings;
  scatter.faults = gather.faults;
  scatter.tolerance = {8, true};
  out.push_back(scatter);
}

void add_indexing(std::vector<OpRow>& out) {
  Dim b = sym("B");
  add_gather(out, "rows", {7, 5}, {4}, 0);
  add_gather(out, "embedding", {11, 16}, {3, 5}, 0);
  add_gather(out, "columns", {3, 6, 2}, {9}, 1);
  add_gather(out, "scalar_index", {5, 3}, {}, 0, D::Index, DType::I64);
  add_gather(out, "repeated", {2, 3}, {40}, 0, D::Index, DType::U8);
  add_gather(out, "none", {5, 3}, {0}, 0);
  add_gather(out, "B", {9, 4}, {b}, 0, D::Index, DType::I32, sizes("B", {1, 16, 33}));
  add_gather(out, "out_of_range", {6, 3}, {50}, 0, D::WildIndex);
}

}  // namespace

std::vector<OpRow> movement_rows() {
  std::vector<OpRow> out;
  add_leaves(out);
  add_random(out);
  add_reshape_permute(out);
  add_broadcast_slice(out);
  add_pad_concat_reverse(out);
  add_windows(out);
  add_indexing(out);
  return out;
}

}  // namespace nnc::test
