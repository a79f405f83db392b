// nnc show: graphs that parse back, the table of layers, and pictures whose boxes do not overlap.
#include <algorithm>
#include <regex>

#include "ir/graph_text.h"
#include "tests/tools/tool_run.h"

namespace nnc {
namespace {

TEST_F(Tool, GraphsThatAreShownParseBackToThemselves) {
  for (const char* emit : {"graph", "step", "fused"}) {
    for (const char* mode : {"fused", "unfused"}) {
      SCOPED_TRACE(std::string(emit) + " " + mode);
      Outcome o = run("show " + example("mnist_mlp.nn") + " --emit=" + emit + " --mode=" + mode);
      ASSERT_EQ(o.status, 0) << o.text;
      EXPECT_EQ(print(parse_graph(o.text)), o.text);
    }
  }
  for (const char* emit : {"ast", "loops", "llvm", "asm", "memory", "dot", "svg", "html"}) {
    EXPECT_EQ(run("show " + example("mnist_mlp.nn") + " --emit=" + std::string(emit)).status, 0) << emit;
  }
}

TEST_F(Tool, TheSummaryGivesLayersShapesParametersMemoryAndFlop) {
  EXPECT_EQ(run("show " + example("mnist_mlp.nn") + " --summary").text,
            "MnistMlp\n"
            "layer          output           parameters      memory       FLOP\n"
            "x.cast         f32[B, 28, 28]            0     3.1 KiB        784\n"
            "x              f32[B, 28, 28]            0     3.1 KiB        784\n"
            "x.flatten      f32[B, 784]               0     3.1 KiB          0\n"
            "h.linear       f32[B, 128]          100480       512 B   200.83 k\n"
            "h.relu         f32[B, 128]               0       512 B        256\n"
            "h.linear_1     f32[B, 64]             8256       256 B    16.45 k\n"
            "h.relu_1       f32[B, 64]                0       256 B        128\n"
            "logits.linear  f32[B, 10]              650        40 B     1.29 k\n"
            "total                               109386    10.7 KiB   220.52 k\n"
            "memory of each layer's output and FLOP are of one example, forward\n");
}

struct Box {
  std::string kind;
  double x, y, width, height;
};

std::vector<Box> boxes_of(const std::string& svg) {
  static const std::regex rect(
      "<rect class=\"(\\w+)\" x=\"([-.0-9]+)\" y=\"([-.0-9]+)\" width=\"([.0-9]+)\" height=\"([.0-9]+)\"");
  std::vector<Box> out;
  for (std::sregex_iterator m(svg.begin(), svg.end(), rect), end; m != end; ++m)
    out.push_back({(*m)[1], std::stod((*m)[2]), std::stod((*m)[3]), std::stod((*m)[4]), std::stod((*m)[5])});
  return out;
}

// Boxes lie apart, or one of them is a frame with the other inside.
void expect_no_overlap(const std::vector<Box>& boxes) {
  auto inside = [](const Box& a, const Box& b) {
    return b.kind == "cluster" && a.x >= b.x && a.y >= b.y && a.x + a.width <= b.x + b.width + 0.02 &&
           a.y + a.height <= b.y + b.height + 0.02;
  };
  for (size_t i = 0; i < boxes.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      const Box &a = boxes[i], &b = boxes[j];
      bool apart =
          a.x >= b.x + b.width || b.x >= a.x + a.width || a.y >= b.y + b.height || b.y >= a.y + a.height;
      EXPECT_TRUE(apart || inside(a, b) || inside(b, a)) << i << " and " << j;
    }
  }
}

// Residuals, a weight used twice, and a name that is left and given again.
TEST_F(Tool, PicturesShowLayersInFramesThatDoNotOverlap) {
  std::string model = file("net.nn", R"(block Step(D)(x: f32[B, D]) -> f32[B, D] {
  y = x + linear(relu(linear(layer_norm(x), 2 * D)), D)
  return y
}
model Net(V = 9, D = 8) {
  input token: i32[B]
  param table: f32[V, D] = normal(0, 0.02)
  h = gather(table, token)
  g = tanh(h)
  h = linear(g, D) + h
  repeat 3 as blocks { h = Step(D)(h) }
  output logits = dot(h, transpose(table))
}
)");
  std::string svg = run("show " + model + " --emit=svg").text;
  std::vector<Box> boxes = boxes_of(svg);
  expect_no_overlap(boxes);
  auto of_kind = [&](const std::string& kind) {
    return std::count_if(boxes.begin(), boxes.end(), [&](const Box& b) { return b.kind == kind; });
  };
  EXPECT_EQ(of_kind("input"), 1);
  EXPECT_EQ(of_kind("param"), 1);
  EXPECT_EQ(of_kind("output"), 1);
  EXPECT_EQ(count(svg, ">layer_norm<"), 3u);
  EXPECT_EQ(count(svg, ">72 parameters<"), 2u) << "table and the linear of h";
  std::string html = run("show " + model + " --emit=html").text;
  EXPECT_EQ(count(html, "<details "), static_cast<size_t>(of_kind("layer")));
  EXPECT_EQ(count(html, "href=\"#layer-"), static_cast<size_t>(of_kind("layer")));
  EXPECT_NE(html.find("blocks.2.h.Step.y.linear.dot = dot("), std::string::npos);
  EXPECT_EQ(count(html, "http"), 1u) << "nothing but the name space of SVG";
  expect_no_overlap(boxes_of(run("show " + example("mnist_mlp.nn") + " --emit=svg").text));
  std::string dot = run("show " + model + " --emit=dot").text;
  EXPECT_EQ(count(dot, "{"), count(dot, "}"));
  EXPECT_EQ(count(dot, "label=\"layer_norm"), 3u);
}

}  // namespace
}  // namespace nnc
