// Scans and regions: ops with a body.
#include "tests/support/op_rows.h"

namespace nnc::test {
namespace {

using Values = std::vector<Value>;

std::shared_ptr<const Graph> body_of(const std::vector<Type>& inputs, const Build& build) {
  return std::make_shared<Graph>(graph_of(inputs, build));
}

// A running sum: one carry, one scanned value, the carry yielded.
Build running_sum(Dim length, Shape element, bool reverse) {
  return [=](Builder& b, const Values& x) {
    Type t{b.dtype(x[0]), element};
    auto body = body_of({t, t}, [](Builder& g, const Values& v) {
      Value next = g.add(v[0], v[1]);
      return Values{next, next};
    });
    return b.scan({1, 1, length, reverse, {body}}, x);
  };
}

// h' = tanh(h w + x), with w only read: operands h, x, w.
Build recurrent(Dim batch, Dim length, int64_t width, bool reverse) {
  return [=](Builder& b, const Values& x) {
    DType t = b.dtype(x[0]);
    auto body = body_of({{t, {batch, width}}, {t, {batch, width}}, {t, {width, width}}},
                        [](Builder& g, const Values& v) {
                          Value h = g.unary(Op::Tanh, g.add(g.contract(v[0], v[2], 1, 0), v[1]));
                          return Values{h, g.mul(h, h)};
                        });
    return b.scan({1, 1, length, reverse, {body}}, x);
  };
}

// An LSTM cell: carries h and c, scans the products of the input, reads the recurrent weights. Gates i f g o.
Build lstm(Dim batch, Dim length, int64_t width) {
  return [=](Builder& b, const Values& x) {
    DType t = b.dtype(x[0]);
    Type state{t, {batch, width}};
    auto body = body_of({state, state, {t, {batch, 4 * width}}, {t, {width, 4 * width}}},
                        [width](Builder& g, const Values& v) {
                          Value gates = g.add(g.contract(v[0], v[3], 1, 0), v[2]);
                          auto gate = [&](int64_t i) { return g.slice_axis(gates, 1, i * width, width); };
                          auto sigmoid = [&](Value z) {
                            Value half = g.scalar(g.dtype(z), 0.5);
                            return g.add(g.mul(g.unary(Op::Tanh, g.mul(z, half)), half), half);
                          };
                          Value c = g.add(g.mul(sigmoid(gate(1)), v[1]),
                                          g.mul(sigmoid(gate(0)), g.unary(Op::Tanh, gate(2))));
                          Value h = g.mul(sigmoid(gate(3)), g.unary(Op::Tanh, c));
                          return Values{h, c, h};
                        });
    return b.scan({2, 1, length, false, {body}}, x);
  };
}

void add_scans(std::vector<OpRow>& out) {
  Dim b = Dim::symbol("B"), t = Dim::symbol("T");
  auto add = [&](std::string name, std::vector<Operand> operands, Build build, std::vector<DType> dtypes,
                 double ulps, std::vector<Bindings> bindings = {{}}) {
    OpRow row{"scan/" + name,   Op::Scan,          std::move(operands),
              std::move(build), std::move(dtypes), std::move(bindings)};
    row.tolerance = {ulps, true};
    row.gradient_order = 2;
    out.push_back(std::move(row));
  };
  add("sum", {{{3}}, {{5, 3}}}, running_sum(5, {3}, false), kNumbers, 8);
  add("sum_reversed", {{{3}}, {{5, 3}}}, running_sum(5, {3}, true), kNumbers, 8);
  add("no_steps", {{{3}}, {{0, 3}}}, running_sum(0, {3}, false), kNumbers, 8);
  add("scalar_carry", {{{}}, {{17}}}, running_sum(17, {}, false), kNumbers, 16);
  add("recurrent", {{{2, 4}}, {{6, 2, 4}}, {{4, 4}}}, recurrent(2, 6, 4, false), kFloats, 64);
  add("recurrent_reversed", {{{2, 4}}, {{6, 2, 4}}, {{4, 4}}}, recurrent(2, 6, 4, true), kFloats, 64);
  std::vector<Bindings> sizes{{{"B", 1}, {"T", 1}}, {{"B", 3}, {"T", 5}}, {{"B", 2}, {"T", 0}}};
  add("lstm", {{{b, 5}}, {{b, 5}}, {{t, b, 20}}, {{5, 20}}}, lstm(b, t, 5), kFloats, 64, sizes);
}

void add_regions(std::vector<OpRow>& out) {
  Shape shape{Dim::symbol("B"), 7};
  OpRow row{"region/pointwise", Op::Region, {{shape}, {shape}}, {}, kFloats, {{{"B", 1}}, {{"B", 16}}}};
  row.build = [shape](Builder& b, const Values& x) {
    Type t{b.dtype(x[0]), shape};
    auto body = body_of({t, t}, [](Builder& g, const Values& v) {
      Value sum = g.add(v[0], v[1]);
      return Values{g.exp(sum), g.mul(sum, v[0])};
    });
    return b.add_node(Op::Region, RegionAttrs{KernelKind::Pointwise, "pair", {body}}, x);
  };
  row.tolerance = {8};
  out.push_back(row);
}

}  // namespace

std::vector<OpRow> structure_rows() {
  std::vector<OpRow> out;
  add_scans(out);
  add_regions(out);
  return out;
}

}  // namespace nnc::test
