// Each preparation of columns against numbers worked out by hand (and Python's statistics module): fitted to one table,
// applied to it and to another.
#include "runtime/preparations.h"

#include <algorithm>
#include <cmath>

#include "ir/column_rows.h"
#include "tests/runtime/tables.h"

namespace nnc {
namespace {

struct Case {
  const char* columns;
  std::vector<const char*> learnt, later;  // cells of column v
  std::vector<double> as_learnt, as_later;
};

const Case kCases[] = {
    {R"(standardize("v"))",
     {"1", "4", "4", "11"},
     {"6"},
     {-1.0886621079036347, -0.2721655269759087, -0.2721655269759087, 1.632993161855452},
     {0.2721655269759087}},
    {R"(standardize("v"))", {"7", "7"}, {"7", "9"}, {0, 0}, {0, 2}},
    {R"(min_max("v"))", {"1", "4", "11"}, {"6", "21"}, {0, 0.3, 1}, {0.5, 2}},
    {R"(min_max("v", low = -1))", {"1", "4", "11"}, {"6", "21"}, {-1, -0.4, 1}, {0, 3}},
    {R"(impute("v"))", {"1", "", "2", "9"}, {"", "5"}, {1, 2, 2, 9}, {2, 5}},
    {R"(impute("v"))", {"1", "", "2", "4", "9"}, {""}, {1, 3, 2, 4, 9}, {3}},
    {R"(impute("v", by = "mean"))", {"1", "", "2", "9"}, {""}, {1, 4, 2, 9}, {4}},
    {R"(impute("v", by = "most_frequent"))", {"9", "2", "", "9", "2", "5"}, {""}, {9, 2, 2, 9, 2, 5}, {2}},
    {R"(impute("v", by = "mean"), standardize("v"))",
     {"1", "", "3"},
     {"", "2"},
     {-1.224744871391589, 0, 1.224744871391589},
     {0, 0}},
    {R"(standardize("v"), impute("v", by = "mean"))", {"1", "", "3"}, {"", "2"}, {-1, 0, 1}, {0, 0}},
};

TEST(Preparations, NumbersAgainstNumbersByHand) {
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.columns);
    TableModel model(" input v: f64[B]", std::string(" columns ") + c.columns);
    auto csv = [](const std::vector<const char*>& cells) {
      std::string text = "v,other\n";
      for (const char* cell : cells) text += std::string(cell) + ",1\n";
      return text;
    };
    for (bool first : {true, false}) {
      Tensor got = model.read(csv(first ? c.learnt : c.later)).train.inputs[0].load();
      const std::vector<double>& want = first ? c.as_learnt : c.as_later;
      ASSERT_EQ(got.count(), static_cast<int64_t>(want.size()));
      for (int64_t i = 0; i < got.count(); ++i) EXPECT_NEAR(got.get(i), want[static_cast<size_t>(i)], 1e-15);
    }
  }
}

TEST(Preparations, EveryRowOfTheLanguageHasItsFunctions) {
  for (const CallRow& row : all_column_rows()) {
    Column numbers{.name = "v", .values = Tensor(DType::F64, {2})};
    EXPECT_EQ(why_not(row.name, numbers, false), "") << row.name;
  }
}

// Numbers and texts side by side in the order of the file, each category a column of its own.
TEST(Preparations, MixedColumnsBecomeOneInput) {
  TableModel model(
      " input x: f32[B, 5]",
      " columns impute(\"*\"), one_hot(\"colour\", \"doors\"), min_max(\"*\")\n target t: i32[B]");
  const BoundData& data = model.read("size,colour,t,doors\n2,red,no,4\n,blue,yes,2\n4,,no,2\n4,red,yes,4\n");
  EXPECT_EQ(data.train.inputs[0], Tensor::from(DType::F32, {4, 5}, {0, 0, 1, 0, 1,  //
                                                                    1, 1, 0, 1, 0,  //
                                                                    1, 0, 1, 1, 0,  //
                                                                    1, 0, 1, 0, 1}));
}

