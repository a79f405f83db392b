// The machine code of products of matrices: every K loop of every shape, whole tiles and the smaller ones at the edges,
// keeps its sums in registers and multiplies whole vectors.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "codegen/jit.h"
#include "tests/codegen/assembly.h"
#include "tests/codegen/contraction_cases.h"

namespace nnc {
namespace {

using test::contraction::gemm;
using test::contraction::Region;

struct Shape3 {
  int64_t m, n, k;
};
constexpr Shape3 kShapes[] = {{64, 128, 784},    {784, 128, 64},   {64, 10, 64},    {1, 128, 784},
                              {256, 1024, 1024}, {32, 1024, 256},  {512, 512, 512}, {2048, 2048, 2048},
                              {1760, 128, 1760}, {35, 2560, 2560}, {17, 33, 65},    {3, 256, 7},
                              {5, 500, 5},       {4, 128, 4},      {33, 100, 40}};

struct Compiled {
  std::string assembly;
  int narrow_bytes = 0;  // of the last columns' vector, where the plan has a narrower one
};

// Row-major operands, each as it is (N) or transposed (T).
Compiled compile(const Shape3& s, const std::string& form, const Target& target) {
  const loop::Kernel kernel = Region(gemm(form, s.m, s.n, s.k)).lower(target);
  const std::string word = " last ";
  const size_t at = kernel.note.find(word);
  const int last = at == std::string::npos ? 0 : std::stoi(kernel.note.substr(at + word.size()));
  return {assembly_text(kernel, target), last * 4};
}

std::string assembly_of(const Shape3& s, const std::string& form, const Target& target) {
  return compile(s, form, target).assembly;
}

struct Machine {
  std::string target, cpu;
};

class ContractionAssembly : public testing::TestWithParam<Machine> {};

TEST_P(ContractionAssembly, KLoopsKeepTheirSumsInRegisters) {
  Target target = Target::named(GetParam().target);
  target.cpu = GetParam().cpu;
  for (const char* form : {"NN", "NT", "TN"}) {
    for (const Shape3& s : kShapes) {
      const auto [assembly, narrow_bytes] = compile(s, form, target);
      int loops = 0;
      for (const test::InnerLoop& loop : test::inner_loops(assembly)) {
        if (loop.count("vfmadd") == 0) continue;
        ++loops;
        EXPECT_TRUE(test::no_spills(assembly, loop, target.vector_bytes, narrow_bytes))
            << fmt::format("{} {}x{}x{}", form, s.m, s.n, s.k);
      }
      EXPECT_GT(loops, 0) << fmt::format("{} {}x{}x{}", form, s.m, s.n, s.k);
    }
  }
}

TEST(ContractionWidth, VectorsAreNoWiderThanColumnsNeed) {
  const std::pair<int64_t, int> widths[] = {{3, 16}, {4, 16}, {5, 32}, {8, 32}, {9, 64}};
  for (auto [columns, bytes] : widths) {
    std::string assembly = assembly_of({40, columns, 64}, "NN", Target::named("avx512"));
    EXPECT_TRUE(test::no_spills(assembly, bytes)) << columns;
  }
}

// Were its stores in a loop over tasks, the compiler would move them behind it and keep all results in registers until then.
TEST(ContractionOfOneTask, SpillsNothing) {
  for (const Shape3& s : {Shape3{16, 16, 7}, {33, 64, 1}, {64, 64, 1}, {16, 16, 16}}) {
    std::string assembly = assembly_of(s, "NN", Target::named("avx512"));
    EXPECT_EQ(assembly.find("(%rsp)"), std::string::npos)
        << fmt::format("{}x{}x{}\n{}", s.m, s.n, s.k, assembly);
  }
}

INSTANTIATE_TEST_SUITE_P(Targets, ContractionAssembly,
                         testing::Values(Machine{"avx2", "x86-64-v3"}, Machine{"avx512", "sapphirerapids"},
                                         Machine{"avx512", "znver4"}),
                         [](const auto& info) {
                           return info.param.cpu == "znver4" ? std::string("zen4") : info.param.target;
                         });

}  // namespace
}  // namespace nnc
