// The machine code of products of matrices: every K loop of every shape, whole tiles and the smaller ones at the edges,
// keeps its sums in registers and multiplies whole vectors.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "codegen/lower.h"
#include "ir/builder.h"
#include "tests/codegen/assembly.h"
#include "tests/codegen/run_region.h"

namespace nnc {
namespace {

struct Shape3 {
  int64_t m, n, k;
};
constexpr Shape3 kShapes[] = {{64, 128, 784},    {784, 128, 64},   {64, 10, 64},    {1, 128, 784},
                              {256, 1024, 1024}, {32, 1024, 256},  {512, 512, 512}, {2048, 2048, 2048},
                              {1760, 128, 1760}, {35, 2560, 2560}, {17, 33, 65},    {3, 256, 7},
                              {5, 500, 5},       {4, 128, 4}};

// Row-major operands, each as it is (N) or transposed (T).
std::string assembly_of(const Shape3& s, const std::string& form, const Target& target) {
  bool ta = form[0] == 'T', tb = form[1] == 'T';
  Graph g;
  Builder b(g);
  Value lhs = b.input("a", {DType::F32, ta ? Shape{s.k, s.m} : Shape{s.m, s.k}});
  Value rhs = b.input("b", {DType::F32, tb ? Shape{s.n, s.k} : Shape{s.k, s.n}});
  g.add_output({"c", b.contract(lhs, rhs, ta ? 0 : 1, tb ? 1 : 0)});
  Graph region = test::as_region(g, KernelKind::Contraction);
  return assembly_text(lower(region, static_cast<NodeId>(region.size() - 1), target, {}), target);
}

class ContractionAssembly : public testing::TestWithParam<const char*> {};

TEST_P(ContractionAssembly, KLoopsKeepTheirSumsInRegisters) {
  Target target = Target::named(GetParam());
  for (const char* form : {"NN", "NT", "TN"}) {
    for (const Shape3& s : kShapes) {
      std::string assembly = assembly_of(s, form, target);
      int loops = 0;
      for (const test::InnerLoop& loop : test::inner_loops(assembly)) {
        if (loop.count("vfmadd") == 0) continue;
        ++loops;
        EXPECT_TRUE(test::no_spills(assembly, loop, target.vector_bytes))
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

INSTANTIATE_TEST_SUITE_P(Targets, ContractionAssembly, testing::Values("avx2", "avx512"),
                         [](const auto& info) { return std::string(info.param); });

}  // namespace
}  // namespace nnc