TEST(Preparations, CategoriesAreIndicesForAnEmbedding) {
  TableModel model(" input kind: i32[B]\n input doors: i32[B]",
                   " columns index(\"kind\", \"doors\", unknown = \"last\")");
  const BoundData& data = model.read("kind,doors\nb,4\na,10\nb,4\n");
  EXPECT_EQ(data.train.inputs[0], Tensor::from(DType::I32, {3}, {1, 0, 1}));
  EXPECT_EQ(data.train.inputs[1], Tensor::from(DType::I32, {3}, {0, 1, 0}));
  model.read("kind,doors\nc,10\nb,5\n");
  EXPECT_EQ(data.train.inputs[0], Tensor::from(DType::I32, {2}, {2, 1}));
  EXPECT_EQ(data.train.inputs[1], Tensor::from(DType::I32, {2}, {1, 2}));
  EXPECT_EQ(model.trainer().learnt().names_of("doors"), (std::vector<std::string>{"4", "10"}));
}

TEST(Preparations, OneHotOfTheUnknownAndOfMoreThanThereAre) {
  TableModel model(" input kind: f32[B, 3]", " columns one_hot(\"kind\", unknown = \"zeros\", size = 3)");
  model.read("kind,n\nb,1\na,1\n");
  EXPECT_EQ(model.trainer().data().train.inputs[0], Tensor::from(DType::F32, {2, 3}, {0, 1, 0, 1, 0, 0}));
  EXPECT_EQ(model.read("kind,n\nc,1\n").train.inputs[0], Tensor::from(DType::F32, {1, 3}, {0, 0, 0}));
}

// The parts that are set apart say nothing about what is fitted, and are prepared by it.
TEST(Preparations, AreFittedToTheTrainingPartAlone) {
  std::string csv = "v,w\n";
  for (int i = 0; i < 10; ++i) csv += fmt::format("{},0\n", i * i);
  int beyond = 0;  // tests that have values outside of what the training part has
  for (int seed = 0; seed < 6; ++seed) {
    TableModel model(" input v: f64[B]",
                     fmt::format(" columns min_max(\"v\")\n split shares(test = 0.5, seed = {})", seed));
    const BoundData& data = model.read(csv);
    const Preparation& p = model.trainer().learnt().preparations[0];
    double min = p.numbers.at("min"), max = p.numbers.at("max");
    std::vector<double> all;
    for (const BoundTable* part : {&data.train, &data.test}) {
      Tensor values = part->inputs[0].load();
      for (double v : values.as<double>()) all.push_back(std::round(v * (max - min) + min));
    }
    ASSERT_EQ(all.size(), 10u);
    auto [least, most] = std::minmax_element(all.begin(), all.begin() + 5);
    EXPECT_EQ(*least, min);
    EXPECT_EQ(*most, max);
    beyond += min > 0 || max < 81;
    std::ranges::sort(all);
    EXPECT_EQ(all, (std::vector<double>{0, 1, 4, 9, 16, 25, 36, 49, 64, 81}));
  }
  EXPECT_GT(beyond, 0);
}

TEST(Preparations, WeightsAndCheckpointsKeepThem) {
  const char *input = " input x: f32[B, 4]",
             *columns = " columns impute(\"*\"), one_hot(\"k\"), standardize(\"v\")\n target t: i32[B]";
  TableModel model(input, columns);
  model.read("v,k,u,t\n1,a,1,yes\n2.7,b,,no\n3,,5,no\n");
  model.trainer().save_weights(model.folder().file("w"));
  Safetensors checkpoint = model.trainer().checkpoint();
  save_safetensors(model.folder().file("c"), checkpoint.tensors, checkpoint.metadata);
  for (const char* file : {"w", "c"}) {
    TableModel other(input, columns);
    other.trainer().load_weights(model.folder().file(file));
    EXPECT_EQ(other.trainer().learnt(), model.trainer().learnt());
    EXPECT_EQ(other.read("v,k,u,t\n,,,no\n").train.inputs[0], model.read("v,k,u,t\n,,,no\n").train.inputs[0]);
  }
  TableModel changed(input,
                     " columns impute(\"*\", by = \"most_frequent\"), one_hot(\"k\")\n target t: i32[B]");
  changed.trainer().load_weights(model.folder().file("w"));
  EXPECT_NE(changed.error("v,k,u,t\n1,a,1,yes\n").find("the weights were trained with other columns"),
            std::string::npos);
}

}  // namespace
}  // namespace nnc
