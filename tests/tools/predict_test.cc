// nnc predict: inputs in the forms people have them, predictions in the forms they want.
#include <cmath>
#include <numeric>

#include "runtime/npy.h"
#include "tests/tools/tool_run.h"

namespace nnc {
namespace {

// Nothing is learnt but the names, the mean (2) and the deviation (1) of `a`, and the categories of `shape`; the logits are
// the prepared inputs themselves.
constexpr const char* kPets = R"(model Pets {
  input x: f32[B, 3]
  param s: f32[] = 1
  output y = x * s
  output total = sum(x, axis = 1)
}
train Pets {
  data      csv("pets.csv", na = "?")
  columns   impute("a"), standardize("a"), one_hot("shape")
  target    pet: i32[B]
  loss      cross_entropy(y, pet)
  metric    accuracy(y, pet)
  optimizer sgd(lr = 0)
}
)";
constexpr const char* kPetsData =
    "a,shape,pet\n1,long,cat\n3,long,\"dog, small\"\n1,round,fish\n3,round,cat\n?,long,cat\n";

class Predict : public Tool {
 protected:
  Predict() {
    file("pets.csv", kPetsData);
    model_ = file("pets.nn", kPets);
    EXPECT_EQ(run("train " + model_ + " --mode interpreted -o " + path("w.safetensors")).status, 0);
    command_ = "predict " + model_ + " --mode interpreted --weights " + path("w.safetensors") + " ";
  }

  // The folder's name is another each time.
  std::string said(const std::string& arguments, const std::string& input = "/dev/null") {
    std::string text = run(command_ + arguments, input).text;
    for (size_t at; (at = text.find(folder_.string() + "/")) != std::string::npos;)
      text.erase(at, folder_.string().size() + 1);
    return text;
  }

  std::string model_, command_;
};

// The five values of a, its median (2) filled in: mean 2, deviation √0.8. Probabilities: softmax of (1 / √0.8, 1, 0) and of
// (0, 0, 1), by Python.
TEST_F(Predict, TablesGiveClassesByNameAndProbabilities) {
  std::string birds = file("new.csv", "shape,more,a\nlong,x,3\nround,y,?\n");
  std::string csv = said("--select y --input " + birds);
  EXPECT_EQ(csv,
            "pet,p(cat),\"p(dog, small)\",p(fish)\n"
            "cat,0.4513475,0.40109712,0.14755538\n"
            "fish,0.21194156,0.21194156,0.57611686\n");
  EXPECT_EQ(said("--select y --input -", birds), csv);
  EXPECT_EQ(said("--select y -o " + path("out.csv") + " --input " + birds), "");
  EXPECT_EQ(read(path("out.csv")), csv);
  EXPECT_EQ(
      said("--select y --format json --input " + birds),
      "[\n"
      "{\"pet\":\"cat\",\"p(cat)\":0.4513475,\"p(dog, small)\":0.40109712,\"p(fish)\":0.14755538},\n"
      "{\"pet\":\"fish\",\"p(cat)\":0.21194156,\"p(dog, small)\":0.21194156,\"p(fish)\":0.57611686}\n]\n");
  EXPECT_EQ(said("--raw --input " + birds), "y[0],y[1],y[2],total\n1.118034,1,0,2.118034\n0,0,1,1\n");
}

TEST_F(Predict, ArraysAreInputsOrTheirColumns) {
  std::string birds = file("new.csv", "shape,a\nlong,3\n");
  ASSERT_EQ(said("--select y --format npy --input " + birds + " -o " + path("y.npy")), "");
  Tensor y = load_npy(path("y.npy"));
  EXPECT_EQ(y.type_str(), "f32[1, 3]");
  EXPECT_FLOAT_EQ(static_cast<float>(y.get(0)), 1.118034f);
  std::string plain =
      file("plain.nn",
           "model M {\n input u: f32[B]\n input v: u8[B, 2]\n output z = u + sum(cast(v, f32), 1)\n}\n");
  save_npy(path("u.npy"), Tensor::from(DType::F32, {2}, {0.5, 1}));
  file("v.idx", std::string("\0\0\x08\x02\0\0\0\x02\0\0\0\x02\x01\x02\x03\x04", 16));
  file("none.safetensors", std::string("\x02\0\0\0\0\0\0\0{}", 10));
  std::string two = "predict " + plain + " --mode interpreted --weights " + path("none.safetensors");
  EXPECT_EQ(run(two + " --input u=" + path("u.npy") + " --input v=" + path("v.idx")).text, "z\n3.5\n8\n");
  EXPECT_NE(run(two + " --input " + path("u.npy")).text.find("the model has 2 inputs (u, v): say which one"),
            std::string::npos);
  EXPECT_NE(run(two + " --input w=" + path("u.npy")).text.find("the model has no input 'w'"),
            std::string::npos);
}

