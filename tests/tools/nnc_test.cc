// The tool as its users meet it: a process with arguments, output and an exit status.
#include <cmath>
#include <cstdlib>
#include <regex>

#include <nlohmann/json.hpp>

#include "ir/graph_text.h"
#include "runtime/safetensors.h"
#include "tests/support/no_cache.h"
#include "tests/tools/tool_run.h"

namespace nnc {
namespace {

namespace fs = std::filesystem;

TEST_F(Tool, ExitStatusesSayWhoseMistakeItWas) {
  EXPECT_EQ(run("check " + example("linear_regression.nn")).status, 0);
  EXPECT_EQ(run("check " + path("absent.nn")).status, 1);
  EXPECT_EQ(run("train " + example("digits.nn") + " --no-such-option").status, 2);
  EXPECT_EQ(run("no-such-command").status, 2);
  EXPECT_EQ(run("").status, 2);
  EXPECT_EQ(run("--help").status, 0);
  EXPECT_EQ(run("train " + example("digits.nn") + " --batch 0").status, 2);
  EXPECT_EQ(run("train " + example("digits.nn") + " --set train.batch=0").status, 1);
  EXPECT_EQ(run("train " + example("digits.nn") + " --target pdp11").status, 1);
}

TEST_F(Tool, CheckReportsFourMistakesInOneRun) {
  std::string model = file("four.nn", R"(model Net(hidden = 8) {
  input x: f32[B, 4]
  input z: f32[B, 5]
  h = liner(x, hidden)
  y = x + z
  output out = linear(x, 3)
}
train Net {
  data   csv("absent.csv")
  target t: i32[B]
  los    cross_entropy(out, t)
  optimizer sgd(lr = 0.1)
}
)");
  Outcome o = run("check " + model);
  EXPECT_EQ(o.status, 1) << o.text;
  EXPECT_EQ(count(o.text, "error:"), 4u) << o.text;
  for (const char* line : {"four.nn:4:", "four.nn:5:", "four.nn:9:", "four.nn:11:"})
    EXPECT_EQ(count(o.text, line), 1u) << line << "\n" << o.text;
  EXPECT_GE(count(o.text, "^"), 4u) << o.text;
  EXPECT_NE(o.text.find("linear"), std::string::npos);
  Outcome json = run("check " + model + " --message-format=json");
  EXPECT_EQ(count(json.text, "\"severity\""), 4u) << json.text;
}

TEST_F(Tool, CheckSaysWhereNothingFlowsBack) {
  const std::string text = R"(model Net {
  input x: f32[B, 8]
  v, i = top_k(linear(x, 4), 2)
  output y = v
}
train Net {
  target    t: f32[B, 2]
  loss      mse(y, t)
  optimizer sgd(lr = 0.1)
}
)";
  Outcome o = run("check " + file("top.nn", text));
  EXPECT_EQ(o.status, 1) << o.text;
  EXPECT_NE(o.text.find("the loss depends on trainable parameters only by ways that pass no gradient"),
            std::string::npos)
      << o.text;
  EXPECT_NE(o.text.find("nothing flows back through 'stop_gradient' (line 3, column 10"), std::string::npos)
      << o.text;
}

TEST_F(Tool, CheckSaysWhatThereIsInPlaceOfAModel) {
  Outcome graphs =
      run("check " + file("g.nn", "graph g(x: f32[4]) {\n  y = exp(x) : f32[4]\n  output z = y\n}\n"));
  EXPECT_EQ(graphs.status, 1);
  EXPECT_NE(graphs.text.find("g.nn:1:7: error: the file has graphs and no model"), std::string::npos)
      << graphs.text;
  EXPECT_NE(graphs.text.find("nnc opt"), std::string::npos) << graphs.text;
  EXPECT_NE(run("check " + file("e.nn", "")).text.find("nnc new DATA writes one"), std::string::npos);
}

TEST_F(Tool, AFileThatIsMissingIsSaidWithTheNameThatIsMeant) {
  file("points.csv", "x,y\n1,2\n");
  std::string model = file("points.nn", R"(model Line {
  input x: f32[B, 1]
  output y = linear(x, 1)
}
train Line {
  data      csv("point.csv")
  target    t: f32[B, 1]
  loss      mse(y, t)
  optimizer sgd(lr = 0.1)
}
)");
  std::string meant = "did you mean '" + path("points.csv") + "'?";
  EXPECT_NE(run("check " + model).text.find(meant), std::string::npos) << run("check " + model).text;
  EXPECT_NE(run("train " + model + " --data " + path("ponts.csv")).text.find(meant), std::string::npos);
  EXPECT_NE(run("check " + path("point.nn")).text.find("did you mean '" + model + "'?"), std::string::npos);
}

