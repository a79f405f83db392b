// nnc predict reads what train reads: archives and texts, from files and from standard input; and says what it cannot use.
#include "runtime/npy.h"
#include "tests/runtime/zip_archive.h"
#include "tests/tools/tool_run.h"

namespace nnc {
namespace {

// The indices of a text's characters.
constexpr const char* kCharacters = R"(model Characters {
  input token: i32[B, T]
  param s: f32[] = 1
  output y = s * cast(token, f32)
}
train Characters {
  data      text("abc.txt", length = 4)
  target    next: i32[B, T]
  loss      mean(abs(y - cast(next, f32)))
  optimizer sgd(lr = 0)
}
)";

class PredictFiles : public Tool {
 protected:
  void model(const std::string& text) { model_ = file("model.nn", text); }
  void train() {
    Outcome trained = run("train " + model_ + " --mode interpreted -o " + path("w"));
    ASSERT_EQ(trained.status, 0) << trained.text;
  }
  /// Weights that no training left.
  void untrained() { file("w", std::string("\x02\0\0\0\0\0\0\0{}", 10)); }

  Outcome predict(const std::string& arguments, const std::string& input = "/dev/null") {
    return run("predict " + model_ + " --mode interpreted --weights " + path("w") + " " + arguments, input);
  }
  void expect_error(const std::string& arguments, const std::string& says) {
    Outcome o = predict(arguments);
    EXPECT_EQ(o.status, 1) << arguments;
    EXPECT_NE(o.text.find(says), std::string::npos) << o.text << "\nwanted: " << says;
  }

  test::Member array(const std::string& name, const Tensor& values) {
    save_npy(path("member.npy"), values);
    return {name + ".npy", read(path("member.npy"))};
  }
  std::string npz(const std::string& name, const std::vector<test::Member>& members) {
    return file(name, test::archive(members));
  }

  std::string model_;
};

TEST_F(PredictFiles, ArraysOfAnArchiveAreInputsByName) {
  model("model M {\n input u: f32[B]\n input v: u8[B, 2]\n output z = u + sum(cast(v, f32), 1)\n}\n");
  untrained();
  test::Member u = array("u", Tensor::from(DType::F32, {2}, {0.5, 1})),
               v = array("v", Tensor::from(DType::U8, {2, 2}, {1, 2, 3, 4})),
               u_test = array("u_test", Tensor::from(DType::F32, {1}, {2})),
               v_test = array("v_test", Tensor::from(DType::U8, {1, 2}, {5, 6})),
               more = array("labels", Tensor::from(DType::I32, {3}, {1, 2, 3})),
               scalar = array("version", Tensor::scalar(DType::F64, 1));
  std::string both = npz("both.npz", {more, v, scalar, u});
  EXPECT_EQ(predict("--input " + both).text, "z\n3.5\n8\n");
  EXPECT_EQ(predict("--input -", both).text, "z\n3.5\n8\n");
  EXPECT_EQ(
      predict("--input u=" + both + " --input v=" + npz("one", {array("any", Tensor(DType::U8, {2, 2}))}))
          .text,
      "z\n0.5\n1\n");
  EXPECT_EQ(predict("--input " + npz("parts.npz", {u, u_test, v, v_test})).text, "z\n13\n");

  expect_error("--input " + npz("u.npz", {u, more}), "input 'v': the data have no such column");
  expect_error("--input " + npz("short.npz", {u, v_test, v}),
               "input 'u': the data have no such column; the data have 'v'");
  expect_error("--input v=" + npz("two.npz", {u, more}), "two.npz has 2 columns, and none is called 'v'");
  expect_error("--input " + npz("lengths.npz", {u, array("v", Tensor(DType::U8, {3, 2}))}),
               "'u' has 2 samples, and ");
  expect_error("--input " + npz("none.npz", {}), "none.npz: ");
  expect_error("--input " + npz("empty.npz", {{"readme.txt", "hello"}}), "empty.npz: there are no arrays");
  expect_error("--input " + file("bad.npz", test::archive({u}).substr(0, 60)), "bad.npz: ");
  expect_error("--input " + folder_.string(), "is a folder: which of its files are inputs is not said");
}

