// Kernels for operands larger than any cache: the same numbers as the others' at every alignment and size, and past the
// caches only where that is decided.
#include <gtest/gtest.h>

#include "codegen/compile_program.h"
#include "codegen/lower.h"
#include "ir/graph_text.h"
#include "passes/fuse.h"
#include "tests/codegen/assembly.h"
#include "tests/codegen/run_kernel.h"
#include "tests/codegen/run_region.h"
#include "tests/support/compare.h"

namespace nnc::test {
namespace {

struct Case {
  const char* name;
  KernelKind kind;
  const char* text;
};
const Case kCases[] = {
    {"flat", KernelKind::Pointwise, "graph g(x: f32[N]) { e = exp(x) : f32[N]\n output y = e }"},
    {"narrow", KernelKind::Pointwise, "graph g(x: f32[N]) { z = lt(x, x) : bool[N]\n output y = z }"},
    {"wide", KernelKind::Pointwise, "graph g(x: f32[N]) { z = cast(x, to = f64) : f64[N]\n output y = z }"},
    {"rows of a bias", KernelKind::Pointwise,
     "graph g(x: f32[3, N], z: f32[N]) {\n b = broadcast(z, axes = [1]) : f32[3, N]\n"
     " s = add(x, b) : f32[3, N]\n output y = s }"},
    {"softmax", KernelKind::Row,
     "graph g(x: f32[3, N]) {\n m = reduce(x, monoid = max, axes = [1]) : f32[3]\n"
     " mb = broadcast(m, axes = [0]) : f32[3, N]\n d = sub(x, mb) : f32[3, N]\n e = exp(d) : f32[3, N]\n"
     " s = reduce(e, monoid = add, axes = [1]) : f32[3]\n sb = broadcast(s, axes = [0]) : f32[3, N]\n"
     " q = div(e, sb) : f32[3, N]\n output y = q }"},
    {"column sums", KernelKind::Reduce,
     "graph g(x: f32[70, N]) { s = reduce(x, monoid = add, axes = [0]) : f32[N]\n output y = s }"},
    {"sums and places of columns", KernelKind::Reduce,
     "graph g(x: f32[150, N]) {\n s = reduce(x, monoid = add, axes = [0]) : f32[N]\n"
     " a = argmax(x, axis = 0) : i32[N]\n f = cast(a, to = f32) : f32[N]\n t = add(s, f) : f32[N]\n"
     " output y = t }"},
};

// Memory that begins `offset` elements behind a multiple of 64 bytes, and must not be written past its end.
class Shifted {
 public:
  Shifted(DType dtype, int64_t count, int64_t offset)
      : all_(DType::U8, {(count + offset) * size_of(dtype) + 64}),
        begin_(offset * size_of(dtype)),
        bytes_(count * size_of(dtype)) {
    std::fill(all_.as<uint8_t>().begin(), all_.as<uint8_t>().end(), uint8_t{0xa5});
  }
  std::byte* data() { return all_.bytes().data() + begin_; }
  bool is_whole() const {
    auto bytes = all_.as<uint8_t>();
    bool front = std::all_of(bytes.begin(), bytes.begin() + begin_, [](uint8_t b) { return b == 0xa5; });
    return front &&
           std::all_of(bytes.begin() + begin_ + bytes_, bytes.end(), [](uint8_t b) { return b == 0xa5; });
  }

