#include "ir/graph_text.h"

#include <gtest/gtest.h>

#include <cstring>
#include <random>
#include <set>

#include "ir/names.h"
#include "ir/verify.h"
#include "tests/ir/every_op.h"
#include "tests/ir/samples.h"

namespace nnc {
namespace {

void expect_round_trip(const Graph& g) {
  std::string text = print(g);
  Graph back = parse_graph(text);
  EXPECT_TRUE(g.same_structure(back)) << text;
  EXPECT_EQ(print(back), text);
}

TEST(GraphText, EveryOpRoundTrips) {
  Graph g = every_op();
  std::set<Op> seen;
  for (const Node& n : g.nodes()) seen.insert(n.op);
  for (Op op : all_ops()) EXPECT_TRUE(seen.contains(op)) << info(op).name;
  expect_round_trip(g);
}

TEST(GraphText, Layout) {
  Graph g("step");
  Builder b(g);
  Value x = b.input("x", {DType::F32, {Dim::symbol("T"), 2}});
  Value w = b.param("h.w", {DType::F32, {2}}, false);
  {
    ScopeGuard h(b, "h");
    ScopeGuard cell(b, "cell");
    auto r = b.scan(ScanAttrs{1, 1, Dim::symbol("T"), false, scan_body()}, {w, x, w});
    Value sum = b.reduce_add(b.mul(r[1], b.scalar(DType::F32, 0.5)), {0, 1});
    g.add_output({"loss", sum});
    g.add_output({"h.w", r[0], true});
  }
  EXPECT_EQ(print(g),
            "graph step(x: f32[T, 2]) {\n"
            "  h.w = param(path = \"h.w\", trainable = false) : f32[2]\n"
            "  h.cell.scan.r0, h.cell.scan.r1 = scan(h.w, x, h.w, carries = 1, scanned = 1, length = T) "
            "(carry: f32[2], x: f32[2], w: f32[2]) {\n"
            "    cell.mul = mul(x, w) : f32[2]\n"
            "    cell.add = add(carry, cell.mul) : f32[2]\n"
            "    cell.neg = neg(cell.add) : f32[2]\n"
            "    output carry = cell.add\n"
            "    output y = cell.neg\n"
            "  } : f32[2], f32[T, 2]\n"
            "  h.cell.constant = constant(value = f32(0.5)) : f32[]\n"
            "  h.cell.broadcast = broadcast(h.cell.constant) : f32[T, 2]\n"
            "  h.cell.mul = mul(h.cell.scan.r1, h.cell.broadcast) : f32[T, 2]\n"
            "  h.cell.reduce = reduce(h.cell.mul, monoid = add, axes = [0, 1]) : f32[]\n"
            "  output loss = h.cell.reduce\n"
            "  write h.w = h.cell.scan.r0\n"
            "}\n");
  expect_round_trip(g);
}

// Names that collide, look like ordinals, or are words of the language.
TEST(GraphText, AwkwardNamesRoundTrip) {
  Graph g("true");
  Builder b(g);
  Value a = b.input("neg", {DType::F32, {}});
  std::vector<Value> values = {a, b.input("h.neg.1", {DType::F32, {}}), b.param("neg.1", {DType::F32, {}})};
  for (const char* name :
       {"inf", "not", "and", "output", "write", "input", "1", "", "é\n\"\\", "a b", "f32"}) {
    values.push_back(b.input(name, {DType::F32, {}}));
  }
  for (const char* scope : {"", "h", "neg", "neg.1", "1", "and", "a b"}) {
    b.set_scope(0);
    ScopeGuard guard(b, scope);
    for (Op op : {Op::Neg, Op::Exp}) {
      for (int i = 0; i < 3; ++i) values.push_back(b.unary(op, values[values.size() - 3 - i]));
    }
    values.push_back(b.select(b.lt(values[3], values.back()), values[5], values[6]));
  }
  for (size_t i = 0; i < values.size(); ++i) g.add_output({i % 2 ? "write" : "nan", values[i], i % 3 == 0});
  expect_round_trip(g);
}

TEST(GraphText, FloatsRoundTripThroughText) {
  std::mt19937_64 random(3);
  Graph g("floats");
  Builder b(g);
  for (int i = 0; i < 3000; ++i) {
    b.constant({DType::F32, random() & 0xffffffff});
    b.constant({DType::F64, random()});
    b.constant({DType::BF16, random() & 0xffff});
  }
  expect_round_trip(g);
}

TEST(Names, ScopesComeBack) {
  const std::tuple<const char*, Op, size_t, const char*> kRows[] = {
      {"dot", Op::Dot, 1, ""},           {"dot.1", Op::Dot, 1, ""},          {"h.dot", Op::Dot, 1, "h"},
      {"h.3.dot.12", Op::Dot, 1, "h.3"}, {"dot.1.dot", Op::Dot, 1, "dot.1"}, {"h.scan.r1", Op::Scan, 2, "h"},
      {"scan.2.r0", Op::Scan, 2, ""},    {"h.mine", Op::Dot, 1, "h"},        {"mine", Op::Dot, 1, ""},
  };
  for (const auto& [name, op, results, scope] : kRows)
    EXPECT_EQ(scope_of_name(name, op, results), scope) << name;
}

std::string errors_of(const std::string& body) {
  Diagnostics d("g.nn", "graph g(x: f32[B, 4]) {\n" + body + "}\n");
  parse_graphs(d);
  return d.render();
}

struct Golden {
  const char* body;
  const char* expected;
};

const Golden kGoldens[] = {
    {"  a = ngg(x)\n  b = neg(y)\n  c = add(a, b)\n  d = neg(xx)\n",
     "g.nn:2:7: error: unknown op 'ngg'\n"
     "  2 |   a = ngg(x)\n"
     "    |       ^~~\n"
     "help: did you mean 'neg'?\n"
     "g.nn:3:11: error: unknown value 'y'\n"
     "  3 |   b = neg(y)\n"
     "    |           ^\n"
     "g.nn:5:11: error: unknown value 'xx'\n"
     "  5 |   d = neg(xx)\n"
     "    |           ^~\n"
     "help: did you mean 'x'?\n"},
    {"  a = neg(x) : f32[B, 5]\n  a = exp(x)\n  x = exp(x)\n  r = reshape(x)\n  b = reverse(x, axis = [1])\n",
     "g.nn:2:16: error: the type is f32[B, 4], not f32[B, 5]\n"
     "  2 |   a = neg(x) : f32[B, 5]\n"
     "    |                ^~~~~~~~~\n"
     "g.nn:3:3: error: 'a' is defined already\n"
     "  3 |   a = exp(x)\n"
     "    |   ^\n"
     "g.nn:2:3: note: here\n"
     "  2 |   a = neg(x) : f32[B, 5]\n"
     "    |   ^\n"
     "g.nn:4:3: error: 'x' is defined already\n"
     "  4 |   x = exp(x)\n"
     "    |   ^\n"
     "g.nn:1:9: note: here\n"
     "  1 | graph g(x: f32[B, 4]) {\n"
     "    |         ^\n"
     "g.nn:5:7: error: reshape needs its type, as in ': f32[B]'\n"
     "  5 |   r = reshape(x)\n"
     "    |       ^~~~~~~\n"
     "g.nn:6:18: error: reverse has no attribute 'axis'\n"
     "  6 |   b = reverse(x, axis = [1])\n"
     "    |                  ^~~~\n"
     "help: did you mean 'axes'?\n"},
    {"  a, b = neg(x)\n  c = reverse(x, axes = [2])\n  d = constant(value = u8(300))\n  e = reduce(x, monoid "
     "= sum, axes = 1)\n",
     "g.nn:2:3: error: neg has 1 results for 2 names\n"
     "  2 |   a, b = neg(x)\n"
     "    |   ^\n"
     "g.nn:3:7: error: reverse: axis 2 does not exist in f32[B, 4]\n"
     "  3 |   c = reverse(x, axes = [2])\n"
     "    |       ^~~~~~~\n"
     "g.nn:4:27: error: this does not fit u8\n"
     "  4 |   d = constant(value = u8(300))\n"
     "    |                           ^~~\n"
     "g.nn:5:26: error: 'sum' is none of add, mul, max, min, max_sumexp, moments\n"
     "  5 |   e = reduce(x, monoid = sum, axes = 1)\n"
     "    |                          ^~~\n"},
    {"  a = scan(x)\n  b = neg(x) () {\n  }\n  c = reverse(x, axes = [1], axes = [1])\n  d = add(x, 2)\n  "
     "input z\n  output o = p\n",
     "g.nn:2:7: error: scan needs a body\n"
     "  2 |   a = scan(x)\n"
     "    |       ^~~~\n"
     "g.nn:3:7: error: neg has no body\n"
     "  3 |   b = neg(x) () {\n"
     "    |       ^~~\n"
     "g.nn:5:30: error: 'axes' is given twice\n"
     "  5 |   c = reverse(x, axes = [1], axes = [1])\n"
     "    |                              ^~~~\n"
     "g.nn:6:14: error: an operand is the name of a value; attributes are written name = value\n"
     "  6 |   d = add(x, 2)\n"
     "    |              ^\n"
     "g.nn:7:9: error: the graph has no input 'z'\n"
     "  7 |   input z\n"
     "    |         ^\n"
     "g.nn:8:14: error: unknown value 'p'\n"
     "  8 |   output o = p\n"
     "    |              ^\n"},
    {"  a = extent(dim = B / 2)\n  b = extent(dim = 4611686018427387904 * 4)\n  c = window(x, windows = "
     "[axis(1, sized = 3)])\n"
     "  d = cast(x, to = f31)\n  e = neg(x) : f32[B], f32\n  f = constant(value = 3)\n  g = constant(value = "
     "i32(bits = 3))\n",
     "g.nn:2:20: error: expected a dimension: integers and symbols joined by +, - and *\n"
     "  2 |   a = extent(dim = B / 2)\n"
     "    |                    ^~~~~\n"
     "g.nn:3:20: error: a size overflows 63 bits\n"
     "  3 |   b = extent(dim = 4611686018427387904 * 4)\n"
     "    |                    ^~~~~~~~~~~~~~~~~~~~~~~\n"
     "g.nn:4:36: error: an axis has no 'sized'\n"
     "  4 |   c = window(x, windows = [axis(1, sized = 3)])\n"
     "    |                                    ^~~~~\n"
     "help: did you mean 'size'?\n"
     "g.nn:5:20: error: unknown element type 'f31'\n"
     "  5 |   d = cast(x, to = f31)\n"
     "    |                    ^~~\n"
     "help: did you mean 'f32'?\n"
     "g.nn:6:16: error: 2 types for 1 results\n"
     "  6 |   e = neg(x) : f32[B], f32\n"
     "    |                ^~~~~~\n"
     "g.nn:7:24: error: expected a constant with its type, as in f32(0.5)\n"
     "  7 |   f = constant(value = 3)\n"
     "    |                        ^\n"
     "g.nn:8:35: error: these are not the bits of an i32\n"
     "  8 |   g = constant(value = i32(bits = 3))\n"
     "    |                                   ^\n"},
};

TEST(GraphText, ErrorsSayWhereAndWhat) {
  for (const Golden& g : kGoldens) EXPECT_EQ(errors_of(g.body), g.expected) << g.body;
}

TEST(GraphText, OnlyGraphsAndExactlyOne) {
  EXPECT_THROW(parse_graph("model M {\n}\n"), Error);
  EXPECT_THROW(parse_graph("graph a() {\n}\ngraph b() {\n}\n"), Error);
  Diagnostics d("g.nn", "graph a() {\n}\ngraph b() {\n}\n");
  EXPECT_EQ(parse_graphs(d).size(), 2u);
}

// Hostile polynomials stop at a bound instead of taking all memory.
TEST(GraphText, DimensionsDoNotExplode) {
  std::string dim = "(a + b + c + d + e + f)";
  for (int i = 0; i < 60; ++i) dim += " * (a + b + c + d + e + f)";
  EXPECT_NE(errors_of("  a = extent(dim = " + dim + ")\n").find("too many terms"), std::string::npos);
}

// Whatever parses to graphs prints to something that parses to the same.
void survive(const std::string& text) {
  Diagnostics d("g.nn", text);
  std::vector<Graph> graphs = parse_graphs(d);
  d.render();
  if (d.has_errors()) return;
  for (const Graph& g : graphs) {
    verify(g, Stage::Primitives);
    Graph back = parse_graph(print(g));
    EXPECT_EQ(print(back), print(parse_graph(print(back)))) << text;
    EXPECT_TRUE(back.same_structure(g)) << text;
  }
}

TEST(GraphText, TruncationAtEveryLengthAndRandomMutations) {
  std::mt19937 random(11);
  std::string every = print(every_op());
  std::string small = kSamples[4];
  for (size_t n = 0; n <= small.size(); ++n) survive(small.substr(0, n));
  for (size_t n = 0; n <= every.size(); n += 37) survive(every.substr(0, n));
  const std::string kWords[] = {"x", "B", "f64", "0",   "-1", "9223372036854775807", "i32", "\"\"", "[1, 0]",
                                ".", ",", "\n",  "neg", "dot"};
  for (int i = 0; i < 1500; ++i) {
    std::string text = i % 10 ? small : every;
    for (int edits = 1 + static_cast<int>(random() % 3); edits > 0; --edits) {
      size_t at = random() % text.size();
      switch (random() % 3) {
        case 0:
          text.erase(at, 1 + random() % 8);
          break;
        case 1:
          text.insert(at, kWords[random() % std::size(kWords)]);
          break;
        case 2:
          text.replace(at, 1, kWords[random() % std::size(kWords)]);
          break;
      }
      if (text.empty()) text = "x";
    }
    survive(text);
  }
}

}  // namespace
}  // namespace nnc