TEST_F(PredictFiles, ArchivesHaveTheColumnsOfTraining) {
  npz("d.npz", {array("images", Tensor::from(DType::F32, {3, 2}, {1, 2, 3, 4, 5, 6})),
                array("labels", Tensor::from(DType::I32, {3}, {0, 1, 0}))});
  model(
      "model M {\n input x: f32[B, 2]\n param s: f32[] = 1\n output y = x * s\n}\ntrain M {\n"
      " data npz(\"d.npz\", input = \"images\", target = \"labels\")\n target t: i32[B]\n"
      " loss cross_entropy(y, t)\n optimizer sgd(lr = 0)\n}\n");
  train();
  const std::string rows = "y[0],y[1]\n1,2\n3,4\n5,6\n", one = "y[0],y[1]\n7,8\n";
  EXPECT_EQ(predict("--raw --input " + path("d.npz")).text, rows);
  Tensor values = Tensor::from(DType::F32, {1, 2}, {7, 8});
  EXPECT_EQ(predict("--raw --input " + npz("x.npz", {array("x", values)})).text, one);
  EXPECT_EQ(predict("--raw --input x=" + npz("z.npz", {array("z", values)})).text, one);
  EXPECT_EQ(predict("--raw --input " + path("z.npz")).text, one) << "an array alone is the input";
}

TEST_F(PredictFiles, TextIsWindowsOfIndices) {
  file("abc.txt", "abcabcabcabc");
  model(kCharacters);
  train();
  EXPECT_EQ(predict("--input " + file("a.txt", "cabcbaac")).text, "y[0],y[1],y[2],y[3]\n2,0,1,2\n1,0,0,2\n");
  // The last window ends with the text, and a text shorter than a window is one.
  EXPECT_EQ(predict("--input " + file("b", "cabcb")).text, "y[0],y[1],y[2],y[3]\n2,0,1,2\n0,1,2,1\n");
  EXPECT_EQ(predict("--input -", file("c", "cb")).text, "y[0],y[1]\n2,1\n");
  EXPECT_EQ(predict("--input token=" + file("d.txt", "c")).text, "y\n2\n");
  save_npy(path("i.npy"), Tensor::from(DType::I32, {1, 2}, {1, 0}));
  EXPECT_EQ(predict("--input " + path("i.npy")).text, "y[0],y[1]\n1,0\n");

  expect_error("--input " + file("e.txt", ""), "e.txt: the text is empty");
  expect_error("--input " + file("f.txt", "abx"),
               "'x' does not occur in the training data; replace it in the text");
  expect_error("--input " + file("g.txt", "ab\xff"), "byte 2 of the file is not UTF-8 text");
}

TEST_F(PredictFiles, TextNeedsTheVocabularyOfTheWeights) {
  model("model M {\n input token: i32[B, T]\n output y = cast(token, f32)\n}\n");
  untrained();
  expect_error("--input " + file("h.txt", "ab"), "the weights do not say which index a character has");
}

// What the model's data are called says nothing about how a table is called.
TEST_F(PredictFiles, TablesMayHaveAnyName) {
  file("d.csv", "x,t\n1,a\n2,b\n");
  model(
      "model M {\n input x: f32[B]\n param s: f32[] = 1\n output y = x * s\n}\ntrain M {\n"
      " data csv(\"d.csv\")\n target t: i32[B]\n loss mean(abs(y - cast(t, f32)))\n optimizer sgd(lr = "
      "0)\n}\n");
  train();
  EXPECT_EQ(predict("--input " + file("new.txt", "x\n4\n")).text, "y\n4\n");
  EXPECT_EQ(predict("--input x=" + file("new", "x\n5\n")).text, "y\n5\n");
}

}  // namespace
}  // namespace nnc