 private:
  Tensor all_;
  int64_t begin_, bytes_;
};

loop::Kernel kernel_of(const Case& c, const Target& target, int64_t expected, bool streamed) {
  Graph region = as_region(parse_graph(c.text), c.kind);
  loop::Kernel kernel = lower(region, static_cast<NodeId>(region.size() - 1), target, {{"N", expected}});
  for (loop::Buffer& b : kernel.buffers) b.streamed = streamed && b.role == loop::BufferRole::Result;
  return kernel;
}

std::vector<int64_t> shape_of(const Type& type, int64_t n) {
  std::vector<int64_t> out;
  for (const Dim& d : type.shape) out.push_back(d.evaluate({{"N", n}}));
  return out;
}

NamedTensors inputs_of(const Graph& g, int64_t n) {
  NamedTensors out;
  for (NodeId id : g.inputs()) {
    Tensor t(DType::F32, shape_of(g.node(id).results[0], n));
    for (int64_t i = 0; i < t.count(); ++i) t.set(i, static_cast<double>(i * 37 % 101) / 16 - 3);
    out.insert({g.node(id).as<InputAttrs>().name, t});
  }
  return out;
}

// The result of every task in two calls, with all arrays at that offset.
Tensor run_shifted(const loop::Kernel& kernel, KernelFunction f, const Graph& g, const NamedTensors& inputs,
                   int64_t n, int64_t offset) {
  std::vector<Shifted> arrays;
  for (NodeId id : g.inputs()) {
    const Tensor& t = inputs.at(g.node(id).as<InputAttrs>().name);
    arrays.emplace_back(t.dtype(), t.count(), offset);
    std::copy(t.bytes().begin(), t.bytes().end(), arrays.back().data());
  }
  const Type& type = g.type(g.outputs()[0].value);
  Tensor result(type.dtype, shape_of(type, n));
  arrays.emplace_back(type.dtype, result.count(), offset);
  std::vector<void*> buffers;
  for (Shifted& a : arrays) buffers.push_back(a.data());
  Bindings dims = {{"N", n}};
  std::vector<int64_t> extents(kernel.symbols.size(), n);
  std::vector<uint64_t> literals;
  for (const Literal& l : kernel.literals) literals.push_back(l.bits);
  Tensor scratch(DType::U8, {scratch_bytes(kernel, dims) + 1});
  uint32_t status = 0;
  KernelCall call{buffers.data(), extents.data(), literals.data(), &status};
  int64_t tasks = task_count(kernel, dims);
  f(&call, tasks / 2, tasks, scratch.bytes().data());
  f(&call, 0, tasks / 2, scratch.bytes().data());
  for (const Shifted& a : arrays) EXPECT_TRUE(a.is_whole());
  std::copy_n(arrays.back().data(), result.bytes().size(), result.bytes().data());
  return result;
}

class Streaming : public testing::TestWithParam<std::string> {};

TEST_P(Streaming, GivesTheSameBitsAtEverySizeAndAlignment) {
  Jit jit(Target::named(GetParam()));
  if (!jit.target().streams) GTEST_SKIP() << "no such stores here";
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.name);
    Graph g = parse_graph(c.text);
    loop::Kernel plain = kernel_of(c, jit.target(), 1 << 20, false),
                 streamed = kernel_of(c, jit.target(), 1 << 20, true);
    KernelFunction a = jit.compile(plain), b = jit.compile(streamed);
    for (int64_t n : {0, 1, 7, 15, 16, 17, 63, 64, 65, 127, 255, 1000, 4096, 5003}) {
      NamedTensors inputs = inputs_of(g, n);
      Tensor want = run_shifted(plain, a, g, inputs, n, 0);
      Tensor exact = interpret(g, inputs, {}, {Precision::F64, {{"N", n}}, nullptr})[0];
      EXPECT_EQ(compare(want, exact, {.ulps = 8}), "") << n;
      for (int64_t offset : {0, 1, 4, 15}) {
        Tensor got = run_shifted(streamed, b, g, inputs, n, offset);
        EXPECT_EQ(compare_bits(got, want), "") << n << " elements, offset " << offset;
      }
    }
  }
}

TEST_P(Streaming, UsesStoresThatAreFenced) {
  Target target = Target::named(GetParam());
  if (!target.streams) GTEST_SKIP() << "no such stores here";
  for (bool streamed : {false, true}) {
    std::string text = assembly_text(kernel_of(kCases[0], target, 1 << 20, streamed), target);
    EXPECT_EQ(text.find("movnt") != std::string::npos, streamed);
    EXPECT_EQ(text.find("sfence") != std::string::npos, streamed);
  }
}

INSTANTIATE_TEST_SUITE_P(Targets, Streaming, testing::ValuesIn(testable_targets()),
                         [](const auto& target) { return target.param; });

struct Decision {
  const char* name;
  const char* text;
  int64_t expected, most;
  bool streamed;
};
const Decision kDecisions[] = {
    {"a large result", "graph g(x: f32[N]) { e = exp(x) : f32[N]\n output y = e }", 16 << 20, 16 << 20, true},
    {"one that caches hold", "graph g(x: f32[N]) { e = exp(x) : f32[N]\n output y = e }", 1 << 20, 1 << 20,
     false},
    {"one that is large at most", "graph g(x: f32[N]) { e = exp(x) : f32[N]\n output y = e }", 1 << 20,
     16 << 20, false},
    {"state in its place",
     "graph g(d: f32[16777216]) {\n w = param(path = \"w\") : f32[16777216]\n s = sub(w, d) : f32[16777216]\n"
     " write w = s }",
     0, 0, false},
    {"a large sum of rows over and over",
     "graph g(x: f32[16777216, 1]) { s = reduce(x, monoid = add, axes = [1]) : f32[16777216]\n output y = s "
     "}",
     0, 0, true},
};

TEST(StreamedResults, AreLargeAndTakeNobodysPlace) {
  Target target = Target::host();
  if (!target.streams) GTEST_SKIP() << "no such stores here";
  for (const Decision& d : kDecisions) {
    SCOPED_TRACE(d.name);
    Bindings most, expected;
    if (d.most > 0) most = {{"N", d.most}}, expected = {{"N", d.expected}};
    std::vector<loop::Kernel> kernels = lower_all(fuse(parse_graph(d.text)), {target, most, expected});
    ASSERT_EQ(kernels.size(), 1u);
    EXPECT_EQ(kernels[0].buffers.back().streamed, d.streamed);
  }
}

TEST(StreamedResults, LeaveAnEqualKernelThatWritesInPlaceAsItIs) {
  Target target = Target::host();
  if (!target.streams) GTEST_SKIP() << "no such stores here";
  std::vector<loop::Kernel> kernels =
      lower_all(fuse(parse_graph("graph g(d: f32[16777216], x: f32[16777216]) {\n"
                                 " w = param(path = \"w\") : f32[16777216]\n s = sub(w, d) : f32[16777216]\n"
                                 " t = sub(x, d) : f32[16777216]\n write w = s\n output y = t }")),
                {.target = target, .max_dims = {}, .expected = {}});
  ASSERT_EQ(kernels.size(), 2u);
  EXPECT_NE(kernels[0].buffers.back().streamed, kernels[1].buffers.back().streamed);
}

}  // namespace
}  // namespace nnc::test
