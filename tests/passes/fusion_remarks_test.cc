// Why neighbouring regions stayed apart, in the words that --remarks=fuse prints: every reason there is.
#include "passes/fusion_remarks.h"

#include <functional>
#include <string>

#include <gtest/gtest.h>

#include "ir/builder.h"
#include "passes/fuse.h"
#include "passes/pipeline.h"
#include "tests/ir/model_text.h"

namespace nnc {
namespace {

void output(Builder& b, Value v, const std::string& name = "y") { b.graph().add_output({name, v, false}); }
Type f32(Shape shape) { return {DType::F32, std::move(shape)}; }
const Dim B = Dim::symbol("B");

struct Case {
  const char* name;
  std::function<void(Builder&)> build;
  std::vector<std::string> remarks;
};

const Case kCases[] = {
    {"nothing to say of one kernel",
     [](Builder& b) {
       output(b, b.exp(b.neg(b.input("x", f32({B, 8})))));
     },
     {}},
    {"a product begins a kernel",
     [](Builder& b) {
       Value x = b.input("x", f32({B, 8})), w = b.param("w", f32({8, 8}));
       output(b, b.contract(b.contract(x, w, 1, 1), w, 1, 0));
     },
     {"'dot.1' stays apart from its operand 'dot': a dot reads each element of its operands many times"}},
    {"a product's row is not in one tile",
     [](Builder& b) {
       Value x = b.input("x", f32({B, 8})), w = b.param("w", f32({8, 8}));
       output(b, b.reduce_max(b.contract(x, w, 1, 1), {1}));
     },
     {"'reduce' stays apart from its operand 'dot': a reduce folds across the tiles that a dot's results "
      "leave in"}},
    {"several kernels read it",
     [](Builder& b) {
       Value x = b.exp(b.input("x", f32({B, 8}))), w = b.param("w", f32({8, 8}));
       output(b, b.contract(x, w, 1, 1), "y");
       output(b, b.contract(x, w, 1, 0), "z");
     },
     {"'exp' stays apart from what reads it: 2 kernels read it: 'dot', 'dot.1'"}},
    {"it is a result, and summed over the batch",
     [](Builder& b) {
       Value y = b.exp(b.input("x", f32({B, 10})));
       output(b, y, "y");
       output(b, b.reduce_add(y, {0}), "sum");
     },
     {"'exp' stays apart from what reads it: it is the output 'y'"}},
    {"dear to compute again",
     [](Builder& b) {
       Value x = b.unary(Op::Tanh, b.input("x", f32({B, 8}))), w = b.param("w", f32({8, 8}));
       output(b, b.contract(x, w, 1, 1));
     },
     {"'tanh' stays apart from what reads it: 'dot' would compute its tanh many times over"}},
    {"long to compute again",
     [](Builder& b) {
       Value x = b.input("x", f32({B, 8})), w = b.param("w", f32({8, 8}));
       for (int i = 0; i < 5; ++i) x = b.mul(b.neg(x), b.add(x, x));
       output(b, b.contract(x, w, 1, 1));
     },
     {"'mul' stays apart from what reads it: 'dot' would repeat its 15 operations many times"}},
    {"a view between",
     [](Builder& b) {
       Value x = b.input("x", f32({6, 8}));
       Value y = b.reverse(b.contract(x, b.param("w", f32({8, 8})), 1, 1), {1});
       output(b, b.exp(y));
     },
     {"'exp' stays apart from its operand 'dot': a reverse between them changes where each element is"}},
    {"other points",
     [](Builder& b) {
       Value x = b.contract(b.input("x", f32({B, 8})), b.param("w", f32({4, 8})), 1, 1);
       output(b, b.exp(b.broadcast(x, {3, B, 4}, {1, 2})));
     },
     {"'exp' stays apart from its operand 'dot': they have elements at different points, [3, B, 4] and [B, "
      "4]"}},
    {"a sum of sums",
     [](Builder& b) {
       output(b, b.reduce_add(b.reduce_add(b.input("x", f32({B, 4, 8})), {0}), {0}));
     },
     {"'reduce.1' stays apart from its operand 'reduce': its reduce is of what the other kernel knows only "
      "at its end"}},
    {"a row's result for other rows",
     [](Builder& b) {
       Value x = b.input("x", f32({8, 8}));
       output(b, b.sub(x, b.broadcast(b.reduce_max(x, {1}), {8, 8}, {1})));
     },
     {"'sub' stays apart from its operand 'reduce': what is known at the end of a row is read by other rows, "
      "or at other axes"}},
    {"other axes",
     [](Builder& b) {
       Value x = b.input("x", f32({B, 4, 8}));
       Value y = b.exp(b.sub(x, b.broadcast(b.reduce_max(x, {2}), {B, 4, 8}, {0, 1})));
       output(b, b.reduce_add(y, {1, 2}));
     },
     {"'reduce.1' stays apart from its operand 'reduce': its reduce is over other axes than the other "
      "kernel's"}},
    {"a third between",
     [](Builder& b) {
       Value x = b.contract(b.input("x", f32({4, 8})), b.param("w", f32({4, 8})), 1, 1);
       Value norm = b.sqrt(b.reduce_add(b.mul(x, x), {0, 1}));
       output(b, b.div(x, b.broadcast(norm, {4, 4}, {})));
     },
     {"'reduce' stays apart from its operand 'dot': a reduce folds across the tiles that a dot's results "
      "leave in",
      "'div' stays apart from its operand 'dot': it also reads 'reduce', which needs all of 'dot'",
      "'div' stays apart from its operand 'reduce': they have elements at different points, [4, 4] and []"}},
    {"two products in one sum",
     [](Builder& b) {
       Value x = b.input("x", f32({B, 8})), w = b.param("w", f32({8, 8}));
       output(b, b.add(b.contract(x, w, 1, 1), b.contract(x, w, 1, 0)));
     },
     {"'dot.1' stays apart from its operand 'dot': its add is in the kernel of another operand"}},
    {"a view that is a result",
     [](Builder& b) {
       output(b, b.permute(b.contract(b.input("x", f32({4, 8})), b.param("w", f32({4, 8})), 1, 1), {1, 0}));
     },
     {"'permute' stays apart from its operand 'dot': it is the output 'y', so a permute is copied"}},
    {"what is scattered is complete at the end",
     [](Builder& b) {
       Value table = b.param("t", f32({5, 8})), index = b.input("i", {DType::I32, {B}});
       output(b, b.exp(b.scatter_add(table, index, b.input("x", f32({B, 8})), 0)));
     },
     {"'exp' stays apart from its operand 'scatter_add': a scatter_add is complete only at its end"}},
};

std::vector<std::string> messages(const std::vector<Diagnostic>& remarks) {
  std::vector<std::string> out;
  for (const Diagnostic& d : remarks) {
    EXPECT_EQ(d.severity, Severity::Remark);
    EXPECT_EQ(d.code.name(), "fuse");
    out.push_back(d.message);
  }
  return out;
}

TEST(FusionRemarks, SayWhyNeighboursStayedApart) {
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.name);
    Graph g;
    Builder b(g);
    c.build(b);
    std::vector<Diagnostic> remarks;
    fuse(g, FusionMode::Fused, &remarks);
    EXPECT_EQ(messages(remarks), c.remarks);
  }
}

