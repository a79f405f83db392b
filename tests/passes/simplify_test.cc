// Every rule's two sides agree bit for bit on awkward inputs, and what is not a law is left alone.
#include "passes/simplify.h"

#include <gtest/gtest.h>

#include <set>

#include "passes/rewrite.h"
#include "tests/support/compare.h"

namespace nnc::test {
namespace {

// Special values and random ones, for every input.
NamedTensors awkward_inputs(const Graph& g, uint64_t seed) {
  NamedTensors out;
  for (NodeId id : g.inputs()) {
    const auto& in = g.node(id).as<InputAttrs>();
    std::vector<int64_t> shape;
    for (const Dim& d : in.type.shape) shape.push_back(d.value());
    Domain domain = seed % 2 == 0 ? Domain::Special : Domain::Any;
    out.emplace(in.name, random_tensor(in.type.dtype, shape, domain, seed + id));
  }
  return out;
}

TEST(Simplify, BothSidesOfEveryRuleAgree) {
  std::set<std::string_view> names;
  for (const Rule& rule : simplification_rules()) {
    EXPECT_TRUE(names.insert(rule.name).second) << rule.name;
    Graph g;
    Builder b(g);
    std::vector<Value> lhs = rule.examples(b);
    EXPECT_FALSE(lhs.empty()) << rule.name;
    for (Value v : lhs) {
      const Node n = g.node(v);
      ASSERT_EQ(n.op, rule.root) << rule.name;
      Value rhs = rule.apply(b, n);
      ASSERT_TRUE(rhs.valid() && rhs != v) << rule.name;
      g.add_output({"lhs", v});
      g.add_output({"rhs", rhs});
    }
    for (uint64_t seed = 0; seed < 4; ++seed) {
      std::vector<Tensor> values = interpret(g, awkward_inputs(g, seed));
      for (size_t i = 0; i < values.size(); i += 2) {
        EXPECT_EQ(compare(values[i + 1], values[i], {}), "") << rule.name << " example " << i / 2;
      }
    }
  }
}

// The whole pass on graphs made of all examples: types stay, and a second run changes nothing.
TEST(Simplify, KeepsValuesAndIsIdempotent) {
  for (const Rule& rule : simplification_rules()) {
    Graph g;
    Builder b(g);
    for (Value v : rule.examples(b)) g.add_output({"y", v});
    Graph once = simplify(g), twice = simplify(once);
    EXPECT_TRUE(once.same_structure(twice)) << rule.name;
    NamedTensors inputs = awkward_inputs(g, 6);
    std::vector<Tensor> want = interpret(g, inputs), got = interpret(once, inputs);
    for (size_t i = 0; i < want.size(); ++i) EXPECT_EQ(compare(got[i], want[i], {}), "") << rule.name;
  }
}

Op simplified_op(DType type, const std::function<Value(Builder&, Value)>& build) {
  Graph g;
  Builder b(g);
  g.add_output({"y", build(b, b.input("x", {type, {4}}))});
  Graph out = simplify(g);
  return out.node(out.outputs()[0].value).op;
}

TEST(Simplify, LeavesAloneWhatWouldChangeABit) {
  auto with = [](Op op, double c) {
    return [=](Builder& b, Value x) { return b.binary(op, x, b.scalar(b.dtype(x), c)); };
  };
  EXPECT_EQ(simplified_op(DType::F32, with(Op::Add, 0.0)), Op::Add);
  EXPECT_EQ(simplified_op(DType::F32, with(Op::Sub, -0.0)), Op::Sub);
  EXPECT_EQ(simplified_op(DType::F32, with(Op::Mul, 0.0)), Op::Mul);
  EXPECT_EQ(simplified_op(DType::I32, with(Op::Mul, 0.0)), Op::Broadcast);
  auto through = [](DType over, DType to) {
    return [=](Builder& b, Value x) {
      return b.unary(Op::Not, b.eq(b.cast(b.cast(x, over), to), b.cast(x, to)));
    };
  };
  EXPECT_EQ(simplified_op(DType::F32, through(DType::BF16, DType::F32)), Op::Not);
  EXPECT_EQ(
      simplified_op(DType::I32, [](Builder& b, Value x) { return b.cast(b.cast(x, DType::F64), DType::U8); }),
      Op::Cast);
  auto sum_of_copies = [](Builder& b, Value x) { return b.reduce_add(b.broadcast(x, {2, 4}, {1}), {0}); };
  EXPECT_EQ(simplified_op(DType::F32, sum_of_copies), Op::Reduce);
}

TEST(Simplify, FoldsConstantsToAFixpoint) {
  Graph g;
  Builder b(g);
  Value two = b.scalar(DType::F32, 2), x = b.input("x", {DType::F32, {3}});
  Value one = b.sub(b.mul(two, two), b.scalar(DType::F32, 3));
  g.add_output({"y", b.mul(x, b.sqrt(one))});
  Graph out = simplify(g);
  EXPECT_EQ(out.size(), 1u);
}

// Four gates cut from one value: their gradient is one concat, not three sums of padded pieces.
TEST(Simplify, GradientOfASplitIsAConcat) {
  Graph g;
  Builder b(g);
  Value sum = b.pad(b.input("p0", {DType::F32, {2, 3}}), {0, 0}, {0, 9}, {0, 0},
                    Literal::from_double(DType::F32, -0.0));
  for (int64_t i = 1; i < 4; ++i) {
    Value part = b.input("p" + std::to_string(i), {DType::F32, {2, 3}});
    sum = b.add(b.pad(part, {0, 3 * i}, {0, 9 - 3 * i}, {0, 0}, Literal::from_double(DType::F32, -0.0)), sum);
  }
  g.add_output({"y", sum});
  Graph out = simplify(g);
  EXPECT_EQ(out.size(), 5u);
  EXPECT_EQ(out.node(out.outputs()[0].value).op, Op::Concat);
  EXPECT_EQ(out.node(out.outputs()[0].value).operands.size(), 4u);
}

}  // namespace
}  // namespace nnc::test
