#include "codegen/equal_regions.h"

#include <gtest/gtest.h>

#include "codegen/lower.h"
#include "codegen/program_builder.h"
#include "ir/builder.h"
#include "ir/graph_text.h"
#include "passes/fuse.h"
#include "tests/support/eval.h"

namespace nnc::test {
namespace {

// One region per body, each of its first input's type.
struct Regions {
  explicit Regions(std::initializer_list<Graph> bodies) {
    Builder b(outer);
    int count = 0;
    for (const Graph& body : bodies) {
      const Type& type = body.node(body.inputs()[0]).results[0];
      std::string number = std::to_string(count++);
      Value x = b.input("x" + number, type);
      RegionAttrs attrs{KernelKind::Pointwise, "region" + number, {std::make_shared<Graph>(body)}};
      all.push_back({&outer, b.add_node(Op::Region, attrs, {x})[0].node});
    }
  }

  Graph outer;
  std::vector<RegionOf> all;
};

Graph unary(const std::string& input, const std::string& output, Op op, Type type = {DType::F32, {8}}) {
  Graph g("body");
  Builder b(g);
  g.add_output({output, b.unary(op, b.input(input, type)), false});
  return g;
}

TEST(EqualRegions, AreThoseThatDifferInNamesAlone) {
  Regions r({unary("x", "y", Op::Exp), unary("h", "z", Op::Exp), unary("x", "y", Op::Sin),
             unary("x", "y", Op::Exp, {DType::F32, {9}}), unary("a", "b", Op::Sin)});
  EXPECT_EQ(first_equal(r.all), (std::vector<size_t>{0, 0, 2, 3, 2}));
}

TEST(EqualRegions, KeepTheirOwnNames) {
  Regions r({unary("x", "y", Op::Exp), unary("h", "z", Op::Exp)});
  loop::Kernel own = lower(r.outer, r.all[1].id, Target::host(), {});
  loop::Kernel other = renamed(lower(r.outer, r.all[0].id, Target::host(), {}), r.all[1]);
  EXPECT_EQ(print(other), print(own));
}

TEST(EqualRegions, AreOneKernelOfAProgramUntilACallChangesIt) {
  Graph fused = fuse(
      parse_graph("graph g(a: f32[8], b: f32[8], c: f32[8]) {\n x = exp(a) : f32[8]\n y = sin(b) : f32[8]\n"
                  " z = exp(c) : f32[8]\n output p = x\n output q = y\n output r = z }"));
  ProgramBuilder builder(Target::host(), {}, 2);
  builder.build(fused);
  ASSERT_EQ(builder.program().calls.size(), 3u);
  EXPECT_EQ(builder.kernels().size(), 2u);
  EXPECT_EQ(builder.kernel_of(0), builder.kernel_of(2));
  EXPECT_EQ(builder.named_kernel(2).name, builder.program().calls[2].name);
  builder.own_kernel(2).buffers[1].streamed = true;
  EXPECT_EQ(builder.kernels().size(), 3u);
  EXPECT_FALSE(builder.kernels()[builder.kernel_of(0)].buffers[1].streamed);
  EXPECT_EQ(&builder.own_kernel(2), &builder.kernels()[builder.kernel_of(2)]);
}

}  // namespace
}  // namespace nnc::test