TEST(FusionRemarks, NothingIsSaidOfWhatWasNotToBeFused) {
  for (const Case& c : kCases) {
    Graph g;
    Builder b(g);
    c.build(b);
    std::vector<Diagnostic> remarks;
    fuse(g, FusionMode::Unfused, &remarks);
    EXPECT_TRUE(remarks.empty()) << c.name;
  }
}

std::string excerpt_of(const std::string& text, const std::string& begin) {
  size_t at = text.find(begin);
  return at == std::string::npos ? text : text.substr(at, text.find("note:", at) - at);
}

// Clipping stands between a gradient and its update.
TEST(FusionRemarks, AreAtTheirPlacesInTheModelAndInItsNames) {
  std::string text =
      "model M {\n  input x: f32[B, 4]\n  output y = linear(x, 3)\n}\n"
      "train M {\n  target t: f32[B, 3]\n  loss mse(y, t)\n  optimizer sgd(lr = 0.1)\n  clip norm(1)\n}\n";
  Module m = test::module_of(text);
  std::vector<Diagnostic> remarks;
  PipelineOptions options;
  options.context = {.update = m.spec->update, .remarks = &remarks};
  run_pipeline(m.train, options);
  Diagnostics all("net.nn", text);
  for (const Diagnostic& d : remarks) all.add(d);
  const std::string want =
      "net.nn:9:8: remark: 'update.y.linear.weight.select' stays apart from its operand "
      "'y.linear.grad.dot': it "
      "also reads 'update.norm.reduce.1', which needs all of 'y.linear.grad.dot'\n"
      "  9 |   clip norm(1)\n"
      "    |        ^~~~~~~\n"
      "net.nn:3:14: ";
  EXPECT_EQ(excerpt_of(all.render(), want.substr(0, 100)), want);
  EXPECT_NE(
      all.render_json().find("{\"severity\":\"remark\",\"code\":\"fuse\",\"file\":\"net.nn\",\"line\":9,"),
      std::string::npos)
      << all.render_json();
}

}  // namespace
}  // namespace nnc
