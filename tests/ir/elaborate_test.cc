// Elaboration: names of parameters, a graph for each mode, and the primitives in it.
#include <gtest/gtest.h>

#include <fmt/format.h>

#include "tests/ir/model_text.h"
#include "tests/ir/samples.h"

namespace nnc::test {
namespace {

std::vector<std::string> paths_of(const Graph& init) {
  std::vector<std::string> out;
  for (const Output& o : init.outputs()) out.push_back(o.name);
  return out;
}

std::string signature_of(const Graph& g) {
  std::string out;
  for (NodeId id : g.inputs())
    out += g.node(id).as<InputAttrs>().name + ": " + g.node(id).results[0].str() + ", ";
  out += "->";
  for (const Output& o : g.outputs()) {
    out += fmt::format(" {}{}: {}", o.state_write ? "write " : "", o.name, g.type(o.value).str());
  }
  return out;
}

/// Nodes as "scope op: type", constants left out.
std::string listing_of(const Graph& g) {
  std::string out;
  for (const Node& n : g.nodes()) {
    if (n.op == Op::Constant || n.op == Op::Input) continue;
    out += fmt::format("{} {}: {}\n", g.scope_path(n.scope), info(n.op).name, n.results[0].str());
  }
  return out;
}

TEST(Elaborate, MlpHasAGraphPerMode) {
  Module m = module_of(kSamples[0]);
  EXPECT_EQ(m.name, "MnistMlp");
  EXPECT_EQ(signature_of(m.train),
            "image: u8[B, 28, 28], digit: i32[B], -> loss: f32[] accuracy: i64[B] logits: f32[B, 10]");
  EXPECT_EQ(signature_of(m.eval), signature_of(m.train));
  EXPECT_EQ(signature_of(m.predict), "image: u8[B, 28, 28], -> logits: f32[B, 10]");
  EXPECT_EQ(paths_of(m.init),
            (std::vector<std::string>{"h.linear.weight", "h.linear.bias", "h.linear_1.weight",
                                      "h.linear_1.bias", "logits.linear.weight", "logits.linear.bias"}));
  EXPECT_EQ(m.spec->update.optimizer, (OptimizerSpec{"adam", {{"lr", 1e-3}}}));
  EXPECT_EQ(m.spec->batch, 64);
  EXPECT_EQ(m.spec->epochs, 5);
  EXPECT_EQ(m.spec->data->kind, "idx");
  EXPECT_EQ(std::get<std::string>(m.spec->data->positional.at(0)), "mnist");
  EXPECT_EQ(m.spec->targets.at(0).classes, 10);
  EXPECT_EQ(m.spec->measures.at(0).name, "loss");
  EXPECT_EQ(m.spec->measures.at(1).name, "accuracy");
  EXPECT_EQ(m.spec->measures.at(1).target, "digit");
}

TEST(Elaborate, MlpIsThesePrimitives) {
  EXPECT_EQ(listing_of(module_of(kSamples[0], {"model.hidden1=32"}).predict),
            "x.cast cast: f32[B, 28, 28]\n"
            "x broadcast: f32[B, 28, 28]\n"
            "x div: f32[B, 28, 28]\n"
            "x.flatten reshape: f32[B, 784]\n"
            "h.linear param: f32[32, 784]\n"
            "h.linear dot: f32[B, 32]\n"
            "h.linear param: f32[32]\n"
            "h.linear broadcast: f32[B, 32]\n"
            "h.linear add: f32[B, 32]\n"
            "h.relu broadcast: f32[B, 32]\n"
            "h.relu le: bool[B, 32]\n"
            "h.relu select: f32[B, 32]\n"
            "h.linear_1 param: f32[64, 32]\n"
            "h.linear_1 dot: f32[B, 64]\n"
            "h.linear_1 param: f32[64]\n"
            "h.linear_1 broadcast: f32[B, 64]\n"
            "h.linear_1 add: f32[B, 64]\n"
            "h.relu_1 broadcast: f32[B, 64]\n"
            "h.relu_1 le: bool[B, 64]\n"
            "h.relu_1 select: f32[B, 64]\n"
            "logits.linear param: f32[10, 64]\n"
            "logits.linear dot: f32[B, 10]\n"
            "logits.linear param: f32[10]\n"
            "logits.linear broadcast: f32[B, 10]\n"
            "logits.linear add: f32[B, 10]\n");
}

// The samples hold two models in one text; a train block says which is meant.
std::string with_train(const std::string& text, const std::string& model, const std::string& target) {
  return text + "train " + model + " {\n target y: " + target +
         "\n loss cross_entropy(logits, y)\n optimizer sgd\n}\n";
}

TEST(Elaborate, ConvolutionalNetWritesItsStatistics) {
  Module m = module_of(with_train(kSamples[1], "Cnn", "i32[B]"));
  EXPECT_EQ(signature_of(m.train),
            "x: f32[B, 1, 28, 28], y: i32[B], -> loss: f32[] logits: f32[B, 10] "
            "write h.batch_norm.running_mean: f32[32] write h.batch_norm.running_var: f32[32]");
  EXPECT_EQ(signature_of(m.eval), "x: f32[B, 1, 28, 28], y: i32[B], -> loss: f32[] logits: f32[B, 10]");
  EXPECT_EQ(signature_of(m.predict), "x: f32[B, 1, 28, 28], -> logits: f32[B, 10]");
}

TEST(Elaborate, RecurrentNetReadsItsWeightsInTheScan) {
  Module m = module_of(with_train(kSamples[1], "CharLstm", "i32[B, T]"), {"model.V=65"});
  EXPECT_EQ(signature_of(m.predict), "token: i32[B, T], -> logits: f32[B, T, 65]");
  EXPECT_EQ(paths_of(m.init),
            (std::vector<std::string>{"e.embedding.weight", "hs.ifgo.linear.weight", "hs.ifgo.linear.bias",
                                      "logits.linear.weight", "logits.linear.bias"}));
  for (const Node& n : m.predict.nodes()) {
    if (n.op != Op::Scan) continue;
    const ScanAttrs& scan = n.as<ScanAttrs>();
    EXPECT_EQ(scan.length, Dim::symbol("T"));
    EXPECT_EQ(signature_of(*scan.body.graph),
              "h: f32[B, 256], c: f32[B, 256], x: f32[B, 128], read: f32[1024, 384], read_1: f32[1024], -> "
              "h: f32[B, 256] c: f32[B, 256] yield0: f32[B, 256]");
  }
}

TEST(Elaborate, TransformerNamesItsBlocks) {
  Module m =
      module_of(with_train(kSamples[2], "Gpt", "i32[B, T]"), {"model.V=65", "model.T=32", "model.L=2"});
  EXPECT_EQ(signature_of(m.eval), "token: i32[B, 32], y: i32[B, 32], -> loss: f32[] logits: f32[B, 32, 65]");
  std::vector<std::string> paths = paths_of(m.init);
  ASSERT_EQ(paths.size(), 2 + 2 * 12 + 2);
  EXPECT_EQ(paths[0], "wte");
  EXPECT_EQ(paths[4], "blocks.0.h.Decoder.qkv.linear.weight");
  EXPECT_EQ(paths[24], "blocks.1.h.Decoder.linear_1.weight");
  EXPECT_EQ(paths.back(), "logits.layer_norm.bias");
}

// A recurrent net one step at a time, against the scan.
TEST(Elaborate, ScanComputesWhatUnrollingDoes) {
  const char* scanned =
      "model M {\n input x: f64[2, 3, 4]\n param w: f64[5, 9] = 0\n"
      " ys = scan x as s over 3 carry h = zeros([2, 5], f64) {\n"
      "  h = tanh(dot(concat(s, h), transpose(w)))\n  yield h\n }\n output ys\n}";
  const char* unrolled =
      "model M {\n input x: f64[2, 3, 4]\n param w: f64[5, 9] = 0\n h = zeros([2, 5], f64)\n"
      " a = tanh(dot(concat(x[:, 0], h), transpose(w)))\n b = tanh(dot(concat(x[:, 1], a), transpose(w)))\n"
      " c = tanh(dot(concat(x[:, 2], b), transpose(w)))\n"
      " output ys = concat(reshape(a, [2, 1, 5]), reshape(b, [2, 1, 5]), reshape(c, [2, 1, 5]), axis = 1)\n}";
  auto run = [&](const char* text) {
    Graph g = module_of(text).predict;
    return interpret(g, patterned_inputs(g), patterned_params(g)).at(0);
  };
  Tensor a = run(scanned), b = run(unrolled);
  ASSERT_EQ(a.shape(), b.shape());
  for (int64_t i = 0; i < a.count(); ++i) EXPECT_DOUBLE_EQ(a.get(i), b.get(i));
}

TEST(Elaborate, EditsElsewhereRenameNothing) {
  auto paths = [](const std::string& extra) {
    return paths_of(module_of("model M {\n input x: f32[B, 3]\n" + extra +
                              " h = relu(linear(x, 4))\n output y = linear(h, 2)\n}")
                        .init);
  };
  std::vector<std::string> before = paths(""), after = paths(" k = tanh(linear(x, 9))\n");
  after.erase(after.begin(), after.begin() + 2);
  EXPECT_EQ(before, after);
}

}  // namespace
}  // namespace nnc::test
