#include "tests/passes/lstm.h"

#include "tests/passes/directional.h"

namespace nnc::test {

std::vector<Value> lstm(Builder& b, const std::vector<Value>& v) {
  Shape hidden = b.shape(v[1]);
  Graph body("lstm");
  Builder s(body);
  Value h = s.input("h", b.type(v[1])), c = s.input("c", b.type(v[2]));
  Value x = s.input("x", {DType::F64, {b.shape(v[0])[1], b.shape(v[0])[2]}});
  Value w = s.input("w", b.type(v[3])), bias = s.input("bias", b.type(v[4]));
  Value z = s.add(s.contract(s.concat({x, h}, 1), w, 1, 0), bias);
  auto gate = [&](int64_t k) { return s.slice_axis(z, 1, hidden[1] * Dim(k), hidden[1]); };
  auto sigmoid = [&](Value u) {
    Value half = s.scalar(DType::F64, 0.5);
    return s.add(s.mul(s.unary(Op::Tanh, s.mul(u, half)), half), half);
  };
  c = s.add(s.mul(sigmoid(gate(1)), c), s.mul(sigmoid(gate(0)), s.unary(Op::Tanh, gate(2))));
  h = s.mul(sigmoid(gate(3)), s.unary(Op::Tanh, c));
  body.add_output({"h", h});
  body.add_output({"c", c});
  body.add_output({"hs", h});
  ScanAttrs attrs{2, 1, b.shape(v[0])[0], false, {std::make_shared<const Graph>(body)}};
  return b.scan(attrs, {v[1], v[2], v[0], v[3], v[4]});
}

std::vector<Tensor> lstm_inputs() {
  return {uniform({4, 2, 3}, 1), uniform({2, 2}, 2), uniform({2, 2}, 3), uniform({5, 8}, 4), uniform({8}, 5)};
}

}  // namespace nnc::test
