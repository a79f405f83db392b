// Contraction kernels against the interpreter, bit for bit but where sums are of several chains or lie along depth:
// shapes, forms, orientations, epilogues, prologues and partitions on every target.
#include <cmath>
#include <functional>
#include <random>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "ir/interpreter.h"
#include "tests/codegen/contraction_cases.h"
#include "tests/codegen/machines.h"
#include "tests/codegen/run_kernel.h"
#include "tests/support/compare.h"
#include "tests/support/eval.h"

namespace nnc {
namespace {

using namespace test::contraction;
using test::as_zen4;

const Dim B = Dim::symbol("B"), K = Dim::symbol("K");

std::vector<int64_t> evaluate(const Shape& shape, const Bindings& dims) {
  std::vector<int64_t> out;
  for (const Dim& d : shape) out.push_back(d.evaluate(dims));
  return out;
}

Tensor random_tensor(const Type& type, const Bindings& dims, std::mt19937& rng) {
  Tensor t(type.dtype, evaluate(type.shape, dims));
  std::normal_distribution<double> normal;
  for (int64_t i = 0; i < t.count(); ++i)
    t.set(i, is_float(type.dtype) ? normal(rng) : static_cast<double>(rng() % 256));
  return t;
}

/// The outputs of the kernel run in so many calls, the last tasks first.
std::vector<Tensor> run_in_pieces(Jit& jit, const loop::Kernel& kernel, const Graph& body,
                                  std::vector<Tensor>& inputs, const Bindings& dims, int pieces) {
  std::vector<Tensor> outputs;
  for (const Output& o : body.outputs()) {
    const Type& type = body.type(o.value);
    outputs.push_back(Tensor::filled(evaluate(type.shape, dims), Literal::from_double(type.dtype, 7)));
  }
  std::vector<Tensor*> all;
  for (Tensor& t : inputs) all.push_back(&t);
  for (Tensor& t : outputs) all.push_back(&t);
  test::run(jit, kernel, all, dims, pieces);
  return outputs;
}

// Sums whose vectors lie along depth, or of several chains, are added in an order of their own; rounding stays within a
// few units of the largest. An epilogue may leave less of a sum than its terms were: they are about one.
std::string compare_sums(const Tensor& got, const Tensor& want, bool plain) {
  double largest = plain ? 0 : 1;
  for (int64_t i = 0; i < want.count(); ++i) largest = std::max(largest, std::fabs(want.get(i)));
  return test::compare_relative(got, want, got.dtype() == DType::F64 ? 1e-14 : 4e-6, largest);
}

void check(
    const Case& c, const Bindings& expected = {},
    const std::function<void(Target&)>& adapt = [](Target&) {}) {
  Region region(c, expected);
  const std::vector<Output>& results = region.body.outputs();
  const bool plain = results.size() == 1 && region.body.node(results[0].value).op == Op::Dot;
  std::mt19937 rng(1);
  for (const std::string& name : test::testable_targets()) {
    Jit jit(Target::named(name));
    Target target = jit.target();
    adapt(target);
    loop::Kernel kernel = region.lower(target);
    for (const Bindings& dims : c.sizes) {
      std::vector<Tensor> inputs;
      for (const Type& t : c.inputs) inputs.push_back(random_tensor(t, dims, rng));
      std::vector<Tensor> want = interpret(region.body, test::named(inputs), {}, {.bindings = dims});
      if (along_depth(kernel) || in_chains(kernel) || has_tail(kernel)) {
        std::vector<Tensor> whole = run_in_pieces(jit, kernel, region.body, inputs, dims, 1);
        for (size_t k = 0; k < want.size(); ++k)
          EXPECT_EQ(compare_sums(whole[k], want[k], plain), "")
              << c.name << " output " << k << " on " << name;
        want = std::move(whole);
      }
      for (int pieces : {1, 2, 3, 8}) {
        std::vector<Tensor> got = run_in_pieces(jit, kernel, region.body, inputs, dims, pieces);
        for (size_t k = 0; k < want.size(); ++k) {
          EXPECT_EQ(test::compare_bits(got[k], want[k]), "")
              << c.name << " output " << k << " on " << name << " in " << pieces << " pieces";
        }
        if (testing::Test::HasFailure()) return;
      }
    }
    EXPECT_EQ(jit.functions(), 1u);
  }
}

TEST(Contraction, GemmOfFixedSizes) {
  const int64_t sizes[][3] = {{1, 1, 1},     {1, 17, 5},     {17, 1, 5},   {3, 5, 7},     {16, 16, 16},
                              {14, 32, 64},  {33, 31, 65},   {64, 10, 64}, {10, 128, 33}, {64, 128, 784},
                              {65, 130, 70}, {40, 50, 1100}, {5, 0, 3},    {0, 5, 3},     {4, 20, 0},
                              {30, 1, 40},   {1, 40, 30},    {13, 100, 1}};
  for (const char* form : {"NN", "NT", "TN", "TT"}) {
    for (auto [m, n, k] : sizes) check(gemm(form, m, n, k));
  }
}

TEST(Contraction, GemmInOtherTypes) {
  for (DType dtype : {DType::F64, DType::BF16}) {
    for (const char* form : {"NN", "NT", "TN"}) {
      check(gemm(form, 30, 37, 50, dtype));
      check(gemm(form, 7, 16, 1030, dtype));
    }
  }
}

TEST(Contraction, OneCompileServesEverySize) {
  const std::vector<Bindings> sizes = {{{"B", 64}}, {{"B", 1}},   {{"B", 7}},
                                       {{"B", 0}},  {{"B", 100}}, {{"B", 333}}};
  for (int64_t batch : {1, 64}) {
    const Bindings expected = {{"B", batch}};
    for (const char* form : {"NN", "NT", "TN", "TT"}) {
      check(gemm(form, B, 50, 70, DType::F32, sizes), expected);
      check(gemm(form, 50, B, 70, DType::F32, sizes), expected);
      check(gemm(form, 50, 70, B, DType::F32, sizes), expected);
      check(gemm(form, B, B, B, DType::F32, sizes), expected);
    }
  }
}

TEST(Contraction, FewRowsSumAlongDepth) {
  const std::vector<Bindings> depths = {{{"K", 33}}, {{"K", 16}}, {{"K", 5}}, {{"K", 0}}, {{"K", 300}}};
  for (int64_t rows : {1, 2, 4}) {
    check(gemm("NT", rows, 70, K, DType::F32, depths), {{"K", 33}});
    check(gemm("NT", rows, 37, K, DType::F64, depths), {{"K", 33}});
    for (int64_t side : {1, 5, 16, 20, 37, 100}) {
      check(gemm("NT", rows, side, side));
      check(gemm("NT", rows, side, side, DType::F64));
    }
  }
}

TEST(Contraction, FewSumsAreChains) {
  for (int64_t rows : {1, 3, 7}) {
    for (int64_t columns : {7, 16, 33}) {
      for (int64_t depth : {31, 64, 100, 1030}) {
        check(gemm("NN", rows, columns, depth));
        check(gemm("TN", rows, columns, depth, DType::F64));
      }
      check(gemm("NN", rows, columns, K, DType::F32, {{{"K", 200}}, {{"K", 3}}, {{"K", 0}}}), {{"K", 200}});
    }
  }
}

TEST(Contraction, LastColumnsTooFewForAVectorAreATail) {
  for (int64_t rows : {1, 3, 12, 29, 100}) {
    for (int64_t columns : {17, 33, 50}) {
      for (int64_t depth : {16, 31, 100, 600}) {
        check(gemm("NN", rows, columns, depth));
        check(gemm("NT", rows, columns, depth, DType::F64));
        check(gemm("TN", rows, columns, depth));
      }
    }
  }
  check(gemm("NN", 2100, 33, 80));
  check(gemm("TN", 2100, 33, 80));
  check(gemm("NN", B, 34, 48, DType::F32, {{{"B", 64}}, {{"B", 0}}, {{"B", 1}}, {{"B", 333}}}), {{"B", 64}});
}

TEST(Contraction, ManyBlocksAndChunks) {
  const std::vector<Bindings> sizes = {{{"B", 700}, {"K", 600}}, {{"B", 3}, {"K", 1}}, {{"B", 20}, {"K", 0}}};
  check(gemm("NN", B, 200, K, DType::F32, sizes), {{"B", 64}, {"K", 64}});
  check(gemm("NT", 200, B, K, DType::F32, sizes), {{"B", 64}, {"K", 64}});
  check(gemm("NN", 300, 300, 1200));
  check(gemm("NT", 300, 200, 300));
}

TEST(Contraction, BatchesAndSeveralAxes) {
  auto attention = [](Builder& g, const Values& x) {  // [B, T, H, D] x [B, S, H, D] -> [B, H, T, S]
    return Values{g.dot(x[0], x[1], {{0, 2}, {0, 2}, {3}, {3}, DType::F32})};
  };
  const std::vector<Bindings> sizes = {{{"B", 3}}, {{"B", 1}}, {{"B", 0}}};
  check({"heads", {{DType::F32, {B, 9, 4, 16}}, {DType::F32, {B, 21, 4, 16}}}, attention, sizes}, {{"B", 2}});
  auto two = [](Builder& g, const Values& x) {  // contracts two axes in an order of their own
    return Values{g.dot(x[0], x[1], {{}, {}, {2, 0}, {1, 2}, DType::F32})};
  };
  check({"two axes", {{DType::F32, {5, 11, 6}}, {DType::F32, {13, 6, 5}}}, two});
  auto outer = [](Builder& g, const Values& x) {
    return Values{g.dot(x[0], x[1], {{}, {}, {}, {}, DType::F32})};
  };
  check({"outer", {{DType::F32, {19}}, {DType::F32, {23}}}, outer});
  auto inner = [](Builder& g, const Values& x) {
    return Values{g.dot(x[0], x[1], {{}, {}, {0}, {0}, DType::F64})};
  };
  check({"inner", {{DType::F32, {19}}, {DType::F32, {19}}}, inner});
}

TEST(Contraction, Epilogues) {
  auto linear = [](Builder& g, const Values& x) {
    Value y = g.add(g.contract(x[0], x[1], 1, 1), x[2]);
    return Values{g.max(y, g.full(DType::F32, g.shape(y), 0)), y};
  };
  const std::vector<Bindings> sizes = {{{"B", 64}}, {{"B", 5}}};
  for (int64_t n : {1, 10, 128}) {
    check({"linear", {{DType::F32, {B, 70}}, {DType::F32, {n, 70}}, {DType::F32, {n}}}, linear, sizes},
          {{"B", 64}});
  }
  auto masked = [](Builder& g, const Values& x) {
    Value dx = g.contract(x[0], x[1], 1, 0);
    return Values{
        g.select(g.lt(g.full(DType::F32, g.shape(dx), 0), x[2]), dx, g.full(DType::F32, g.shape(dx), 0))};
  };
  check({"relu gradient",
         {{DType::F32, {B, 30}}, {DType::F32, {30, 50}}, {DType::F32, {B, 50}}},
         masked,
         sizes},
        {{"B", 64}});
  auto update = [](Builder& g, const Values& x) {  // dW = dYt X; m and w follow
    Value m = g.add(g.mul(x[3], g.scalar(DType::F32, 0.9)),
                    g.mul(g.contract(x[0], x[1], 0, 0), g.scalar(DType::F32, 0.1)));
    return Values{g.sub(x[2], g.div(m, g.add(g.sqrt(g.mul(m, m)), g.scalar(DType::F32, 1e-8)))), m};
  };
  Type w{DType::F32, {20, 75}};
  check({"update", {{DType::F32, {B, 20}}, {DType::F32, {B, 75}}, w, w}, update, sizes}, {{"B", 64}});
}

// As Zen 4 would: the last columns in narrower vectors, with a mask where they do not fill them.
TEST(Contraction, LastColumnsInNarrowVectors) {
  const std::vector<Bindings> sizes = {{{"B", 33}}, {{"B", 7}}, {{"B", 1}}, {{"B", 0}}};
  for (const char* form : {"NN", "TN", "NT"}) {
    for (int64_t columns : {20, 24, 37, 53, 100})
      check(gemm(form, B, columns, 40, DType::F32, sizes), {{"B", 33}}, as_zen4);
    for (int64_t columns : {11, 12, 42})
      check(gemm(form, B, columns, 40, DType::F64, sizes), {{"B", 33}}, as_zen4);
    for (int64_t depth : {1, 7, 1100}) check(gemm(form, 19, 37, depth), {}, as_zen4);
    check(gemm(form, 1, 100, 64), {}, as_zen4);
  }
}

// Columns and results from behind the second-level cache are asked for a panel before, those behind the last one too.
TEST(Contraction, PanelsAskForTheNext) {
  auto small_zen4 = [](Target& target) {
    as_zen4(target);
    with_small_cache(target);
  };
  for (int64_t columns : {200, 256}) check(gemm("NN", 70, columns, 1100), {}, small_zen4);
  check(gemm("NN", 20, 1024, 300), {}, as_zen4);
}

// Columns that are transposed are asked for by the tiles before, whatever follows: the next chunk of depth, block, rows that
// need the same columns again, batch, or nothing; and whether rows make a whole tile or none.
TEST(Contraction, BlocksAskForTheNext) {
  auto zen4_of_128_kib = [](Target& target) {
    as_zen4(target);
    target.l2_bytes = 128 << 10;
  };
  const std::vector<Bindings> sizes = {{{"B", 300}}, {{"B", 33}}, {{"B", 7}}, {{"B", 0}}};
  for (int64_t columns : {130, 256}) {
    check(gemm("NT", B, columns, 550, DType::F32, sizes), {{"B", 300}}, zen4_of_128_kib);
    check(gemm("NT", B, columns, 250, DType::F64, sizes), {{"B", 300}}, zen4_of_128_kib);
  }
  check(gemm("NT", 150, 200, K, DType::F32, {{{"K", 600}}, {{"K", 3}}, {{"K", 0}}}), {{"K", 600}},
        zen4_of_128_kib);
  auto linear = [](Builder& g, const Values& x) {
    Value y = g.add(g.contract(x[0], x[1], 1, 1), x[2]);
    return Values{g.max(y, g.full(DType::F32, g.shape(y), 0))};
  };
  Type weight{DType::F32, {520, 550}}, bias{DType::F32, {520}};
  check({"linear", {{DType::F32, {B, 550}}, weight, bias}, linear, sizes}, {{"B", 300}}, zen4_of_128_kib);
  auto residual = [](Builder& g, const Values& x) {
    return Values{g.add(g.contract(x[0], x[1], 1, 1), x[2])};
  };
  check({"residual", {{DType::F32, {B, 550}}, weight, {DType::F32, {B, 520}}}, residual, sizes}, {{"B", 300}},
        zen4_of_128_kib);
  auto heads = [](Builder& g, const Values& x) {
    return Values{g.dot(x[0], x[1], {{0}, {0}, {2}, {2}, DType::F32})};
  };
  const std::vector<Bindings> batches = {{{"B", 3}}, {{"B", 0}}};
  check({"heads", {{DType::F32, {B, 150, 300}}, {DType::F32, {B, 200, 300}}}, heads, batches}, {{"B", 3}},
        zen4_of_128_kib);
}

// Operands of an update that are more than the cache of a core.
TEST(Contraction, EpiloguesOfFarOperands) {
  const std::vector<Bindings> sizes = {{{"B", 300}}, {{"B", 7}}, {{"B", 0}}};
  for (int64_t rows : {5, 64, 131}) {
    for (int64_t columns : {75, 200})
      check(momentum_update(B, rows, columns, sizes), {{"B", 300}}, with_small_cache);
  }
}

// Vectors no wider than a block of random numbers, and wider ones that begin within a block.
TEST(Contraction, EpiloguesDrawRandomNumbers) {
  for (DType dtype : {DType::F32, DType::F64}) {
    for (int64_t columns : {2, 3, 4, 7, 16, 37}) {
      const Type type{dtype, {20, columns}}, scalar{DType::I64, {}};
      auto noisy = [=](Builder& g, const Values& x) {
        return Values{g.add(g.dot(x[0], x[1], contract(1, 0, dtype)), g.random("noise", type, x[2], x[3]))};
      };
      check({fmt::format("noise {}x{}", columns, name_of(dtype)),
             {{dtype, {20, 30}}, {dtype, {30, columns}}, scalar, scalar},
             noisy});
    }
  }
}

TEST(Contraction, Prologues) {
  const std::vector<Bindings> sizes = {{{"B", 64}}, {{"B", 5}}};
  auto pixels = [](Builder& g, const Values& x) {
    Value image = g.div(g.cast(g.reshape(x[0], {B, 77}), DType::F32), g.scalar(DType::F32, 255));
    return Values{g.contract(image, x[1], 1, 1)};
  };
  check({"pixels", {{DType::U8, {B, 7, 11}}, {DType::F32, {40, 77}}}, pixels, sizes}, {{"B", 64}});
  auto both = [](Builder& g, const Values& x) {
    Value a = g.max(x[0], g.full(DType::F32, g.shape(x[0]), 0));
    return Values{g.contract(a, g.mul(x[1], x[2]), 0, 0)};
  };
  Type w{DType::F32, {50, 33}};
  check({"both sides", {{DType::F32, {50, 21}}, w, w}, both});
}

// conv as composites build it: [n, c, h, w] padded, windowed, contracted with [o, c, k, k], result to [n, o,
// h, w].
Case conv(int64_t channels, int64_t size, int64_t out, int64_t window, int64_t stride, int64_t dilation,
          int64_t pad) {
  auto build = [=](Builder& g, const Values& x) {
    Value p =
        g.pad(x[0], {0, 0, pad, pad}, {0, 0, pad, pad}, {0, 0, 0, 0}, Literal::from_double(DType::F32, 0));
    Value v = g.window(p, {{2, window, stride, dilation}, {3, window, stride, dilation}});
    return Values{g.permute(g.dot(v, x[1], {{}, {}, {1, 4, 5}, {1, 2, 3}, DType::F32}), {0, 3, 1, 2})};
  };
  Type image{DType::F32, {B, channels, size, size}}, weights{DType::F32, {out, channels, window, window}};
  return {fmt::format("conv {} {} {} {} {} {} {}", channels, size, out, window, stride, dilation, pad),
          {image, weights},
          build,
          {{{"B", 3}}, {{"B", 1}}}};
}

TEST(Contraction, Convolutions) {
  check(conv(1, 12, 8, 3, 1, 1, 1), {{"B", 3}});
  check(conv(3, 9, 5, 3, 2, 1, 1), {{"B", 3}});
  check(conv(2, 13, 20, 3, 1, 2, 0), {{"B", 3}});
  check(conv(4, 8, 17, 1, 1, 1, 0), {{"B", 3}});
  check(conv(2, 11, 4, 5, 3, 2, 4), {{"B", 3}});
}

TEST(Contraction, ConvolutionByWeights) {
  auto build = [](Builder& g, const Values& x) {  // x [n, c, h, w] windowed, g [n, o, h, w]
    Value p = g.pad(x[0], {0, 0, 1, 1}, {0, 0, 1, 1}, {0, 0, 0, 0}, Literal::from_double(DType::F32, 0));
    Value v = g.window(p, {{2, 3, 1, 1}, {3, 3, 1, 1}});
    return Values{g.dot(x[1], v, {{}, {}, {0, 2, 3}, {0, 2, 3}, DType::F32})};
  };
  check({"by weights",
         {{DType::F32, {B, 2, 10, 10}}, {DType::F32, {B, 6, 10, 10}}},
         build,
         {{{"B", 4}}, {{"B", 1}}}},
        {{"B", 4}});
}

// What a random product adds to its dot: a bias and relu along the columns, two results, or the transpose and a sum.
Case with_epilogue(const Case& product, int kind, Dim m, Dim n) {
  Case c = product;
  const DType dtype = c.inputs[0].dtype == DType::F64 ? DType::F64 : DType::F32;
  const Shape others[] = {{n}, {m, n}, {n, m}};
  c.inputs.push_back({dtype, others[kind]});
  c.build = [=](Builder& b, const Values& x) {
    Value d = product.build(b, {x[0], x[1]})[0];
    if (kind == 0) return Values{b.max(b.add(d, b.broadcast_to(x[2], b.shape(d))), b.scalar(dtype, 0))};
    if (kind == 1) return Values{b.add(d, x[2]), b.mul(d, x[2])};
    return Values{b.add(b.permute(d, {1, 0}), x[2])};
  };
  c.name += fmt::format(" epilogue {}", kind);
  return c;
}

// Extents that are numbers or symbols, sizes that are expected or not.
TEST(Contraction, RandomProducts) {
  std::mt19937 rng(7);
  const int64_t extents[] = {0, 1, 2, 3, 4, 5, 7, 8, 13, 16, 17, 31, 33, 48, 64, 70, 100, 129, 257, 600};
  const DType dtypes[] = {DType::F32, DType::F32, DType::F32, DType::F64, DType::BF16};
  const char* forms[] = {"NN", "NT", "TN", "TT"};
  auto size = [&] { return extents[rng() % std::size(extents)]; };
  for (int i = 0; i < 80; ++i) {
    std::vector<Bindings> sizes(3);
    Bindings expected;
    auto extent = [&](const char* symbol) {
      if (rng() % 3 != 0) return Dim(size());
      for (Bindings& dims : sizes) dims[symbol] = size();
      expected[symbol] = rng() % 2 ? sizes[0].at(symbol) : size();
      return Dim::symbol(symbol);
    };
    Dim m = extent("B"), n = extent("C"), k = extent("K");
    Case c = gemm(forms[rng() % 4], m, n, k, dtypes[rng() % std::size(dtypes)], sizes);
    if (int kind = static_cast<int>(rng() % 6); kind < 3) c = with_epilogue(c, kind, m, n);
    check(c, expected);
  }
}

}  // namespace
}  // namespace nnc
