// The runner: order, names, stages, and that whole training graphs come through verified.
#include "passes/pipeline.h"

#include <gtest/gtest.h>

#include "ir/error.h"
#include "ir/graph_text.h"
#include "passes/simplify.h"

namespace nnc::test {
namespace {

Graph classifier() {
  return parse_graph(R"(graph train(x: f32[B, 4], y: i32[B]) {
    w = param(path = "w") : f32[4, 3]
    z = dot(x, w, lhs_contract = [1], rhs_contract = [0]) : f32[B, 3]
    top = reduce(z, monoid = max, axes = [1]) : f32[B]
    s = reduce(top, monoid = add, axes = [0]) : f32[]
    output loss = s
  })");
}

std::vector<std::string> passes_run(PipelineOptions options) {
  std::vector<std::string> out;
  options.verify = true;
  options.after = [&](const PassRun& run) { out.emplace_back(run.pass.name); };
  run_pipeline(classifier(), options);
  return out;
}

std::string error_of(PipelineOptions options) {
  try {
    run_pipeline(classifier(), options);
  } catch (const Error& e) {
    return e.what() + std::string(e.notes().empty() ? "" : "; " + e.notes()[0]);
  }
  return "";
}

using Names = std::vector<std::string>;

TEST(Pipeline, RunsTheTableInOrder) {
  PipelineOptions options;
  EXPECT_EQ(passes_run(options), (Names{"simplify", "scan_hoist", "strip", "simplify", "unwindow", "simplify",
                                        "split_reductions", "fuse"}));
  options.context.update = UpdateSpec{.optimizer = {"adam", {}}};
  EXPECT_EQ(passes_run(options), (Names{"simplify", "scan_hoist", "training_step", "strip", "simplify",
                                        "unwindow", "simplify", "split_reductions", "fuse"}));
  options.disabled = {"simplify", "unwindow"};
  EXPECT_EQ(passes_run(options), (Names{"scan_hoist", "training_step", "strip", "split_reductions", "fuse"}));
  options.disabled = {};
  options.only = {"unwindow", "simplify"};
  EXPECT_EQ(passes_run(options), (Names{"unwindow", "simplify"}));
}

TEST(Pipeline, RefusesWhatItCannotRun) {
  EXPECT_EQ(error_of({.only = {"simplfy"}}), "there is no pass 'simplfy'; did you mean 'simplify'?");
  EXPECT_EQ(error_of({.disabled = {"fus"}}), "there is no pass 'fus'; did you mean 'fuse'?");
  EXPECT_EQ(error_of({.only = {"fuse", "simplify"}}),
            "pass 'simplify' comes too late: its graph is fused already");
  EXPECT_EQ(error_of({.only = {"training_step"}}),
            "pass 'training_step' needs an optimizer: the graph is not one that is trained");
}

// Golden texts of one pass each.
TEST(Pipeline, SimplifyGolden) {
  Graph g = parse_graph(R"(graph main(x: f32[B, 6]) {
    a = slice(x, start = [0, 0], size = [B, 4], stride = [1, 1]) : f32[B, 4]
    b = slice(x, start = [0, 4], size = [B, 2], stride = [1, 1]) : f32[B, 2]
    c = concat(a, b, axis = 1) : f32[B, 6]
    n = neg(c) : f32[B, 6]
    m = neg(n) : f32[B, 6]
    p = permute(m, order = [1, 0]) : f32[6, B]
    q = permute(p, order = [1, 0]) : f32[B, 6]
    e = exp(q) : f32[B, 6]
    output y = e
  })");
  EXPECT_EQ(print(simplify(g)),
            "graph main(x: f32[B, 6]) {\n  exp = exp(x) : f32[B, 6]\n  output y = exp\n}\n");
}

}  // namespace
}  // namespace nnc::test
