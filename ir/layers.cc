#include "ir/layers.h"

#include <algorithm>

#include <fmt/format.h>

#include "ir/composites/activations.h"
#include "ir/composites/attention.h"
#include "ir/composites/convolution.h"
#include "ir/composites/dense.h"
#include "ir/composites/movement.h"
#include "ir/composites/normalization.h"
#include "ir/composites/reductions.h"
#include "ir/composites/selection.h"
#include "ir/error.h"

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

template <Value (*function)(Builder&, Value, double), const char* name>
Results with_number(Call c) {
  return {function(c.b(), c.tensor("x"), c.real(name))};
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

WeightInit weight_init(Call c) { return {c.init_or_none("init"), c.init_or_none("bias_init")}; }

Results gelu_as(Call c) {
  bool tanh = c.choice("approximate", {"none", "tanh"}) == 1;
  return {tanh ? gelu_tanh(c.b(), c.tensor("x")) : gelu(c.b(), c.tensor("x"))};
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
constexpr std::string_view kAlphaArg = "x: tensor, alpha: real = 1";
constexpr char kNegativeSlope[] = "negative_slope", kAlpha[] = "alpha", kBeta[] = "beta";

constexpr LayerRow kRows[] = {
    // Layers with parameters
    {"linear", "x: tensor, out: size, bias: flag = true, init: init = none, bias_init: init = none",
     [](Call c) {
       return Results{linear(c.net, c.tensor("x"), c.size("out"), c.flag("bias"), weight_init(c))};
     },
     "x weight^T + bias over the last axis"},
    {"bilinear",
     "x: tensor, y: tensor, out: size, bias: flag = true, init: init = none, bias_init: init = none",
     [](Call c) {
       return Results{
           bilinear(c.net, c.tensor("x"), c.tensor("y"), c.size("out"), c.flag("bias"), weight_init(c))};
     },
     "x^T weight y + bias over the last axes"},
    {"embedding", "x: tensor, vocabulary: size, size: size, init: init = none",
     [](Call c) {
       return Results{
           embedding(c.net, c.tensor("x"), c.size("vocabulary"), c.size("size"), c.init_or_none("init"))};
     },
     "a row of a learnt table per index"},
    {"conv",
     "x: tensor, channels: size, kernel: ints, stride: ints = 1, dilation: ints = 1, pad: ints = 0, bias: "
     "flag = true, init: init = none, bias_init: init = none",
     [](Call c) {
       return Results{
           conv(c.net, c.tensor("x"), c.size("channels"), window_shape(c), c.flag("bias"), weight_init(c))};
     },
     "convolution over [N, C, spatial…]"},
    {"layer_norm", "x: tensor, eps: real = 1e-5, affine: flag = true",
     [](Call c) { return Results{layer_norm(c.net, c.tensor("x"), c.real("eps"), c.flag("affine"))}; },
     "normalised over the last axis, with a learnt scale and shift"},
    {"rms_norm", "x: tensor, eps: real = none, affine: flag = true",
     [](Call c) { return Results{rms_norm(c.net, c.tensor("x"), c.real_or_none("eps"), c.flag("affine"))}; },
     "divided by the root of the mean square over the last axis, with a learnt scale"},
    {"batch_norm", "x: tensor, momentum: real = 0.1, eps: real = 1e-5",
     [](Call c) { return Results{batch_norm(c.net, c.tensor("x"), c.real("momentum"), c.real("eps"))}; },
     "normalised per channel over the batch, with running statistics"},
    {"prelu", "x: tensor, num_parameters: size = 1, init: init = none",
     [](Call c) {
       Init init = c.init_or_none("init").value_or(constant_init(0.25));
       return Results{prelu(c.net, c.tensor("x"), c.size("num_parameters"), init)};
     },
     "max(x, 0) + weight min(x, 0): one learnt slope, or one per channel (axis 1)"},

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

    // Activations
    {"relu", kX, pointwise<relu>, "max(x, 0)"},
    {"leaky_relu", "x: tensor, negative_slope: real = 0.01", with_number<leaky_relu, kNegativeSlope>,
     "x where positive, else negative_slope x"},
    {"elu", kAlphaArg, with_number<elu, kAlpha>, "x where positive, else alpha (e^x - 1)"},
    {"selu", kX, pointwise<selu>, "1.0507 elu(x, 1.6733): keeps unit variance"},
    {"celu", kAlphaArg, with_number<celu, kAlpha>, "x where positive, else alpha (e^(x / alpha) - 1)"},
    {"sigmoid", kX, pointwise<sigmoid>, "1 / (1 + e^-x)"},
    {"log_sigmoid", kX, pointwise<log_sigmoid>, "log(sigmoid(x))"},
    {"tanh", kX, unary<Op::Tanh>, "hyperbolic tangent"},
    {"softplus", "x: tensor, beta: real = 1", with_number<softplus, kBeta>, "log(1 + e^(beta x)) / beta"},
    {"softsign", kX, pointwise<softsign>, "x / (1 + |x|)"},
    {"gelu", "x: tensor, approximate: text = \"none\"", gelu_as,
     "x times the normal distribution function, or its approximation by \"tanh\""},
    {"silu", kX, pointwise<silu>, "x sigmoid(x)"},
    {"mish", kX, pointwise<mish>, "x tanh(softplus(x))"},
    {"hardtanh", "x: tensor, min_val: real = -1, max_val: real = 1",
     [](Call c) { return Results{hardtanh(c.b(), c.tensor("x"), c.real("min_val"), c.real("max_val"))}; },
     "x limited to [min_val, max_val]"},
    {"hardsigmoid", kX, pointwise<hardsigmoid>, "x + 3 limited to [0, 6], over 6"},
    {"hardswish", kX, pointwise<hardswish>, "x hardsigmoid(x)"},
    {"glu", kLast, along_axis<glu>, "the first half times the sigmoid of the second"},
    {"swiglu", kLast, along_axis<swiglu>, "the silu of the first half times the second"},
    {"softmax", kLast, along_axis<softmax>, "e^x / sum(e^x)"},
    {"log_softmax", kLast, along_axis<log_softmax>, "log(softmax(x))"},

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
    {"stack", "xs: tensors, axis: int = 0",
     [](Call c) { return Results{stack(c.b(), c.tensors("xs"), c.integer("axis"))}; }, "along a new axis"},
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
    {"variance", "x: tensor, axis: ints = none, keep: flag = false, correction: real = 1",
     [](Call c) {
       return Results{
           variance_over(c.b(), c.tensor("x"), c.integers("axis"), c.flag("keep"), c.real("correction"))};
     },
     "mean squared distance to the mean, the count less by `correction`"},
    {"norm", "x: tensor, p: real = 2, axis: ints = none, keep: flag = false",
     [](Call c) {
       return Results{norm_over(c.b(), c.tensor("x"), c.real("p"), c.integers("axis"), c.flag("keep"))};
     },
     "sum(|x|^p)^(1/p); the largest |x| for p = inf"},
    {"logsumexp", kFold, over_axes<logsumexp_over>, "log(sum(e^x)) over the axes, or all"},
    {"cumsum", kLast, along_axis<cumulative_sum>, "sums of everything up to here along an axis"},
    {"argmax", kLast, arg_max, "index of the first maximum"},
    {"argmin", kLast, arg_min, "index of the first minimum"},
    {"dot", kXY, [](Call c) { return Results{matrix_product(c.b(), c.tensor("x"), c.tensor("y"))}; },
     "matrix product over the last axis of x"},
    {"cosine_similarity", "x: tensor, y: tensor, axis: int = -1, eps: real = 1e-8",
     [](Call c) {
       return Results{
           cosine_similarity(c.b(), c.tensor("x"), c.tensor("y"), c.integer("axis"), c.real("eps"))};
     },
     "x . y / (|x| |y|) along an axis"},
    {"top_k", "x: tensor, k: int, axis: int = -1, largest: flag = true",
     [](Call c) { return top_k(c.b(), c.tensor("x"), c.integer("k"), c.integer("axis"), c.flag("largest")); },
     "the k largest (or smallest) values, and their indices; for prediction, without a gradient"},
    {"one_hot", "x: tensor, classes: size, type: type = f32",
     [](Call c) { return Results{one_hot(c.b(), c.tensor("x"), c.size("classes"), c.dtype("type"))}; },
     "1 at the index, else 0, along a new last axis"},
    {"gather", "data: tensor, indices: tensor, axis: int = 0", gather, "slices of data at the indices"},

    // Elementwise
    {"maximum", kXY, binary<Op::Max>, "the larger of two"},
    {"minimum", kXY, binary<Op::Min>, "the smaller of two"},
    {"where", "condition: tensor, x: tensor, y: tensor",
     [](Call c) { return Results{c.b().select(c.tensor("condition"), c.tensor("x"), c.tensor("y"))}; },
     "x where the condition holds, else y"},
    {"clamp", "x: tensor, min: real = none, max: real = none",
     [](Call c) {
       return Results{clamp(c.b(), c.tensor("x"), c.real_or_none("min"), c.real_or_none("max"))};
     },
     "limited to [min, max]"},
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

std::span<const LayerRow> all_layers() {
  static const std::vector<LayerRow> all = [] {
    std::vector<LayerRow> rows(std::begin(kRows), std::end(kRows));
    rows.insert(rows.end(), loss_rows().begin(), loss_rows().end());
    return rows;
  }();
  return all;
}

const LayerRow* find_layer(std::string_view name) {
  for (const LayerRow& row : all_layers()) {
    if (row.name == name) return &row;
  }
  return nullptr;
}

size_t LayerCall::choice(std::string_view name, std::initializer_list<std::string_view> choices) const {
  auto found = std::find(choices.begin(), choices.end(), text(name));
  if (found != choices.end()) return static_cast<size_t>(found - choices.begin());
  throw Error(fmt::format("'{}' is one of {}, not {}", name, fmt::join(choices, ", "), text(name)));
}

const ArgValue& LayerCall::at(std::string_view name) const {
  size_t i = 0;
  while (signature_.at(i).name != name) ++i;
  return values_[i];
}

}  // namespace nnc