TEST_F(Tool, TwoOptionsThatNameOneFileAreRefused) {
  std::string both = path("log"), model = file("small.nn", kSmall);
  Outcome o = run("train " + model + " --csv " + both + " --report " + path("./log"));
  EXPECT_EQ(o.status, 1);
  EXPECT_NE(o.text.find("--csv and --report both name " + path("./log")), std::string::npos) << o.text;
  Outcome relative = run("train " + model + " --csv no-such-log --report ./no-such-log");
  EXPECT_NE(relative.text.find("--csv and --report both name ./no-such-log"), std::string::npos)
      << relative.text;
}

// Of accuracy's matrix and the one that is asked for, with another threshold, eval shows the latter.
TEST_F(Tool, EvalShowsTheConfusionMatrixThatWasAskedFor) {
  std::string data = "x,t\n";
  for (int i = 0; i < 50; ++i) data += i % 5 == 0 ? "3,1\n" : i % 5 < 3 ? "1,0\n" : "-1,0\n";
  std::string model = file("m.nn",
                           "model M {\n input x: f32[B]\n param s: f32[] = 1\n output y = x * s\n}\n"
                           "train M {\n data csv(\"" +
                               file("d.csv", data) +
                               "\")\n split shares(validation = 0.2)\n target t: i32[B]\n loss mean(y)\n"
                               " metric accuracy(y, t)\n metric confusion_matrix(y, t, threshold = 2)\n"
                               " optimizer sgd(lr = 0)\n}\n");
  std::string weights = path("w.safetensors");
  Outcome trained = run("train " + model + " -o " + weights);
  ASSERT_EQ(trained.status, 0) << trained.text;
  Outcome json = run("eval " + model + " --json --weights " + weights);
  std::regex diagonal("\"confusion_matrix\":\\[\\[[1-9],0\\],\\[0,[1-9]\\]\\]");
  EXPECT_TRUE(std::regex_search(json.text, diagonal)) << json.text;
  EXPECT_NE(json.text.find("\"part\":\"validation\""), std::string::npos) << json.text;
  Outcome text = run("eval " + model + " --weights " + weights);
  EXPECT_EQ(count(text.text, "confusion matrix"), 1u) << text.text;
  EXPECT_EQ(count(text.text, "100.0 %"), 2u) << text.text;
}

TEST_F(Tool, ABadLossStopsTheRunAndKeepsWhatIsFinite) {
  std::string command = "train " + example("linear_regression.nn") + " --set train.lr=1e6 --epochs 1000";
  std::string output = path("kept.safetensors");
  Outcome o = run(command + " -o " + output);
  EXPECT_EQ(o.status, 1) << o.text;
  std::regex said(
      "the loss is (nan|inf) in epoch \\d+, step 1; the weights of the last finite step are written to " +
      output);
  EXPECT_TRUE(std::regex_search(o.text, said)) << o.text;
  for (const NamedTensor& t : load_safetensors(output).tensors) {
    for (int64_t i = 0; i < t.tensor.count(); ++i) EXPECT_TRUE(std::isfinite(t.tensor.get(i))) << t.name;
  }
  EXPECT_NE(run(command).text.find("; weights are written to no file without -o"), std::string::npos);
}

TEST_F(Tool, ANaNIsTracedToItsLineOpAndElement) {
  std::string text = kSmall;
  text.replace(text.find("  output logits = linear(h, 10)"), 31,
               "  h = tanh(linear(h, 8))\n  h = log(linear(h, 10))\n  output logits = h");
  std::string model = file("log.nn", text);
  Outcome o = run("train " + model + " --check=nan");
  EXPECT_EQ(o.status, 1) << o.text;
  std::regex said(
      "log.nn:5:7: log in h.log \\(line 5, column 7\\), forward, gives nan at \\[\\d+, \\d\\] of "
      "\\[64, 10\\], "
      "from -0[.]\\d+\n *5 [|]   h = log\\(linear\\(h, 10\\)\\)\n");
  EXPECT_TRUE(std::regex_search(o.text, said)) << o.text;
  EXPECT_NE(o.text.find("the loss is nan in epoch 1, step 1;"), std::string::npos) << o.text;
  EXPECT_EQ(run("train " + file("small.nn", kSmall) + " --epochs 1 --check=nan").status, 0);
  EXPECT_EQ(run("train " + model + " --check=inf").status, 2);
}

