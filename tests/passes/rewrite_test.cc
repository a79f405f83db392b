// Rebuilding keeps the signature, the labels and the outputs, and drops what is dead.
#include "passes/rewrite.h"

#include <gtest/gtest.h>

namespace nnc {
namespace {

TEST(Rebuild, DropsDeadNodesAndKeepsInputsAndLabels) {
  Graph g("net");
  Builder b(g);
  Value x = b.input("x", {DType::F32, {Dim::symbol("B")}});
  b.input("unused", {DType::F32, {}});
  b.exp(x);
  b.set_scope(g.scope(0, "head"));
  b.set_loc({7, 3, 1});
  Value y = b.neg(x);
  g.add_output({"y", y});
  g.add_output({"y", y, true});

  Graph out = eliminate_dead_code(g);
  EXPECT_EQ(out.name(), "net");
  ASSERT_EQ(out.size(), 3u);
  EXPECT_EQ(out.inputs().size(), 2u);
  const Node& n = out.node(out.outputs()[0].value);
  EXPECT_EQ(n.op, Op::Neg);
  EXPECT_EQ(out.scope_path(n.scope), "head");
  EXPECT_EQ(n.loc, (Loc{7, 3, 1}));
  EXPECT_TRUE(out.outputs()[1].state_write);
}

TEST(Rebuild, RewritesInsideBodiesWhenAsked) {
  Graph body("step");
  Builder bb(body);
  Value c = bb.input("c", {DType::F32, {}});
  Value x = bb.input("x", {DType::F32, {}});
  body.add_output({"c", bb.sub(c, x)});
  Graph g;
  Builder b(g);
  ScanAttrs attrs{1, 1, Dim::symbol("T"), false, {std::make_shared<const Graph>(body)}};
  Value xs = b.input("xs", {DType::F32, {Dim::symbol("T")}});
  g.add_output({"last", b.scan(attrs, {b.scalar(DType::F32, 0), xs})[0]});

  Emit sub_to_add = [](Builder& to, const Node& n, const std::vector<Value>& v) -> std::vector<Value> {
    if (n.op != Op::Sub) return {};
    return {to.add(v[0], to.neg(v[1]))};
  };
  auto op_in_body = [](const Graph& graph) {
    const Graph* in = body_of(graph.node(graph.outputs()[0].value));
    return in->node(in->outputs()[0].value).op;
  };
  EXPECT_EQ(op_in_body(rebuild(g, sub_to_add)), Op::Sub);
  EXPECT_EQ(op_in_body(rebuild(g, sub_to_add, Bodies::Visit)), Op::Add);
}

}  // namespace
}  // namespace nnc
