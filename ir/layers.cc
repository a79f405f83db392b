#include "ir/layers.h"

#include "ir/composites/activations.h"
#include "ir/composites/attention.h"
#include "ir/composites/convolution.h"
#include "ir/composites/dense.h"
#include "ir/composites/losses.h"
#include "ir/composites/movement.h"
#include "ir/composites/normalization.h"
#include "ir/composites/reductions.h"

namespace nnc {
namespace {

using Call = const LayerCall&;
using Results = std::vector<Value>;

template <Op op>
Results unary(Call c) {
  return {c.b().unary(op, c.tensor("x"))};
}

template <Op op>
Results binary(Call c) {
  return {c.b().binary(op, c.tensor("x"), c.tensor("y"))};
}

template <Value (*fold)(Builder&, Value, const Axes&, bool)>
Results over_axes(Call c) {
  return {fold(c.b(), c.tensor("x"), c.integers("axis"), c.flag("keep"))};
}

template <Value (*activation)(Builder&, Value)>
Results pointwise(Call c) {
  return {activation(c.b(), c.tensor("x"))};
}

template <Value (*along)(Builder&, Value, int64_t)>
Results along_axis(Call c) {
  return {along(c.b(), c.tensor("x"), c.integer("axis"))};
}

WindowShape window_shape(Call c) {
  PerAxis kernel = c.integers("kernel");
  return {kernel, c.given("stride") ? c.integers("stride") : kernel, c.integers("dilation"),
          c.integers("pad")};
}

Results arg_max(Call c) {
  return {c.b().argmax(c.tensor("x"), resolve_axis(c.b().type(c.tensor("x")), c.integer("axis")))};
}
Results arg_min(Call c) {
  return {c.b().argmin(c.tensor("x"), resolve_axis(c.b().type(c.tensor("x")), c.integer("axis")))};
}

Results gather(Call c) {
  Value data = c.tensor("data");
  return {c.b().gather(data, c.tensor("indices"), resolve_axis(c.b().type(data), c.integer("axis")))};
}

template <int value>
Results filled(Call c) {
  return {c.b().full(c.dtype("type"), c.sizes("shape"), value)};
}

constexpr std::string_view kX = "x: tensor";
constexpr std::string_view kXY = "x: tensor, y: tensor";
constexpr std::string_view kFold = "x: tensor, axis: ints = none, keep: flag = false";
constexpr std::string_view kLast = "x: tensor, axis: int = -1";
constexpr std::string_view kFilled = "shape: sizes, type: type = f32";
constexpr std::string_view kClasses = "logits: tensor, target: tensor";

constexpr LayerRow kRows[] = {
    // Layers with parameters
    {"linear", "x: tensor, out: size, bias: flag = true",
     [](Call c) { return Results{linear(c.net, c.tensor("x"), c.size("out"), c.flag("bias"))}; },
     "x weight^T + bias over the last axis"},
    {"embedding", "x: tensor, vocabulary: size, size: size",
     [](Call c) { return Results{embedding(c.net, c.tensor("x"), c.size("vocabulary"), c.size("size"))}; },
     "a row of a learnt table per index"},
    {"conv",
     "x: tensor, channels: size, kernel: ints, stride: ints = 1, dilation: ints = 1, pad: ints = 0, bias: "
     "flag = true",
     [](Call c) {
       return Results{conv(c.net, c.tensor("x"), c.size("channels"), window_shape(c), c.flag("bias"))};
     },
     "convolution over [N, C, spatial…]"},
    {"layer_norm", "x: tensor, eps: real = 1e-5",
     [](Call c) { return Results{layer_norm(c.net, c.tensor("x"), c.real("eps"))}; },
     "normalised over the last axis, with a learnt scale and shift"},
    {"batch_norm", "x: tensor, momentum: real = 0.1, eps: real = 1e-5",
     [](Call c) { return Results{batch_norm(c.net, c.tensor("x"), c.real("momentum"), c.real("eps"))}; },
     "normalised per channel over the batch, with running statistics"},

    // Layers without
    {"max_pool", "x: tensor, kernel: ints, stride: ints = none, dilation: ints = 1, pad: ints = 0",
     [](Call c) { return Results{max_pool(c.b(), c.tensor("x"), window_shape(c))}; },
     "the maximum of every window; the stride is the kernel unless given"},
    {"dropout", "x: tensor, p: real = 0.5",
     [](Call c) { return Results{dropout(c.net, c.tensor("x"), c.real("p"))}; },
     "in training, zeroes each element with probability p and scales the rest"},
    {"attention", "q: tensor, k: tensor, v: tensor, heads: int, causal: flag = false",
     [](Call c) {
       return Results{attention(c.b(), c.tensor("q"), c.tensor("k"), c.tensor("v"), c.integer("heads"),
                                c.flag("causal"))};
     },
     "scaled dot-product attention over several heads"},
    {"relu", kX, pointwise<relu>, "max(x, 0)"},
    {"sigmoid", kX, pointwise<sigmoid>, "1 / (1 + e^-x)"},
    {"tanh", kX, unary<Op::Tanh>, "hyperbolic tangent"},
    {"gelu", kX, pointwise<gelu>, "x times the normal distribution function"},
    {"softmax", kLast, along_axis<softmax>, "e^x / sum(e^x)"},
    {"log_softmax", kLast, along_axis<log_softmax>, "log(softmax(x))"},

    // Losses and metrics
    {"mse", kXY, [](Call c) { return Results{mse(c.b(), c.tensor("x"), c.tensor("y"))}; }, "mean((x - y)^2)"},
    {"cross_entropy", kClasses,
     [](Call c) { return Results{cross_entropy(c.net, c.tensor("logits"), c.tensor("target"))}; },
     "mean of -log softmax(logits)[target]"},
    {"accuracy", kClasses,
     [](Call c) { return Results{accuracy(c.net, c.tensor("logits"), c.tensor("target"))}; },
     "the share of examples whose largest logit is the target's"},

    // Shapes
    {"flatten", kX, pointwise<flatten>, "[N, a, b…] -> [N, a*b…]"},
    {"reshape", "x: tensor, shape: sizes",
     [](Call c) { return Results{c.b().reshape(c.tensor("x"), c.sizes("shape"))}; },
     "the same elements, row-major"},
    {"transpose", "x: tensor, order: ints = none",
     [](Call c) { return Results{transpose(c.b(), c.tensor("x"), c.integers("order"))}; },
     "the last two axes swapped, or all in the given order"},
    {"split", "x: tensor, parts: int, axis: int = -1",
     [](Call c) { return split(c.b(), c.tensor("x"), c.integer("parts"), c.integer("axis")); },
     "equal parts along an axis"},
    {"concat", "xs: tensors, axis: int = -1",
     [](Call c) { return Results{concat(c.b(), c.tensors("xs"), c.integer("axis"))}; },
     "one after the other"},
    {"cast", "x: tensor, to: type", [](Call c) { return Results{c.b().cast(c.tensor("x"), c.dtype("to"))}; },
     "another element type"},
    {"zeros", kFilled, filled<0>, "0 everywhere; also zeros[B, H]"},
    {"ones", kFilled, filled<1>, "1 everywhere; also ones[B, H]"},
    {"full", "shape: sizes, value: real, type: type = f32",
     [](Call c) { return Results{c.b().full(c.dtype("type"), c.sizes("shape"), c.real("value"))}; },
     "one value everywhere"},

    // Reductions and contractions
    {"sum", kFold, over_axes<sum_over>, "sum over the axes, or all"},
    {"mean", kFold, over_axes<mean_over>, "mean over the axes, or all"},
    {"max", kFold, over_axes<max_over>, "maximum over the axes, or all"},
    {"min", kFold, over_axes<min_over>, "minimum over the axes, or all"},
    {"argmax", kLast, arg_max, "index of the first maximum"},
    {"argmin", kLast, arg_min, "index of the first minimum"},
    {"dot", kXY, [](Call c) { return Results{matrix_product(c.b(), c.tensor("x"), c.tensor("y"))}; },
     "matrix product over the last axis of x"},
    {"gather", "data: tensor, indices: tensor, axis: int = 0", gather, "slices of data at the indices"},

    // Elementwise
    {"maximum", kXY, binary<Op::Max>, "the larger of two"},
    {"minimum", kXY, binary<Op::Min>, "the smaller of two"},
    {"where", "condition: tensor, x: tensor, y: tensor",
     [](Call c) { return Results{c.b().select(c.tensor("condition"), c.tensor("x"), c.tensor("y"))}; },
     "x where the condition holds, else y"},
    {"exp", kX, unary<Op::Exp>, "e^x"},
    {"expm1", kX, unary<Op::Expm1>, "e^x - 1"},
    {"log", kX, unary<Op::Log>, "natural logarithm"},
    {"log1p", kX, unary<Op::Log1p>, "log(1 + x)"},
    {"sqrt", kX, unary<Op::Sqrt>, "square root"},
    {"sin", kX, unary<Op::Sin>, "sine"},
    {"cos", kX, unary<Op::Cos>, "cosine"},
    {"erf", kX, unary<Op::Erf>, "error function"},
    {"abs", kX, unary<Op::Abs>, "|x|"},
    {"floor", kX, unary<Op::Floor>, "largest integer not above x"},
    {"stop_gradient", kX, unary<Op::StopGradient>, "x, with no gradient"},
};

}  // namespace

std::span<const LayerRow> all_layers() { return kRows; }

const LayerRow* find_layer(std::string_view name) {
  for (const LayerRow& row : kRows) {
    if (row.name == name) return &row;
  }
  return nullptr;
}

const ArgValue& LayerCall::at(std::string_view name) const {
  size_t i = 0;
  while (signature_.at(i).name != name) ++i;
  return values_[i];
}

}  // namespace nnc