// The weights are the best epoch's, the reason is said once, and going on stops at the same place.
TEST_F(Tool, AStoppedRunSaysWhyAndGivesItsBestWeights) {
  std::string text = kSmall;
  text.replace(text.find("epochs    2"), 11, "stop patience(2, metric = \"test_accuracy\"), steps(200)");
  std::string model = file("small.nn", text), output = path("w.safetensors");
  std::string command = "train " + model + " --set train.lr=3e-2 -o " + output;
  Outcome o = run(command + " --checkpoint " + path("run"));
  ASSERT_EQ(o.status, 0) << o.text;
  std::smatch found;
  std::regex said(
      "stopped in epoch (\\d+): test_accuracy has not got better than (0[.]\\d+) of epoch (\\d+) for 2 "
      "epochs\n"
      "the weights of epoch (\\d+), the best, are restored\n");
  ASSERT_TRUE(std::regex_search(o.text, found, said)) << o.text;
  EXPECT_EQ(std::stoi(found[1]), std::stoi(found[3]) + 2);
  EXPECT_EQ(found[3], found[4]);
  Outcome measured = run("eval " + model + " --json --weights " + output);
  EXPECT_NE(measured.text.find("\"accuracy\":" + found[2].str().substr(0, 6)), std::string::npos)
      << measured.text;
  std::string best = read(output);
  Outcome again = run(command + " --resume " + path("run"));
  EXPECT_NE(again.text.find(found[0]), std::string::npos) << again.text;
  EXPECT_TRUE(read(output) == best);
  Outcome json = run(command + " --json");
  EXPECT_EQ(count(json.text, "\"stopped\":\"test_accuracy has not"), 1u) << json.text;
  EXPECT_EQ(count(json.text, "\"lr\":0.03"), count(json.text, "\n")) << json.text;
}

TEST_F(Tool, LinearRegressionGivesThePublishedNumber) {
  for (const char* mode : {"fused", "unfused", "interpreted"}) {
    SCOPED_TRACE(mode);
    Outcome o =
        run("train " + example("linear_regression.nn") + " --mode=" + mode + " -o " + path("w.safetensors"));
    ASSERT_EQ(o.status, 0) << o.text;
    Safetensors weights = load_safetensors(path("w.safetensors"));
    EXPECT_NEAR(weights.find("theta")->get(0), 3.6133423767148276, 1e-12);
  }
}

TEST_F(Tool, LinearRegressionInSinglePrecisionAgreesToFiveDigits) {
  std::string text = read(example("linear_regression.nn"));
  for (size_t at = text.find("f64"); at != std::string::npos; at = text.find("f64", at))
    text.replace(at, 3, "f32");
  Outcome o = run("train " + file("f32.nn", text) + " --data " + example("linear_regression.csv") + " -o " +
                  path("w.safetensors"));
  ASSERT_EQ(o.status, 0) << o.text;
  const Tensor theta = *load_safetensors(path("w.safetensors")).find("theta");
  EXPECT_EQ(theta.dtype(), DType::F32);
  EXPECT_NEAR(theta.get(0), 3.6133423767148276, 1e-5);
}

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

TEST_F(Tool, EqualSeedsWriteEqualBytesOnAnyNumberOfThreads) {
  std::string model = file("small.nn", kSmall);
  std::string first;
  for (int threads : {1, 1, 2, 3}) {
    Outcome o =
        run("train " + model + " --threads " + std::to_string(threads) + " -o " + path("w.safetensors"));
    ASSERT_EQ(o.status, 0) << o.text;
    std::string bytes = read(path("w.safetensors"));
    if (first.empty()) first = bytes;
    EXPECT_TRUE(bytes == first) << threads << " threads";
  }
  Outcome other = run("train " + model + " --seed 1 -o " + path("v.safetensors"));
  ASSERT_EQ(other.status, 0) << other.text;
  EXPECT_FALSE(read(path("v.safetensors")) == first);
}

