// Builds a small graph over given tensors and interprets it: the shortest way to ask what an op does.
#pragma once

#include <functional>
#include <vector>

#include "ir/builder.h"
#include "ir/interpreter.h"

namespace nnc::test {

using Build = std::function<std::vector<Value>(Builder&, const std::vector<Value>&)>;

/// The type of a tensor: every extent a number.
Type type_of(const Tensor& t);
/// A graph whose inputs x0, x1, ... have `types` and whose outputs y0, y1, ... are what `build` returns.
Graph graph_of(const std::vector<Type>& types, const Build& build);
/// `inputs` under the names x0, x1, ...
NamedTensors named(const std::vector<Tensor>& inputs);
std::vector<Tensor> eval_all(const std::vector<Tensor>& inputs, const Build& build,
                             const InterpretOptions& options = {});
/// The first result.
Tensor eval(const std::vector<Tensor>& inputs,
            const std::function<Value(Builder&, const std::vector<Value>&)>& build,
            const InterpretOptions& options = {});

Tensor f32(std::vector<int64_t> shape, std::initializer_list<double> values);
Tensor f64(std::vector<int64_t> shape, std::initializer_list<double> values);
Tensor i32(std::vector<int64_t> shape, std::initializer_list<double> values);
/// 0, 1, 2, ... in row-major order.
Tensor counting(DType dtype, std::vector<int64_t> shape);

/// "f32[2]: 1.0 nan", for messages (long tensors are cut).
std::string describe(const Tensor& t);

}  // namespace nnc::test

namespace nnc {
/// GoogleTest prints tensors by this.
void PrintTo(const Tensor& t, std::ostream* os);
}  // namespace nnc
