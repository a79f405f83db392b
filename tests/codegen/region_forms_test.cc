// Fused groups as training steps contain them, in every form their lowering can take: fixed and symbolic
// lengths around the vector width, few and many rows, several results, and results in the memory of operands.
#include <cmath>

#include <gtest/gtest.h>

#include "codegen/lower.h"
#include "ir/bind.h"
#include "tests/codegen/run_kernel.h"
#include "tests/codegen/run_region.h"
#include "tests/support/compare.h"

namespace nnc::test {
namespace {

using Build = std::vector<Value> (*)(Builder&, const Dim& rows, const Dim& length);

Value along(Builder& b, Value per_row, Value like) { return b.broadcast(per_row, b.shape(like), {0}); }

std::vector<Value> softmax(Builder& b, const Dim& rows, const Dim& length) {
  Value x = b.input("x", {DType::F32, {rows, length}});
  Value e = b.exp(b.sub(x, along(b, b.reduce_max(x, {1}), x)));
  return {b.div(e, along(b, b.reduce_add(e, {1}), x))};
}

// A softmax, and its elements in another order: what a walk keeps of a row is read at other places than its own.
std::vector<Value> shuffled_softmax(Builder& b, const Dim& rows, const Dim& length) {
  Value y = softmax(b, rows, length)[0];
  return {y, b.gather(y, b.input("order", {DType::I32, {length}}), 1)};
}

// A logarithm of softmax over two axes, which the bias keeps apart.
std::vector<Value> planes(Builder& b, const Dim& rows, const Dim& length) {
  Value x = b.input("x", {DType::F32, {rows, 3, length}}), bias = b.input("scale", {DType::F32, {3}});
  Value t = b.add(x, b.broadcast(bias, b.shape(x), {1}));
  Value shifted = b.sub(t, along(b, b.reduce_max(t, {1, 2}), x));
  return {b.sub(shifted, along(b, b.log(b.reduce_add(b.exp(shifted), {1, 2})), x))};
}

// The loss of every row, whether the row is classified right, and the gradient of the mean.
std::vector<Value> cross_entropy(Builder& b, const Dim& rows, const Dim& length) {
  Value x = b.input("x", {DType::F32, {rows, length}}), label = b.input("label", {DType::I32, {rows}});
  Value shifted = b.sub(x, along(b, b.reduce_max(x, {1}), x));
  Value e = b.exp(shifted), sum = b.reduce_add(e, {1});
  Value hit = b.eq(b.iota({DType::I32, {rows, length}}, 1), along(b, label, x));
  Value picked = b.reduce_add(b.select(hit, shifted, b.full(DType::F32, b.shape(x), 0)), {1});
  Value gradient = b.sub(b.div(e, along(b, sum, x)), b.cast(hit, DType::F32));
  return {b.sub(b.log(sum), picked), b.eq(b.argmax(x, 1), label),
          b.mul(gradient, b.scalar(DType::F32, 0.125))};
}

std::vector<Value> layer_norm(Builder& b, const Dim& rows, const Dim& length) {
  Value x = b.input("x", {DType::F32, {rows, length}});
  Value scale = b.input("scale", {DType::F32, {length}}), shift = b.input("shift", {DType::F32, {length}});
  Value n = b.cast(b.extent(length), DType::F32);
  Value mean = b.div(b.reduce_add(x, {1}), n);
  Value centred = b.sub(x, along(b, mean, x));
  Value variance = b.div(b.reduce_add(b.mul(centred, centred), {1}), n);
  Value norm = b.div(centred, along(b, b.sqrt(b.add(variance, b.scalar(DType::F32, 1e-5))), x));
  return {b.add(b.mul(norm, scale), shift), mean};
}

std::vector<Value> moments(Builder& b, const Dim& rows, const Dim& length) {
  Value x = b.input("x", {DType::F32, {rows, length}});
  Shape s = b.shape(x);
  std::vector<Value> m =
      b.reduce(Monoid::Moments, {x, b.full(DType::F32, s, 0), b.full(DType::F32, s, 1)}, {1});
  std::vector<Value> e = b.reduce(Monoid::MaxSumExp, {x, b.full(DType::F32, s, 1)}, {1});
  return {m[0], b.sqrt(m[1]), b.add(e[0], b.log(e[1]))};
}

std::vector<Value> column_sums(Builder& b, const Dim& rows, const Dim& length) {
  Value x = b.input("x", {DType::F32, {rows, length}}), y = b.input("y", {DType::F32, {rows, length}});
  Value sum = b.reduce_add(b.mul(x, y), {0}), top = b.reduce_max(x, {0});
  return {sum, b.add(sum, top)};
}

std::vector<Value> total(Builder& b, const Dim& rows, const Dim& length) {
  Value x = b.input("x", {DType::F32, {rows, length}});
  Value count = b.cast(b.mul(b.extent(rows), b.extent(length)), DType::F32);
  return {b.div(b.reduce_add(b.mul(x, x), {0, 1}), count)};
}

// Adam on a matrix: three results of the operands' own shapes, scalars in f64.
std::vector<Value> adam(Builder& b, const Dim& rows, const Dim& length) {
  Type matrix{DType::F32, {rows, length}};
  Value p = b.input("x", matrix), g = b.input("y", matrix), m = b.input("m", matrix),
        v = b.input("v", matrix);
  Value t = b.cast(b.input("step", {DType::I64, {}}), DType::F64);
  auto f32 = [&](double d) { return b.scalar(DType::F32, d); };
  auto correction = [&](double beta) {
    Value one = b.scalar(DType::F64, 1);
    return b.cast(b.sub(one, b.binary(Op::Pow, b.scalar(DType::F64, beta), t)), DType::F32);
  };
  Value m1 = b.add(b.mul(m, f32(0.9)), b.mul(g, f32(0.1)));
  Value v1 = b.add(b.mul(v, f32(0.999)), b.mul(b.mul(g, g), f32(0.001)));
  Value root = b.add(b.sqrt(b.div(v1, correction(0.999))), f32(1e-8));
  Value step = b.div(b.div(m1, correction(0.9)), root);
  return {b.sub(p, b.mul(step, f32(1e-3))), m1, v1};
}

// A bias over columns, a padded shift and a transposed operand: several loops, guards and gathers.
std::vector<Value> mixed(Builder& b, const Dim& rows, const Dim& length) {
  Value x = b.input("x", {DType::F32, {rows, length}}), bias = b.input("scale", {DType::F32, {length}});
  Value turned = b.permute(b.input("turned", {DType::F32, {length, rows}}), {1, 0});
  Literal fill = Literal::from_double(DType::F32, 7);
  Value padded = b.pad(x, {0, 1}, {1, 0}, {0, 0}, fill);
  Value shifted = b.slice(padded, {1, 0}, b.shape(x), {1, 1});
  return {b.add(b.add(b.max(b.add(x, bias), b.scalar(DType::F32, 0)), turned), shifted)};
}

// Sums over the first and last of three axes.
std::vector<Value> channel_sums(Builder& b, const Dim& rows, const Dim& length) {
  Value x = b.input("x", {DType::F32, {rows, 3, length}}), y = b.input("y", {DType::F32, {rows, 3, length}});
  return {b.reduce_add(x, {0, 2}), b.reduce_add(b.mul(x, y), {0, 2})};
}

// The gradient of a table: rows of updates added where their labels say, many to one row.
std::vector<Value> embedding_gradient(Builder& b, const Dim& rows, const Dim& length) {
  Value update = b.input("x", {DType::F32, {rows, length}}), label = b.input("label", {DType::I32, {rows}});
  return {b.scatter_add(b.full(DType::F32, {1001, length}, 0), label, update, 0)};
}

struct Form {
  const char* name;
  KernelKind kind;
  Build build;
  Tolerance tolerance;
};

const Form kColumnSums = {"column_sums", KernelKind::Reduce, column_sums, {32, true}};

const Form forms[] = {
    {"softmax", KernelKind::Row, softmax, {16, true}},
    {"shuffled_softmax", KernelKind::Row, shuffled_softmax, {16, true}},
    {"planes", KernelKind::Row, planes, {64, true}},
    {"cross_entropy", KernelKind::Row, cross_entropy, {64, true}},
    {"layer_norm", KernelKind::Row, layer_norm, {256, true}},
    {"moments", KernelKind::Row, moments, {64, true}},
    kColumnSums,
    {"channel_sums", KernelKind::Reduce, channel_sums, {64, true}},
    {"embedding_gradient", KernelKind::Index, embedding_gradient, {64, true}},
    {"total", KernelKind::Reduce, total, {32, true}},
    {"adam", KernelKind::Pointwise, adam, {16, true}},
    {"mixed", KernelKind::Pointwise, mixed, {2, true}},
};

NamedTensors inputs_for(const Graph& g, const Bindings& dims, int64_t length) {
  NamedTensors out;
  for (NodeId id : g.inputs()) {
    const Node& n = g.node(id);
    const std::string& name = n.as<InputAttrs>().name;
    const Type& type = n.results[0];
    Domain domain = name == "v" ? Domain::Positive : type.dtype == DType::F32 ? Domain::Any : Domain::Index;
    if (name == "step")
      out[name] = Tensor::scalar(DType::I64, 3);
    else
      out[name] =
          random_tensor(type.dtype, evaluate(type.shape, dims), domain, id + 1, std::max<int64_t>(1, length));
  }
  return out;
}

struct Sizes {
  int64_t rows, length;
  bool symbolic;  // the length too
};

void check_form(Jit& jit, const Form& form, const Sizes& s, int64_t expected_rows) {
  SCOPED_TRACE(std::string(form.name) + " " + std::to_string(s.rows) + " x " + std::to_string(s.length) +
               (s.symbolic ? " symbolic" : "") + ", expected rows " + std::to_string(expected_rows));
  Graph g;
  Builder b(g);
  std::vector<Value> results = form.build(b, Dim::symbol("B"), s.symbolic ? Dim::symbol("N") : Dim(s.length));
  for (size_t i = 0; i < results.size(); ++i) g.add_output({"y" + std::to_string(i), results[i]});
  Bindings dims{{"B", s.rows}, {"N", s.length}}, expected{{"B", expected_rows}, {"N", s.length}};
  NamedTensors inputs = inputs_for(g, dims, s.length);
  std::vector<Tensor> exact = interpret(g, inputs, {}, {Precision::F64, dims});
  Graph region = as_region(g, form.kind);
  loop::Kernel kernel = lower(region, static_cast<NodeId>(region.size() - 1), jit.target(), expected);
  KernelFunction function = jit.compile(kernel);
  RegionRun whole = run_region(region, kernel, function, inputs, dims, 1);
  for (size_t i = 0; i < exact.size(); ++i) {
    EXPECT_EQ(compare(whole.results[i], exact[i], form.tolerance), "") << "result " << i;
  }
  RegionRun split = run_region(region, kernel, function, inputs, dims, 3);
  for (size_t i = 0; i < exact.size(); ++i) EXPECT_EQ(compare_bits(split.results[i], whole.results[i]), "");
}

class RegionForms : public testing::TestWithParam<std::string> {};

TEST_P(RegionForms, AgreeWithTheInterpreter) {
  Jit jit(Target::named(GetParam()));
  const Sizes sizes[] = {{5, 0, true},     {0, 10, false}, {1, 1, false},    {33, 1, true},   {37, 10, false},
                         {37, 10, true},   {5, 16, false}, {3, 17, false},   {3, 64, false},  {3, 63, true},
                         {3, 65, false},   {2, 100, true}, {70, 129, false}, {9, 200, false}, {3, 256, false},
                         {3, 1000, false}, {2, 1001, true}};
  for (const Form& form : forms) {
    for (const Sizes& s : sizes) {
      for (int64_t expected : {1, 64}) check_form(jit, form, s, expected);
    }
  }
  // As if no cache of a core held the operands, and none of the machine.
  const Sizes few[] = {{1, 300, false}, {70, 300, false}, {5, 600, true}, {70, 1001, false}};
  for (int64_t expected : {4096, 1 << 20}) {
    for (const Form& form : forms) {
      for (const Sizes& s : few) check_form(jit, form, s, expected);
    }
    check_form(jit, kColumnSums, {70, 2100, false}, expected);
  }
}

INSTANTIATE_TEST_SUITE_P(Targets, RegionForms, testing::ValuesIn(testable_targets()),
                         [](const auto& target) { return target.param; });

// A sum of a million f32 is chunked: a running sum would be off by a thousand units.
TEST(Reduce, LongSumsKeepTheirPrecision) {
  const int64_t n = 1'000'003;
  Graph g;
  Builder b(g);
  Value x = b.input("x", {DType::F32, {Dim::symbol("N")}});
  g.add_output({"y", b.reduce_add(x, {0})});
  NamedTensors inputs{{"x", random_tensor(DType::F32, {n}, Domain::Positive, 1)}};
  Bindings dims{{"N", n}};
  Tensor exact = interpret(g, inputs, {}, {Precision::F64, dims})[0];
  Graph region = as_region(g, KernelKind::Reduce);
  for (const std::string& name : testable_targets()) {
    Jit jit(Target::named(name));
    loop::Kernel kernel = lower(region, 1, jit.target(), dims);
    RegionRun run = run_region(region, kernel, jit.compile(kernel), inputs, dims, 1);
    EXPECT_EQ(compare(run.results[0], exact, {4}), "");
  }
}

// Results in the memory of the operands they may share give what they give apart.
TEST(Aliasing, ResultsMayOverwriteOperandsOfTheirGroup) {
  Jit jit(Target::host());
  Graph g;
  Builder b(g);
  for (Value v : adam(b, 37, 11)) g.add_output({"y" + std::to_string(v.node), v});
  NamedTensors inputs = inputs_for(g, {}, 1);
  Graph region = as_region(g, KernelKind::Pointwise);
  loop::Kernel kernel = lower(region, static_cast<NodeId>(region.size() - 1), jit.target(), {});
  KernelFunction function = jit.compile(kernel);
  RegionRun apart = run_region(region, kernel, function, inputs, {}, 1);

  // p, m and v are operands 0, 2 and 3; the results are buffers 5, 6 and 7.
  const size_t pairs[][2] = {{0, 5}, {2, 6}, {3, 7}};
  std::vector<void*> buffers;
  for (NodeId id : region.inputs()) {
    buffers.push_back(inputs.at(region.node(id).as<InputAttrs>().name).bytes().data());
  }
  for (auto [operand, result] : pairs) {
    ASSERT_EQ(kernel.buffers[operand].alias_group, kernel.buffers[result].alias_group);
    buffers.push_back(buffers[operand]);
  }
  std::vector<uint64_t> literals;
  for (const Literal& l : kernel.literals) literals.push_back(l.bits);
  uint32_t status = 0;
  KernelCall call{buffers.data(), nullptr, literals.data(), &status};
  function(&call, 0, task_count(kernel, {}), nullptr);
  const char* overwritten[] = {"x", "m", "v"};
  for (size_t i = 0; i < 3; ++i) EXPECT_EQ(compare_bits(inputs.at(overwritten[i]), apart.results[i]), "");
}

// What goes past the caches is stored while the next row is computed, in the place of its operand too.
TEST(Aliasing, LateResultsMayOverwriteTheirRow) {
  for (Build build : {softmax, planes}) {
    Graph g;
    Builder b(g);
    g.add_output({"y", build(b, Dim::symbol("B"), 300)[0]});
    Graph region = as_region(g, KernelKind::Row);
    for (const std::string& name : testable_targets()) {
      Jit jit(Target::named(name));
      loop::Kernel kernel =
          lower(region, static_cast<NodeId>(region.size() - 1), jit.target(), {{"B", 1 << 20}});
      for (int64_t rows : {1, 2, 300}) {
        NamedTensors inputs = inputs_for(g, {{"B", rows}}, 300);
        Tensor& x = inputs.at("x");
        Tensor y = x;
        std::vector<Tensor*> tensors = {&x};
        if (inputs.contains("scale")) tensors.push_back(&inputs.at("scale"));
        ASSERT_EQ(kernel.buffers[0].alias_group, kernel.buffers[tensors.size()].alias_group);
        tensors.push_back(&y);
        run(jit, kernel, tensors, {{"B", rows}}, 2);
        tensors.back() = &x;
        run(jit, kernel, tensors, {{"B", rows}}, 2);
        EXPECT_EQ(compare_bits(x, y), "") << name << ' ' << rows;
      }
    }
  }
}

}  // namespace
}  // namespace nnc::test
