// nnc new: what it writes for a data file, and that it trains.
#include "tests/tools/tool_run.h"

namespace nnc {
namespace {

/// Four numbers, texts, gaps, an empty column, a running number and texts that all differ.
std::string cars(int samples) {
  std::string out = "id,power,weight,fuel,maker,note,empty,class\n";
  const char *fuels[] = {"oil", "gas", "\"electric, new\""}, *makers[] = {"A", "B", "C"};
  for (int i = 0; i < samples; ++i) {
    std::string power = i % 7 == 3 ? "NA" : std::to_string(50 + i % 11);
    std::string maker = i == 5 ? "Rare" : i % 9 == 4 ? "" : makers[i % 2];
    out += std::to_string(i + 1) + "," + power + "," + std::to_string(900.5 + 13 * i) + "," + fuels[i % 3] +
           "," + maker + ",n" + std::to_string(i) + ",," + (i % 3 == 2 ? "van" : "car") + "\n";
  }
  return out;
}

class New : public Tool {
 protected:
  std::string said(const std::string& arguments) {
    std::string text = run(arguments).text;
    for (size_t at; (at = text.find(folder_.string() + "/")) != std::string::npos;)
      text.erase(at, folder_.string().size() + 1);
    return text;
  }
};

constexpr const char* kCars = R"(# Predicts class (one of 2 classes) from 4 columns of cars.csv.
#
#   nnc train cars.nn -o weights.safetensors
#   nnc predict cars.nn --weights weights.safetensors --input NEW.csv
#
# Written by nnc new from 60 samples: every line is a guess, to be changed as you know better.
# The target is the last column; nnc new --target COLUMN takes another.
# Left out: id (a running number).
# Left out: note (60 different texts).
# Left out: empty (no values).

model Net(hidden = 32, classes = 2) {
  input x: f32[B, 8]   # B samples at once
  # The 8: 2 numbers, 3 of fuel, 3 of maker.
  h = tanh(linear(x, hidden))
  h = tanh(linear(h, hidden))
  output logits = linear(h, classes)   # a score for each class
}

train Net {
  data      csv("cars.csv", drop = "id, note, empty", na = "NA")
  columns   impute("power", "maker")   # missing values: the median, the most frequent text
  columns   one_hot("fuel")   # a column of 0 and 1 for each value
  columns   one_hot("maker", unknown = "zeros", size = 3)   # some values are rare
  columns   standardize("*")   # numbers: mean 0, deviation 1 on the training part
  split     shares(test = 0.2)   # a fifth is set apart to measure on
  target    class: i32[B]
  loss      cross_entropy(logits, class)
  metric    accuracy(logits, class)
  optimizer adamw(lr = 3e-3, weight_decay = 0.3)
  batch     32
  average   0.99   # the weights kept are a moving average
  epochs    200
  seed      0
}
)";

TEST_F(New, WritesWhatATableLooksLike) {
  file("cars.csv", cars(60));
  EXPECT_EQ(said("new " + path("cars.csv") + " -o " + path("cars.nn")),
            "target: class (the last column), 2 classes\n"
            "left out: id (a running number)\n"
            "left out: note (60 different texts)\n"
            "left out: empty (no values)\n"
            "cars.nn is written; go on with\n  nnc train cars.nn\n");
  std::string text = read(path("cars.nn"));
  for (size_t at; (at = text.find(folder_.string() + "/")) != std::string::npos;)
    text.erase(at, folder_.string().size() + 1);
  EXPECT_EQ(text, kCars);
  for (const char* seed : {"0", "1", "2", "3"}) {
    Outcome trained =
        run("train " + path("cars.nn") + " --mode interpreted --epochs 1 --set train.split.seed=" + seed);
    EXPECT_EQ(trained.status, 0) << trained.text;
  }
}

TEST_F(New, QuantitiesNumberedClassesAndStrangeNames) {
  file("cars.csv", cars(60));
  Outcome price = run("new " + path("cars.csv") + " --target weight -o " + path("w.nn"));
  EXPECT_EQ(price.text.substr(0, 27), "target: weight, a quantity\n") << price.text;
  EXPECT_NE(read(path("w.nn")).find("output prediction = 1284 + 225.1 * y"), std::string::npos)
      << read(path("w.nn"));
  std::string grades = "x,the grade\n";
  for (int i = 0; i < 80; ++i)
    grades += std::to_string(i * i % 17) + "," + std::to_string(2 + 2 * (i % 2)) + "\n";
  file("grades.csv", grades);
  EXPECT_EQ(run("new " + path("grades.csv") + " -o " + path("g.nn")).status, 0);
  std::string text = read(path("g.nn"));
  for (const char* line : {"input xs: f32[B, 1]", "csv(\"grades.csv\", target = \"the grade\")",
                           "columns   index(\"the grade\")", "target    target: i32[B]"})
    EXPECT_NE(text.find(line), std::string::npos) << text;
  // What is a column already names no target, and records without a target are left out for that alone.
  std::string odd = "target,the price,b\n";
  for (int i = 0; i < 40; ++i)
    odd += std::to_string(i % 7) + "," + (i % 8 == 1 ? "" : std::to_string(1.5 * i)) +
           (i % 5 == 2 ? std::string(",\n") : "," + std::to_string(i % 4) + "\n");
  file("odd.csv", odd);
  EXPECT_EQ(run("new " + path("odd.csv") + " --target 'the price' -o " + path("o.nn")).status, 0);
  text = read(path("o.nn"));
  for (const char* line : {"csv(\"odd.csv\", target = \"the price\", missing = \"skip_target\")",
                           "impute(\"b\")", "target    target_: f32[B, 1]"})
    EXPECT_NE(text.find(line), std::string::npos) << text;
  for (const char* model : {"w.nn", "g.nn", "o.nn"}) {
    Outcome trained = run("train " + path(model) + " --mode interpreted --epochs 1");
    EXPECT_EQ(trained.status, 0) << trained.text;
  }
}

TEST_F(New, MistakesAndFilesThatAreThere) {
  file("cars.csv", cars(60));
  file("names.csv", "first,last\nann,lee\nbob,ray\ncid,kay\n");
  file("one.csv", "y\n1\n2\n");
  file("bad.csv", "a,b\n1\n");
  file("there.nn", "mine");
  struct Case {
    std::string arguments, says;
  };
  const Case cases[] = {
      {"cars.csv -o there.nn",
       "error: there.nn is there already\n  note: give another name by -o, or replace it by --force\n"},
      {"cars.csv --target clas -o a.nn",
       "error: cars.csv: there is no column 'clas'\n  note: did you mean 'class'?\n"},
      {"cars.csv --target note -o a.nn",
       "error: cars.csv: column 'note' cannot be predicted: it has 60 different texts\n"},
      {"names.csv -o a.nn",
       "error: names.csv: neither the last nor the first column can be predicted\n  note: last has 3 "
       "different texts; "
       "first has 3 different texts\n  note: say which can, as by --target COLUMN\n"},
      {"one.csv -o a.nn", "error: one.csv: no column is left to predict 'y' from\n"},
      {"bad.csv -o a.nn", "error: bad.csv:2: 1 value where the header has 2 columns\n"},
      {"none.csv -o a.nn", "error: there is no file or folder 'none.csv'\n  note: did you mean 'one.csv'?\n"},
  };
  for (const Case& c : cases) {
    std::string arguments = "new " + path(c.arguments);
    arguments.replace(arguments.find("-o ") + 3, 0, folder_.string() + "/");
    EXPECT_EQ(said(arguments), c.says);
  }
  EXPECT_EQ(read(path("there.nn")), "mine");
  EXPECT_FALSE(std::filesystem::exists(path("a.nn")));
  EXPECT_EQ(run("new " + path("cars.csv") + " --force -o " + path("there.nn")).status, 0);
  EXPECT_NE(read(path("there.nn")), "mine");
}

}  // namespace
}  // namespace nnc