TEST_F(Tool, WeightsAreEvaluatedAndPredictedWithAfterwards) {
  std::string model = file("small.nn", kSmall);
  ASSERT_EQ(run("train " + model + " -o " + path("w.safetensors")).status, 0);
  Outcome seven = run("eval " + model + " --batch 7 --json --weights " + path("w.safetensors"));
  Outcome all = run("eval " + model + " --batch 1000 --json --weights " + path("w.safetensors"));
  EXPECT_EQ(seven.status, 0) << seven.text;
  auto accuracy = [](const std::string& text) { return text.substr(text.find("\"accuracy\":"), 20); };
  EXPECT_EQ(accuracy(seven.text), accuracy(all.text));
  EXPECT_EQ(run("eval " + model + " --weights " + path("absent.safetensors")).status, 1);
  file("bad.safetensors", "garbage");
  EXPECT_EQ(run("eval " + model + " --weights " + path("bad.safetensors")).status, 1);
}

TEST_F(Tool, EvalShowsMetricsAndTheConfusionMatrixWithTheNamesOfClasses) {
  file("pets.csv", "a,b,c,pet\n1,0,0,cat\n3,2,0,cat\n0,1,0,dog\n0,0,1,dog\n0,0,1,fish\n");
  std::string model = file("pets.nn", R"(model Pets {
  input x: f32[B, 3]
  param s: f32[] = 1
  output y = x * s
}
train Pets {
  data      csv("pets.csv")
  target    pet: i32[B]
  loss      cross_entropy(y, pet)
  metric    accuracy(y, pet)
  metric    f1(y, pet)
  optimizer sgd(lr = 0)
  batch     2
}
)");
  ASSERT_EQ(run("train " + model + " -o " + path("w.safetensors")).status, 0);
  Outcome text = run("eval " + model + " --weights " + path("w.safetensors"));
  EXPECT_EQ(text.text.substr(text.text.find("  accuracy")),
            "  accuracy         0.8\n"
            "  f1               0.777778\n"
            "\n"
            "confusion matrix: rows are targets, columns predictions\n"
            "       cat   dog  fish   recall\n"
            "cat      2     0     0  100.0 %\n"
            "dog      0     1     1   50.0 %\n"
            "fish     0     0     1  100.0 %\n");
  Outcome json = run("eval " + model + " --json --weights " + path("w.safetensors"));
  EXPECT_NE(
      json.text.find("\"confusion_matrix\":[[2,0,0],[0,1,1],[0,0,1]],\"classes\":[\"cat\",\"dog\",\"fish\"]"),
      std::string::npos)
      << json.text;
}

TEST_F(Tool, TheLiveLineFitsIntoTheTerminalAndIsNotInAPipe) {
  std::string text = read(example("digits.nn"));
  for (const char* metric : {"f1", "precision", "recall", "perplexity", "auc"})
    text.insert(text.find("  optimizer"), std::string("  metric ") + metric + "(logits, digit)\n");
  std::string model = file("digits.nn", text);
  std::string options =
      "train " + model + " --epochs 2 --mode=interpreted --batch 400 --set model.hidden1=32";
  std::string shown = run_in_terminal(options);
  const std::string begin = "\r\x1b[K";
  size_t lines = 0;
  for (size_t at = shown.find(begin); at != std::string::npos; at = shown.find(begin, at + 1)) {
    size_t from = at + begin.size(), end = shown.find_first_of("\r\n", from);
    std::string line = shown.substr(from, end - from);
    if (line.find("  step ") == std::string::npos) continue;
    ++lines;
    EXPECT_LT(line.size(), 80u) << line;
    EXPECT_NE(line.find(" left"), std::string::npos) << line;
    EXPECT_NE(line.find("f1 "), std::string::npos) << line;
  }
  EXPECT_GT(lines, 0u) << shown;
  std::string piped = run(options).text;
  EXPECT_EQ(piped.find_first_of("\r\x1b"), std::string::npos) << piped;
}

TEST_F(Tool, BenchSaysWhereTheTimeOfAStepGoes) {
  std::string model = file("small.nn", kSmall);
  Outcome table = run("bench " + model + " --kernels --seconds 0.01 --threads 1");
  ASSERT_EQ(table.status, 0) << table.text;
  // Every kernel by what is in it, in the model's names: an update is part of the product that makes its gradient.
  EXPECT_NE(table.text.find("contraction h.cast: cast, h: div, h.linear: dot add, h.relu: le select"),
            std::string::npos)
      << table.text;
  EXPECT_NE(table.text.find("logits.linear.grad: dot, update.logits.linear.weight:"), std::string::npos)
      << table.text;
  Outcome json = run("bench " + model + " --kernels --seconds 0.01 --json --modes fused,unfused");
  ASSERT_EQ(json.status, 0) << json.text;
  EXPECT_GT(count(json.text, "\"mode\":\"unfused\""), count(json.text, "\"mode\":\"fused\"")) << json.text;
  EXPECT_EQ(count(json.text, "\"roofline_share\""), count(json.text, "\n")) << json.text;
  EXPECT_EQ(run("bench " + model + " --kernels --modes interpreted").status, 1);
}

