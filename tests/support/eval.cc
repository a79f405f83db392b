#include "tests/support/eval.h"

#include <ostream>

#include <fmt/format.h>

namespace nnc::test {

Type type_of(const Tensor& t) { return {t.dtype(), Shape(t.shape().begin(), t.shape().end())}; }

Graph graph_of(const std::vector<Type>& types, const Build& build) {
  Graph g;
  Builder b(g);
  std::vector<Value> inputs;
  for (const Type& t : types) inputs.push_back(b.input(fmt::format("x{}", inputs.size()), t));
  size_t n = 0;
  for (Value v : build(b, inputs)) g.add_output({fmt::format("y{}", n++), v});
  return g;
}

NamedTensors named(const std::vector<Tensor>& inputs) {
  NamedTensors out;
  for (size_t i = 0; i < inputs.size(); ++i) out.emplace(fmt::format("x{}", i), inputs[i]);
  return out;
}

std::vector<Tensor> eval_all(const std::vector<Tensor>& inputs, const Build& build,
                             const InterpretOptions& options) {
  std::vector<Type> types;
  for (const Tensor& t : inputs) types.push_back(type_of(t));
  return interpret(graph_of(types, build), named(inputs), {}, options);
}

Tensor eval(const std::vector<Tensor>& inputs,
            const std::function<Value(Builder&, const std::vector<Value>&)>& build,
            const InterpretOptions& options) {
  return eval_all(
      inputs, [&](Builder& b, const std::vector<Value>& x) { return std::vector{build(b, x)}; }, options)[0];
}

Tensor f32(std::vector<int64_t> shape, std::initializer_list<double> values) {
  return Tensor::from(DType::F32, std::move(shape), values);
}
Tensor f64(std::vector<int64_t> shape, std::initializer_list<double> values) {
  return Tensor::from(DType::F64, std::move(shape), values);
}
Tensor i32(std::vector<int64_t> shape, std::initializer_list<double> values) {
  return Tensor::from(DType::I32, std::move(shape), values);
}

Tensor counting(DType dtype, std::vector<int64_t> shape) {
  Tensor out(dtype, std::move(shape));
  for (int64_t i = 0; i < out.count(); ++i) out.set_int(i, i);
  return out;
}

std::string describe(const Tensor& t) {
  std::string out = t.type_str() + ":";
  for (int64_t i = 0; i < std::min<int64_t>(t.count(), 40); ++i) out += " " + t.literal(i).str();
  return out + (t.count() > 40 ? " ..." : "");
}

}  // namespace nnc::test

namespace nnc {
void PrintTo(const Tensor& t, std::ostream* os) { *os << test::describe(t); }
}  // namespace nnc
