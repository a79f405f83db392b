// Tables that are wrong in the ways tables are: each is read right, or is an error that says where, what and what to do.
#include "tests/runtime/tables.h"

namespace nnc {
namespace {

struct Case {
  const char* what;
  std::string columns, csv, later;  // `later` is read as for trained weights, where it is given
  std::string error;
};

const std::string kGood = "a,b,kind\n1,2,x\n3,4,y\n5,6,x\n7,8,y\n";

const Case kCases[] = {
    {"as it should be", "", kGood, "", ""},
    {"CRLF, BOM and quotes", "", "\xef\xbb\xbf\"a\",b,\"kind\"\r\n1,2,\"x\"\r\n\"3\",4,y\r\n\r\n", "", ""},
    {"no line end at the end", "", "a,b,kind\n1,2,x\n3,4,y", "", ""},
    {"a ragged row", "", "a,b,kind\n1,2,x\n3,y\n", "", "a.csv:3: 2 values where the header has 3 columns"},
    {"a quote that stays open", "", "a,b,kind\n1,\"2,x\n3,4,y\n", "",
     "a.csv:2: the quote that opens here is not closed"},
    {"nothing but a header", "", "a,b,kind\n", "", "a.csv: no samples follow the header"},
    {"nothing", "", "", "", "a.csv: the file is empty"},
    {"an empty column", "", "a,b,kind\n1,,x\n2,,y\n", "",
     "input 'x': a.csv:2: column 'b': no value; fill them in by the train block's columns impute(\"b\"), or "
     "leave such "
     "samples out by csv(…, missing = \"skip\")"},
    {"an empty column to fill in", "impute(\"*\")", "a,b,kind\n1,,x\n2,,y\n", "",
     "a.csv: column 'b' has no value in the training part\nleave it out, as in csv(…, drop = \"b\")"},
    {"a missing target", "", "a,b,kind\n1,2,x\n3,4,\n5,6,y\n", "",
     "target 'kind': a.csv:3: column 'kind': no value; leave such samples out by csv(…, missing = \"skip\")"},
    {"a number that is none", "", "a,b,kind\n1,2,x\n3,four,y\n", "",
     "input 'x': a.csv:3: column 'b': 'four' is not a finite number; if it means no value: csv(…, na = "
     "\"four\"); if "
     "the column is text: csv(…, text = \"b\")"},
    {"text where numbers are asked for", "", "a,b,kind\n1,big,x\n3,4,y\n", "",
     "input 'x': a.csv:2: column 'b' is text ('big'), not numbers; as by the train block's columns "
     "one_hot(\"b\")"},
    {"text that is not UTF-8", "", "a,b,kind\n1,2,caf\xe9\n3,4,y\n", "",
     "target 'kind': a.csv:2: column 'kind': 'caf\xef\xbf\xbd' is not UTF-8 text; convert the file, as with "
     "iconv -f "
     "latin1 -t utf8"},
    {"one class", "", "a,b,kind\n1,2,x\n3,4,x\n", "",
     "a.csv: column 'kind' has one class alone, 'x': there is nothing to tell apart\ngive samples of other "
     "classes "
     "too, or choose another target"},
    {"a new class later", "", kGood, "a,b,kind\n1,2,x\n1,2,z\n",
     "target 'kind': a.csv:3: column 'kind': 'z' does not occur in the training data; train on samples of "
     "it, or leave "
     "such samples out"},
    {"fewer classes later", "", kGood, "a,b,kind\n1,2,y\n", ""},
    {"columns in another order later", "", kGood, "kind,b,more,a\ny,2,0,1\n", ""},
    {"a column that is gone later", "", kGood, "a,c,kind\n1,2,y\n",
     "'x' needs column 'b': the data have no such column; the data have 'a', 'c', 'kind'"},
    {"a new category later", "one_hot(\"b\", size = 1)", "a,b,kind\n1,red,x\n2,red,y\n",
     "a,b,kind\n1,blue,y\n",
     "input 'x': a.csv:2: column 'b': 'blue' does not occur in the training data; one_hot(\"b\", unknown = "
     "\"zeros\") "
     "lets it pass"},
    {"text of numbers alone later", "one_hot(\"b\", size = 1)", "a,b,kind\n1,7a,x\n2,7a,y\n",
     "a,b,kind\n1,7,y\n",
     "input 'x': a.csv:2: column 'b': '7' does not occur in the training data; one_hot(\"b\", unknown = "
     "\"zeros\") "
     "lets it pass"},
    {"no value for a category", "one_hot(\"b\", size = 1)", "a,b,kind\n1,red,x\n2,,y\n", "",
     "input 'x': a.csv:3: column 'b': no value"},
    {"more categories than asked for", "one_hot(\"b\", size = 1)", "a,b,kind\n1,red,x\n2,blue,y\n", "",
     "column 'b' has 2 categories in the training part, and one_hot's 'size' is 1"},
    {"more columns than the input has", "one_hot(\"b\")", "a,b,kind\n1,red,x\n2,blue,y\n", "",
     "input 'x' is f32[B, 2] and the data of a.csv leave it 3 columns: a, b[2]\ndeclare `x: f32[B, 3]`, or "
     "give data of the declared shape"},
    {"a preparation of no column", "standardize(\"bb\")", kGood, "",
     "columns standardize(\"bb\"): the data have no such column\ndid you mean 'b'?"},
    {"a preparation of text", "standardize(\"b\")", "a,b,kind\n1,red,x\n2,blue,y\n", "",
     "columns standardize(\"b\"): column 'b' is text ('blue'), not numbers"},
    {"a preparation of nothing that it suits", "one_hot(\"*\")", kGood, "",
     "columns one_hot(\"*\"): no input's column that it suits is called so"},
    {"a target that is scaled", "impute(\"kind\")", kGood, "",
     "columns impute(\"kind\"): column 'kind' is a target, which predictions are compared with as it is"},
    {"a preparation twice", "one_hot(\"a\", \"a\")", kGood, "",
     "columns one_hot(\"a\"): column 'a' is u8[4, 4], not one value per sample"},
    {"a median of text", "impute(\"b\", by = \"median\")", "a,b,kind\n1,red,x\n2,,y\n", "",
     "column 'b' is text ('red'), which has no median\ntext is filled in by = \"most_frequent\""},
};

TEST(BadTables, AreReadRightOrSayWhereWhatAndWhatToDo) {
  for (const Case& c : kCases) {
    SCOPED_TRACE(c.what);
    TableModel model(" input x: f32[B, 2]",
                     " target kind: i32[B]" + (c.columns.empty() ? "" : "\n columns " + c.columns));
    std::string first = model.error(c.csv);
    EXPECT_EQ(first, c.later.empty() ? c.error : "");
    if (!c.later.empty()) {
      EXPECT_EQ(model.error(c.later), c.error);
    }
  }
}

// Folds deal the samples of a class out; where it has one alone, some fold trains without it.
TEST(BadTables, AClassThatTheSplitLeavesNothingToTrainOn) {
  std::string csv = "x,kind\n1,a\n2,a\n3,a\n4,a\n5,b\n6,b\n7,b\n8,b\n9,rare\n";
  int errors = 0;
  for (int fold = 0; fold < 3; ++fold) {
    for (bool numbers : {false, true}) {
      std::string text = csv;
      for (const auto& [name, number] : {std::pair("rare", "2"), {"a", "0"}, {"b", "1"}}) {
        for (size_t at; numbers && (at = text.find(std::string(",") + name)) != std::string::npos;)
          text.replace(at + 1, std::string_view(name).size(), number);
      }
      TableModel model(" input x: f32[B]",
                       " target kind: i32[B]\n metric accuracy(stack(x, x, x, axis = 1), kind)\n" +
                           fmt::format(" split folds(3, fold = {})", fold));
      std::string error = model.error(text);
      if (error.empty()) continue;
      ++errors;
      EXPECT_EQ(error,
                numbers
                    ? "a.csv:10: column 'kind': no sample of class 2 is left to train on\ngive more samples "
                      "of it, leave it out, or split otherwise"
                    : "test data: target 'kind': a.csv:10: column 'kind': 'rare' does not occur in the "
                      "training data; train on samples of it, or leave such samples out");
    }
  }
  EXPECT_EQ(errors, 2);
}

TEST(BadTables, ASplitThatLeavesAPartEmpty) {
  TableModel model(" input x: f32[B]", " split shares(test = 0.1)");
  EXPECT_EQ(model.error("x,y\n1,1\n2,2\n"),
            "the split of 2 samples leaves the test part empty\n"
            "a share is rounded to whole samples; every class keeps one to train on");
}

// Text columns whose first values look like numbers in later data are still text.
TEST(BadTables, WhatWasTextIsText) {
  TableModel model(" input code: i32[B]", "");
  model.read("code,x\nA7,1\n7,1\n12,1\n");
  EXPECT_EQ(model.read("code,x\n7,1\nA7,1\n").train.inputs[0], Tensor::from(DType::I32, {2}, {1, 2}));
}

}  // namespace
}  // namespace nnc
