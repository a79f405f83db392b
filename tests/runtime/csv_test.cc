#include "runtime/bind.h"
#include "runtime/csv_cells.h"
#include "runtime/data_source.h"
#include "tests/runtime/bad_files.h"

namespace nnc {
namespace {

const Dim kBatch = Dim::symbol("B");

Dataset read(const TestFolder& folder, const std::string& content,
             std::map<std::string, DataArg> named = {}) {
  folder.write("a.csv", content);
  return load_data({"csv", {std::string("a.csv")}, std::move(named)}, folder.path());
}

TEST(Csv, CutsWhatTheStandardAllows) {
  struct Case {
    std::string text;
    std::vector<std::string_view> cells;
  };
  const Case cases[] = {
      {"a,b\n1,2\n", {"a", "b", "1", "2"}},
      {"a,b\n1,2", {"a", "b", "1", "2"}},
      {"\xef\xbb\xbf"
       "a,b\r\n1,2\r\n\r\n",
       {"a", "b", "1", "2"}},
      {"a,b\n,\n", {"a", "b", "", ""}},
      {"\"a,\"\"x\"\"\",\"b\nc\"\n\"\",2", {"a,\"x\"", "b\nc", "", "2"}},
      {"a\n5'10\"\n", {"a", "5'10\""}},
      {"a;b\n1;2,5\n", {"a", "b", "1", "2,5"}},
      {"\n\"a,x\"\tb;c\n1\t2\n", {"a,x", "b;c", "1", "2"}},
      {"a;b,c\n1;2,3\n", {"a;b", "c", "1;2", "3"}},
      {"\"a;b\"\n1\n", {"a;b", "1"}},
      {"size\";price\n1;2,5\n", {"size\"", "price", "1", "2,5"}},
      {"a\",b\n1,\"x;y\"\n", {"a\"", "b", "1", "x;y"}},
      {"\"a\"\"x\";b\n1;2\n", {"a\"x", "b", "1", "2"}},
      {"", {}},
      {"\n\n", {}},
  };
  for (const Case& c : cases) {
    std::string text = c.text;
    EXPECT_EQ(cut_csv(text, "x").cells, c.cells) << c.text;
  }
}

TEST(Csv, ReadsNumbersAndClasses) {
  TestFolder folder;
  Dataset data = read(folder, "x, y ,kind\n1, 2.5 ,b\n-3e2,+4,a\n.5,1e-320,b\n");
  ASSERT_EQ(data.train.size(), 3u);
  EXPECT_EQ(data.train[0].values, Tensor::from(DType::F64, {3}, {1, -300, 0.5}));
  EXPECT_EQ(data.train[1].values, Tensor::from(DType::F64, {3}, {2.5, 4, 1e-320}));
  EXPECT_EQ(data.train[1].name, "y");
  EXPECT_EQ(data.train[2].values, Tensor::from(DType::I32, {3}, {1, 0, 1}));
  EXPECT_EQ(data.train[2].classes, (std::vector<std::string>{"a", "b"}));
}

TEST(Csv, RefusesWithFileLineAndColumn) {
  struct Case {
    std::string content, error;
    std::map<std::string, DataArg> named = {};
  };
  using namespace std::string_literals;
  const Case cases[] = {
      {"", "a.csv: the file is empty"},
      {"x,y\n", "no samples follow"},
      {"x,y\n1,2\n3\n", "a.csv:3: 1 value where the header has 2 columns"},
      {"x,y\n1,2\n\n3,4,5\n", "a.csv:4: 3 values where"},
      {"x,y\n1,\"2\n3\n", "a.csv:2: the quote that opens here"},
      {"x,y\n\"1\"2,3\n", "a.csv:2: text follows a closing quote"},
      {"x,\n1,2\n", "a.csv:1: column 2 has no name"},
      {"x,y,x\n1,2,3\n", "columns 1 and 3 are both named 'x'"},
      {"x,y\n1,\n", "no samples: every record lacks a value in some column", {{"missing", "skip"s}}},
      {"x,y\n1,2\n", "missing is 'sikp'", {{"missing", "sikp"s}}},
      {"x,y\n1,2\n", "name it, as in target", {{"missing", "skip_target"s}}},
      {"x,price\n1,2\n", "did you mean 'price'?", {{"target", "prise"s}}},
      {"x,y\n1,2\n", "the columns are x, y", {{"drop", "x, label"s}}},
      {"x,y\n1,2\n", "did you mean 'x'?", {{"text", "X"s}}},
      {std::string(140000, ','), "over 65536 columns"},
  };
  TestFolder folder;
  for (const Case& c : cases) {
    std::string error = error_of([&] { read(folder, c.content, c.named); });
    EXPECT_NE(error.find(c.error), std::string::npos) << error << "\nwanted: " << c.error;
  }
}

// A spoilt column is an error for the model that uses it, and only for that one.
TEST(Csv, SpoiltColumnsAreErrorsWhenUsed) {
  TestFolder folder;
  const std::string content = "x,gap,word,name\n1,2,3,ann\n2,,4,bob\n3,4,five,cid\n";
  struct Case {
    std::string column, error;
  };
  const Case cases[] = {
      {"gap", "a.csv:3: column 'gap': no value"},
      {"word", "a.csv:4: column 'word': 'five' is not a finite number"},
      {"name", "a.csv:2: column 'name' is text ('ann'), not numbers"},
      {"x", ""},
  };
  for (const Case& c : cases) {
    DataField input{c.column, {DType::F32, {kBatch}}};
    std::string error = error_of([&] { bind_data(read(folder, content), {&input, 1}, {}); });
    EXPECT_EQ(error.empty(), c.error.empty());
    EXPECT_NE(error.find(c.error), std::string::npos) << error;
  }
  EXPECT_EQ(sample_count(read(folder, content, {{"missing", std::string("skip")}}).train), 2);
}

TEST(Csv, TestSamplesFromAnotherFile) {
  TestFolder folder;
  folder.write("t.csv", "kind,x\na,7\nz,8\n");
  const std::map<std::string, DataArg> test{{"test", std::string("t.csv")}};
  const std::string train = "x,kind\n1,a\n2,b\n";
  DataField x{"x", {DType::F64, {kBatch}}}, kind{"kind", {DType::I32, {kBatch}}};
  EXPECT_NE(error_of([&] {
              bind_data(read(folder, train, test), {&x, 1}, {&kind, 1});
            }).find("t.csv:3: column 'kind': 'z' does not occur in the training data"),
            std::string::npos);
  folder.write("t.csv", "kind,x\nb,7\n");
  BoundData data = bind_data(read(folder, train, test), {&x, 1}, {&kind, 1});
  EXPECT_EQ(data.test.inputs[0], Tensor::from(DType::F64, {1}, {7}));
  EXPECT_EQ(data.test.targets[0], Tensor::from(DType::I32, {1}, {1}));
}

// A number is text, and a text no value, where the model file says so. Columns that are left out count for nothing.
TEST(Csv, TakesTextsForNoValueAndNumbersForText) {
  TestFolder folder;
  using namespace std::string_literals;
  const std::string content = "x,zip,note\n1,007,\n?,12,b\nNA,007,c\n4, ,d\n";
  Table table = read(folder, content, {{"na", "NA, ?"s}, {"text", "zip"s}}).train;
  EXPECT_TRUE(table[0].is_missing(1) && table[0].is_missing(2) && !table[0].is_missing(3));
  EXPECT_EQ(table[1].classes, (std::vector<std::string>{"007", "12"}));
  EXPECT_EQ(table[1].values, Tensor::from(DType::I32, {4}, {0, 1, 0, -1}));
  EXPECT_EQ(table[2].place_of(3), folder.file("a.csv") + ":5");
  const std::map<std::string, DataArg> skip{
      {"na", "NA, ?"s}, {"text", "zip"s}, {"missing", "skip"s}, {"drop", "note"s}};
  EXPECT_EQ(sample_count(read(folder, content, skip).train), 1);
  const std::map<std::string, DataArg> skip_target{
      {"na", "NA, ?"s}, {"target", "x"s}, {"missing", "skip_target"s}};
  EXPECT_EQ(sample_count(read(folder, content, skip_target).train), 2);
}

TEST(Csv, SurvivesDamage) {
  TestFolder folder;
  const std::string good = "x,y,\"na\"\"me\"\r\n1,2.5,ann\r\n-3,4e5,\"b,ob\"\r\n";
  folder.write("a.csv", good);
  auto all = [&] { load_data({"csv", {std::string("a.csv")}}, folder.path()); };
  expect_survives_damage(folder, "a.csv", good, all, false);
}

}  // namespace
}  // namespace nnc