TEST_F(Predict, MistakesSayWhereWhatAndWhatToDo) {
  struct Case {
    std::string csv, arguments, says;
  };
  const Case cases[] = {
      {"shape,a\noval,1\n", "",
       "error: input 'x': new.csv:2: column 'shape': 'oval' does not occur in the training data; "
       "one_hot(\"shape\", "
       "unknown = \"zeros\") lets it pass\n"},
      {"shape,b\nlong,1\n", "",
       "error: 'x' needs column 'a': the data have no such column; the data have 'shape', 'b'\n"},
      {"shape,a\nlong,NA\n", "", "error: input 'x': new.csv:2: column 'a': 'NA' is not a finite number"},
      {"shape,a\n", "", "error: new.csv: no samples follow the header\n"},
      {"shape,a\nlong,1\n", " --select z",
       "error: the model has no output 'z'\n  note: its outputs are y, total\n"},
      {"shape,a\nlong,1\n", " -o out.txt", "error: the name out.txt does not say what to write\n"},
      {"shape,a\nlong,1\n", " --format npy", "error: an array is written to a file\n"},
      {"shape,a\nlong,1\n", " -o y.npy", "error: the model has 2 outputs, and an array holds one\n"},
  };
  for (const Case& c : cases) {
    std::string text = said("--input " + file("new.csv", c.csv) + c.arguments);
    EXPECT_EQ(text.substr(0, c.says.size()), c.says);
  }
  std::string other = kPets;
  other.replace(other.find("standardize"), 11, "min_max");
  std::string text = run("predict " + file("other.nn", other) + " --weights " + path("w.safetensors") +
                         " --input " + file("new.csv", "shape,a\nlong,1\n"))
                         .text;
  EXPECT_NE(text.find("the weights were trained with other columns than the model file has"),
            std::string::npos);
}

TEST_F(Predict, EvalPreparesOtherDataAsInTraining) {
  std::string later = file("later.csv", "pet,a,shape\ncat,3,long\nfish,?,round\nfish,1,round\n");
  std::string text =
      run("eval " + model_ + " --mode interpreted --weights " + path("w.safetensors") + " --data " + later)
          .text;
  EXPECT_NE(text.find("  accuracy         1\n"), std::string::npos) << text;
  EXPECT_NE(text.find("fish                 0           0           2  100.0 %\n"), std::string::npos)
      << text;
}

TEST_F(Predict, ScoresOfLabelsAreProbabilitiesOfTwoClasses) {
  file("d.csv", "x,t\n0,no\n2,yes\n");
  std::string model =
      file("two.nn",
           "model M {\n input x: f32[B]\n param s: f32[] = 1\n output z = x * s\n}\ntrain M {\n data "
           "csv(\"d.csv\")\n"
           " target t: i32[B]\n loss binary_cross_entropy_with_logits(z, t)\n optimizer sgd(lr = 0)\n}\n");
  ASSERT_EQ(run("train " + model + " --mode interpreted -o " + path("w2")).status, 0);
  EXPECT_EQ(
      run("predict " + model + " --mode interpreted --weights " + path("w2") + " --input " + path("d.csv"))
          .text,
      "t,p(no),p(yes)\nno,0.5,0.5\nyes,0.11920292,0.8807971\n");
}

// A class and a quantity from one model: each output is told by its own target.
TEST_F(Predict, SeveralTargetsAreEachTheirOwn) {
  file("d.csv", "age,size,kind\n1,10,cat\n2,30,dog\n3,20,dog\n");
  std::string model =
      file("both.nn",
           "model M {\n input age: f32[B]\n param s: f32[] = 1\n output double = 2 * age\n"
           " output logits = stack(zeros([B]), age * s - 2, axis = 1)\n}\ntrain M {\n data csv(\"d.csv\")\n"
           " target size: f32[B]\n target kind: i32[B]\n"
           " loss cross_entropy(logits, kind) + 0.01 * mse(double, size)\n metric accuracy(logits, kind)\n"
           " metric mae(double, size)\n optimizer sgd(lr = 0)\n}\n");
  std::string weights = path("w3"), options = model + " --mode interpreted --weights " + weights;
  ASSERT_EQ(run("train " + model + " --mode interpreted -o " + weights).status, 0);
  EXPECT_EQ(run("predict " + options + " --input " + file("new.csv", "age\n2\n1\n")).text,
            "double,kind,p(cat),p(dog)\n4,cat,0.5,0.5\n2,cat,0.7310586,0.26894143\n");
  std::string measures = run("eval " + options).text;
  EXPECT_NE(measures.find("  mae              16\n"), std::string::npos) << measures;
  EXPECT_NE(measures.find("dog    1    1   50.0 %\n"), std::string::npos) << measures;
}

}  // namespace
}  // namespace nnc