TEST_F(Tool, BenchTimesCompilingWithAnEmptyCacheAndAFullOne) {
  Outcome o = run("bench " + file("small.nn", kSmall) + " --seconds 0 --json --threads 1");
  ASSERT_EQ(o.status, 0) << o.text;
  std::istringstream lines(o.text);
  for (std::string line; std::getline(lines, line);) {
    nlohmann::json mode = nlohmann::json::parse(line);
    bool compiles = mode.at("mode") != "interpreted";
    double cold = mode.at("compile_ms"), warm = mode.at("warm_compile_ms");
    EXPECT_EQ(cold > 0, compiles) << line;
    EXPECT_EQ(warm > 0, compiles) << line;
  }
}

TEST_F(Tool, ASecondProcessCompilesNothing) {
  std::string model = file("small.nn", kSmall);
  setenv("NNC_CACHE", "on", 1);
  setenv("NNC_CACHE_DIR", path("cache").c_str(), 1);
  auto cached = [&](const std::string& options) {
    Outcome o = run("train " + model + " --epochs 1 --json " + options);
    EXPECT_EQ(o.status, 0) << o.text;
    auto number = [&](const std::string& name) {
      size_t at = o.text.find(name);
      return at == std::string::npos ? -1 : std::atoi(o.text.c_str() + at + name.size());
    };
    return std::pair(number("\"kernels_compiled\":"), number("\"kernels_cached\":"));
  };
  auto [kernels, none] = cached("");
  EXPECT_GT(kernels, 3);
  EXPECT_EQ(none, 0);
  EXPECT_EQ(cached(""), std::pair(kernels, kernels));
  EXPECT_EQ(cached("--no-cache"), std::pair(kernels, 0));
  EXPECT_EQ(count(run("cache ls").text, "\n"), kernels + 1u);
  EXPECT_EQ(count(run("cache ls --json").text, "\"kernel\":\"h.linear.dot\""), 2u);
  EXPECT_EQ(count(run("cache stat --json").text, "\"entries\":" + std::to_string(kernels) + ","), 1u);
  EXPECT_EQ(count(run("cache clear").text, std::to_string(kernels) + " entries removed"), 1u);
  EXPECT_EQ(cached(""), std::pair(kernels, 0));
  fs::permissions(path("cache"), fs::perms::all);
  EXPECT_EQ(cached(""), std::pair(kernels, 0));
  EXPECT_EQ(run("cache stat").status, 1);
  setenv("NNC_CACHE", "sometimes", 1);
  EXPECT_EQ(run("train " + model).status, 1);
  setenv("NNC_CACHE", "off", 1);
  EXPECT_EQ(run("cache").status, 2);
}

TEST_F(Tool, OptRunsNamedPassesAndRefusesUnknownOnes) {
  std::string graph = file("g.nn",
                           "graph g(x: f32[B, 4]) {\n  neg = neg(x) : f32[B, 4]\n  neg.1 = neg(neg) : f32[B, "
                           "4]\n  output y = neg.1\n}\n");
  Outcome o = run("opt " + graph + " --passes=simplify");
  EXPECT_EQ(o.status, 0) << o.text;
  EXPECT_EQ(count(o.text, "neg("), 0u) << o.text;
  Outcome bad = run("opt " + graph + " --passes=simplfy");
  EXPECT_EQ(bad.status, 1);
  EXPECT_NE(bad.text.find("simplify"), std::string::npos) << bad.text;
}

TEST_F(Tool, TrainingDataAreCheckedBeforeTraining) {
  std::string model = file("c.nn", R"(model Net {
  input x: f32[B, 1]
  output out = linear(x, 3)
}
train Net {
  data   csv("points.csv")
  target t: i32[B]
  loss   cross_entropy(out, t)
  optimizer sgd(lr = 0.1)
}
)");
  file("points.csv", "x,t\n1,0\n2,3\n");
  Outcome o = run("train " + model);
  EXPECT_EQ(o.status, 1);
  EXPECT_NE(o.text.find("class 3"), std::string::npos) << o.text;
  file("points.csv", "x,u\n1,0\n");
  EXPECT_EQ(run("train " + model).status, 1);
  EXPECT_EQ(run("train " + model + " -o /no/such/folder/w.safetensors").status, 1);
}

}  // namespace
}  // namespace nnc
