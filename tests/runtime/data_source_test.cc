#include "runtime/data_source.h"

#include <cmath>

#include <fmt/format.h>

#include "runtime/bind.h"
#include "tests/runtime/bad_files.h"

namespace nnc {
namespace {

using namespace std::string_literals;

const Dim kBatch = Dim::symbol("B");

TEST(DataSource, UnknownReadersAndArgumentsAreErrors) {
  struct Case {
    DataSpec spec;
    std::string error;
  };
  const Case cases[] = {
      {{"cvs", {"a"s}}, "unknown data reader 'cvs'\ndid you mean 'csv'?"},
      {{"parquet", {"a"s}}, "there is idx, csv, npy, npz, text, digits"},
      {{"csv"}, "csv needs the argument 'path'"},
      {{"csv", {int64_t{3}}}, "'path' is a text, not an integer"},
      {{"csv", {"nothing.csv"s}},
       "there is no file or folder 'here/nothing.csv'\nthe folder 'here' does not exist or cannot be read; "
       "paths "
       "are relative to the folder of the model file, and --data takes another"},
      {{"digits", {}, {{"sede", int64_t{3}}}}, "digits has no argument 'sede'\ndid you mean 'seed'?"},
      {{"digits", {int64_t{3}}, {{"n", int64_t{3}}}}, "'n' is given twice"},
      {{"digits", {int64_t{3}, int64_t{3}, int64_t{3}}}, "at most 2 arguments"},
      {{"digits", {int64_t{0}}}, "digits: n is 0, not from 1 to 10000000"},
      {{"spirals", {int64_t{5}, int64_t{6}}}, "n is 5, not from 6"},
      {{"spirals", {}, {{"classes", int64_t{0}}}}, "classes is 0, not from 1 to 1000"},
      {{"moons", {}, {{"noise", -0.5}}}, "moons: noise is -0.5, not from 0"},
      {{"moons", {int64_t{1}}}, "n is 1"},
      {{"spirals", {}, {{"turns", NAN}}}, "turns is nan"},
      {{"linear", {int64_t{10000000}, int64_t{1000}}}, "linear: 10000000 samples of 1000 features are over"},
      {{"digits", {2.5}}, "'n' is an integer, not a number"},
  };
  for (const Case& c : cases) {
    std::string error = error_of([&] { load_data(c.spec, "here"); });
    EXPECT_NE(error.find(c.error), std::string::npos) << error << "\nwanted: " << c.error;
  }
}

TEST(DataSource, CheckReportsEveryMistakeAtItsPlace) {
  DataSpec spec{"csv",     {"nothing.csv"s}, {{"targte", "y"s}},
                {3, 3, 3}, {{3, 7, 13}},     {{"targte", {3, 22, 6}}}};
  Diagnostics diagnostics("m.nn");
  check_data(spec, "", diagnostics);
  std::vector<Diagnostic> found = diagnostics.sorted();
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].loc.column, 7u);
  EXPECT_EQ(found[0].code.name(), "missing-data");
  EXPECT_EQ(found[1].loc.column, 22u);
  EXPECT_EQ(found[1].help, "did you mean 'target'?");
}

// "noise = 0.02", or "path", or "test = none" for a text that may be missing.
std::string documented(const DataArgument& argument) {
  if (argument.required) return std::string(argument.name);
  auto text = [](const auto& value) {
    if constexpr (std::is_same_v<std::decay_t<decltype(value)>, std::string>)
      return value.empty() ? "none"s : "\"" + value + "\"";
    else
      return fmt::format("{}", value);
  };
  return fmt::format("{} = {}", argument.name, std::visit(text, argument.fallback));
}

TEST(DataSource, EverySourceIsInTheLanguageDocument) {
  std::string text = slurp(NNC_SOURCE_DIR "/docs/LANGUAGE.md");
  for (const DataSource& source : data_sources()) {
    std::vector<std::string> arguments;
    for (const DataArgument& a : source.arguments) arguments.push_back(documented(a));
    std::string call = fmt::format("| `{}({})` |", source.name, fmt::join(arguments, ", "));
    EXPECT_NE(text.find(call), std::string::npos) << call;
  }
}

