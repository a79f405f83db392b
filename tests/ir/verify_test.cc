#include "ir/verify.h"

#include <gtest/gtest.h>

#include "ir/graph_text.h"
#include "tests/ir/every_op.h"

namespace nnc {
namespace {

std::string problems(const Graph& g, Stage stage) {
  std::string out;
  for (const Diagnostic& d : verify(g, stage)) out += d.message + "\n";
  return out;
}

struct Row {
  const char* body;  // of graph g(x: f32[B])
  Stage stage;
  const char* expected;
};

const Row kRows[] = {
    {"w = param(path = \"w\") : f32[2]\nwrite w = w\noutput y = x\n", Stage::Primitives, ""},
    {"output y = x\noutput y = x\n", Stage::Primitives, "output 'y' occurs twice\n"},
    {"output w = x\nwrite w = x\n", Stage::Primitives, ""},
    {"w = param(path = \"w\") : f32[2]\nwrite w = x\n", Stage::Primitives,
     "'w' is f32[2] and is written with f32[B]\n"},
    {"w = param(path = \"w\") : f32[2]\nv = param(path = \"w\") : f32[3]\n", Stage::Primitives,
     "w.1: another param has this path\n"},
    {"neg = neg(x)\nr = reshape(neg) : f32[B, 1]\n", Stage::Fused,
     "neg: neg is not legal in a fused graph\n"},
    {"r = region(x, kind = row, name = \"r\") (a: f32[B]) {\noutput y = a\n}\n", Stage::Primitives,
     "region: region is not legal in a graph of primitives\n"},
    {"r = region(x, kind = row, name = \"r\") (a: f32[B]) {\noutput y = a\n}\n", Stage::Fused, ""},
    {"r, s = region(x, name = \"r\") (a: f32[B]) {\np = param(path = \"p\") : f32[B]\nwrite p = p\nwrite p = "
     "p\n}\n"
     "q = region(name = \"r\") () {\n}\n",
     Stage::Fused,
     "region: p: param is not legal in a region\n"
     "region: 'p' is written in a body\n"
     "region: write 'p' occurs twice\n"
     "region: 'p' is written in a body\n"
     "region.1: another region is called 'r'\n"},
    {"s = scan(x, scanned = 1, length = B) (a: f32[]) {\nn = neg(a)\noutput y = n\n}\n", Stage::Primitives,
     ""},
    {"s = scan(x, scanned = 1, length = B) (a: f32[]) {\nn = neg(a)\noutput y = n\n}\n", Stage::Fused,
     "scan: neg: neg is not legal in a fused scan's body\n"},
};

TEST(Verify, ReportsEverythingThatIsWrong) {
  for (const Row& row : kRows) {
    Graph g = parse_graph("graph g(x: f32[B]) {\n" + std::string(row.body) + "}\n");
    EXPECT_EQ(problems(g, row.stage), row.expected) << row.body;
  }
}

TEST(Verify, InputsOnceOutputsExistSymbolsAreNames) {
  Graph g;
  Builder b(g);
  b.input("x", {DType::F32, {}});
  b.input("x", {DType::F64, {Dim::symbol("a b")}});
  EXPECT_EQ(problems(g, Stage::Primitives),
            "x.1: another input has this name\na dimension can't be called 'a b'\n");
  g.add_output({"y", Value{0, 1}});
  g.add_output({"z", Value{9, 0}});
  EXPECT_EQ(problems(g, Stage::Primitives), "output 'y' has no value\noutput 'z' has no value\n");
}

TEST(Verify, EveryOpIsLegalSomewhere) {
  Graph g = every_op();
  for (const Diagnostic& d : verify(g, Stage::Primitives))
    EXPECT_EQ(d.message.rfind("region", 0), 0u) << d.message;
  EXPECT_THROW(check(g, Stage::Fused, "after nothing"), Error);
}

}  // namespace
}  // namespace nnc