TEST(DataSource, PathsReplaceTheFilesOwn) {
  TestFolder folder;
  EXPECT_EQ(with_path(std::nullopt, folder.path()).kind, "idx");
  EXPECT_EQ(with_path(std::nullopt, folder.write("a.csv", "x\n1\n")).kind, "csv");
  EXPECT_EQ(with_path(std::nullopt, folder.file("a.npz")).kind, "npz");
  EXPECT_EQ(with_path(std::nullopt, folder.file("a.npy")).kind, "npy");
  folder.write("a.npy", "");
  EXPECT_EQ(with_path(std::nullopt, folder.path()).kind, "npy");
  DataSpec spec{"csv", {}, {{"path", "old.csv"s}, {"target", "y"s}}};
  DataSpec replaced = with_path(spec, folder.file("a.csv"));
  EXPECT_EQ(replaced.positional, std::vector<DataArg>{folder.file("a.csv")});
  EXPECT_EQ(replaced.named.size(), 1u);
  EXPECT_THROW(with_path(DataSpec{"digits"}, folder.path()), Error);
}

TEST(Digits, TheSameEverywhereAndOtherForOtherSeeds) {
  DataSpec spec{"digits", {int64_t{500}, int64_t{0}}};
  Dataset data = load_data(spec, "");
  EXPECT_EQ(data.train[0].values.shape(), (std::vector<int64_t>{500, 28, 28}));
  EXPECT_EQ(sample_count(data.test), 100);
  uint64_t sum = 0;
  for (uint8_t v : data.train[0].values.as<uint8_t>()) sum = sum * 31 + v;
  EXPECT_EQ(sum, 6151063402991297100u) << "the pixels of a seed may never change";
  spec.positional[1] = int64_t{1};
  EXPECT_NE(load_data(spec, "").train[0].values, data.train[0].values);
  int counts[10] = {};
  for (uint8_t v : data.train[1].values.as<uint8_t>()) ++counts[v];
  for (int c : counts) EXPECT_GT(c, 25);
}

// The files that lie beside the checkout where the project is developed.
class SharedData : public testing::Test {
 protected:
  void SetUp() override {
    if (!std::filesystem::exists(folder_)) GTEST_SKIP() << folder_ << " is not there";
  }
  std::string folder_ = NNC_SOURCE_DIR "/../shared/data";
};

TEST_F(SharedData, Mnist) {
  Dataset data = load_data({"idx", {"mnist"s}}, folder_);
  EXPECT_EQ(data.train[0].values.shape(), (std::vector<int64_t>{60000, 28, 28}));
  EXPECT_EQ(data.test[0].values.shape(), (std::vector<int64_t>{10000, 28, 28}));
  const int train[] = {0, 3, 4, 7, 9}, test[] = {3, 8, 1, 0, 4};
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(data.train[1].values.get_int(i), train[i]);
    EXPECT_EQ(data.test[1].values.get_int(i), test[i]);
  }
  DataField image{"image", {DType::U8, {kBatch, 28, 28}}}, digit{"digit", {DType::I32, {kBatch}}};
  EXPECT_EQ(bind_data(std::move(data), {&image, 1}, {&digit, 1}).train.samples, 60000);
}

TEST_F(SharedData, Tables) {
  DataField x{"x", {DType::F64, {kBatch, 1}}}, y{"y", {DType::F64, {kBatch, 1}}};
  BoundData line = bind_data(load_data({"csv", {"linear_regression.csv"s}}, folder_), {&x, 1}, {&y, 1});
  EXPECT_EQ(line.train.samples, 100);
  EXPECT_EQ(line.train.targets[0].load().get(0), 1.577710915879818);

  DataField flower{"flower", {DType::F32, {kBatch, 4}}}, species{"species", {DType::I32, {kBatch}}};
  BoundData iris = bind_data(load_data({"csv", {"iris.csv"s}}, folder_), {&flower, 1}, {&species, 1});
  EXPECT_EQ(iris.train.samples, 150);
  EXPECT_EQ(iris.learnt.names_of("species"), (std::vector<std::string>{"setosa", "versicolor", "virginica"}));

  DataField car{"x", {DType::F32, {kBatch, 6}}}, mpg{"mpg", {DType::F32, {kBatch}}};
  DataSpec spec{"csv", {"mpg.csv"s}, {{"drop", "origin, name"s}}};
  EXPECT_NE(error_of([&] {
              bind_data(load_data(spec, folder_), {&car, 1}, {&mpg, 1});
            }).find("column 'horsepower'"),
            std::string::npos);
  spec.named["missing"] = "skip"s;
  EXPECT_EQ(bind_data(load_data(spec, folder_), {&car, 1}, {&mpg, 1}).train.samples, 392);

  DataField bird[] = {{"bill_length_mm", {DType::F32, {kBatch}}}, {"island", {DType::I32, {kBatch}}}};
  BoundData penguins =
      bind_data(load_data({"csv", {"penguins.csv"s}, {{"missing", "skip"s}}}, folder_), bird, {&species, 1});
  EXPECT_EQ(penguins.learnt.names_of("species").size(), 3u);
}

}  // namespace
}  // namespace nnc
