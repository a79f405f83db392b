// Texts as windows of characters.
#include <gtest/gtest.h>

#include "runtime/data_source.h"
#include "runtime/file.h"
#include "runtime/trainer.h"
#include "tests/ir/model_text.h"
#include "tests/runtime/bad_files.h"

namespace nnc {
namespace {

using namespace std::string_literals;

const Dim kBatch = Dim::symbol("B"), kTime = Dim::symbol("T");
const DataField kToken{"token", {DType::I32, {kBatch, kTime}}},
    kNext{"next", {DType::I32, {kBatch, kTime}}, true};

class Text : public testing::Test {
 protected:
  BoundData bind(const std::string& text, int64_t length, const SplitSpec& split = {},
                 const Learnt& known = {}) {
    folder_.write("a.txt", text);
    Dataset data = load_data({"text", {"a.txt"s}, {{"length", length}}}, folder_.path());
    return bind_data(std::move(data), {&kToken, 1}, {&kNext, 1}, split, {}, known);
  }

  TestFolder folder_;
};

TEST_F(Text, WindowsAreIndicesAndWhatFollows) {
  BoundData data = bind("hello world", 3);
  std::vector<std::string> vocabulary{" ", "d", "e", "h", "l", "o", "r", "w"};
  EXPECT_EQ(data.learnt.names_of("token"), vocabulary);
  EXPECT_EQ(data.learnt.names_of("next"), vocabulary);
  EXPECT_EQ(data.train.inputs[0], Tensor::from(DType::I32, {3, 3}, {3, 2, 4, 4, 5, 0, 7, 5, 6}));
  EXPECT_EQ(data.train.targets[0], Tensor::from(DType::I32, {3, 3}, {2, 4, 4, 5, 0, 7, 5, 6, 4}));
}

TEST_F(Text, CharactersBeyondAsciiAreOneEach) {
  BoundData data = bind(
      "\xef\xbb\xbf"
      "a\u00e4\u20aca\u00e4",
      2);
  EXPECT_EQ(data.learnt.names_of("token"), (std::vector<std::string>{"a", "\u00e4", "\u20ac"}));
  EXPECT_EQ(data.train.inputs[0], Tensor::from(DType::I32, {2, 2}, {0, 1, 2, 0}));
  EXPECT_EQ(data.train.targets[0], Tensor::from(DType::I32, {2, 2}, {1, 2, 0, 1}));
}

// No window is in two parts, and they follow one another.
TEST_F(Text, ASplitIsByPosition) {
  std::string text;
  for (int i = 0; i < 101; ++i) text += static_cast<char>('!' + i % 90);
  SplitSpec shares{.kind = SplitSpec::Kind::Shares, .validation = 0.2, .test = 0.1, .seed = 5};
  BoundData data = bind(text, 10, shares);
  EXPECT_EQ(data.train.samples, 7);
  EXPECT_EQ(data.validation.samples, 2);
  EXPECT_EQ(data.train.inputs[0].load().get(69), 69);
  EXPECT_EQ(data.validation.inputs[0].load().get(0), 70);
  EXPECT_EQ(data.test.inputs[0].load().get(0), 0);  // number 90 is the first character again
  EXPECT_EQ(data.test.targets[0].load().get(0), 1);
  SplitSpec folds{.kind = SplitSpec::Kind::Folds, .validation = 0.1, .folds = 5, .fold = 1};
  data = bind(text, 10, folds);
  EXPECT_EQ(data.train.samples, 7);
  EXPECT_EQ(data.test.inputs[0].load().get(0), 20);
  EXPECT_EQ(data.validation.inputs[0].load().get(0), 0);
}

// What a model was trained with is what its indices mean.
TEST_F(Text, AnotherTextHasTheVocabularyOfTheWeights) {
  Learnt known = bind("abcabc", 2).learnt;
  BoundData other = bind("cba", 2, {}, known);
  EXPECT_EQ(other.train.inputs[0], Tensor::from(DType::I32, {1, 2}, {2, 1}));
  EXPECT_EQ(other.train.targets[0], Tensor::from(DType::I32, {1, 2}, {1, 0}));
  other = bind("bcb", 2, {}, known);
  EXPECT_EQ(other.train.inputs[0], Tensor::from(DType::I32, {1, 2}, {1, 2}));
  EXPECT_NE(error_of([&] { bind("abx", 2, {}, known); }).find("'x' does not occur in the training data"),
            std::string::npos);
}

TEST_F(Text, RefusesWhatItCannotRead) {
  std::string many;
  for (int i = 0; i < 300; ++i) many += {static_cast<char>(0xc4 + i / 64), static_cast<char>(0x80 + i % 64)};
  const std::pair<std::string, std::string> cases[] = {
      {"", "the text has 0 characters, less than a window of 4 and the next"},
      {"abcd", "has 4 characters, less than"},
      {"abc\nd\xff"
       "fgh",
       "a.txt:2: byte 5 of the file is not UTF-8 text"},
      {"abcdefg\xc3", "byte 7 of the file"},
      {many, "has 300 different characters; up to 256"}};
  for (const auto& [text, wanted] : cases) {
    std::string error = error_of([&, &given = text] { bind(given, 4); });
    EXPECT_NE(error.find(wanted), std::string::npos) << error << "\nwanted: " << wanted;
  }
  EXPECT_EQ(bind("abcde", 4).train.samples, 1);
}

TEST_F(Text, IsNoInputOfNumbers) {
  folder_.write("a.txt", "abcdef");
  DataField x{"x", {DType::F32, {kBatch, kTime}}};
  Dataset data = load_data({"text", {"a.txt"s}, {{"length", int64_t{2}}}}, folder_.path());
  EXPECT_NE(error_of([&] {
              bind_data(data, {&x, 1}, {&kNext, 1});
            }).find("column 'text' is text ('a')"),
            std::string::npos);
}

/// Mean losses of epochs of the example on a text, as (training, validation).
std::vector<std::pair<double, double>> train_example(const std::string& text, const Overrides& overrides,
                                                     int epochs) {
  Trainer t(test::module_of(read_file(NNC_SOURCE_DIR "/examples/char_lstm.nn"), overrides),
            {.engine = {.threads = 1}, .batch = 16});
  t.set_data(load_data(with_path(t.module().spec->data, text), ""));
  t.initialize();
  std::vector<std::pair<double, double>> out;
  for (int i = 0; i < epochs; ++i) {
    EpochReport r = t.train_epoch();
    out.emplace_back(r.train[0].value, r.validation[0].value);
  }
  return out;
}

TEST_F(Text, TheExampleLearnsAPhrase) {
  std::string text;
  for (int i = 0; i < 300; ++i) text += "the quick brown fox jumps over the lazy dog. ";
  auto losses = train_example(folder_.write("fox.txt", text), {"model.H=32", "train.lr=0.02"}, 5);
  EXPECT_GT(losses[0].first, 1.0);
  EXPECT_LT(losses[4].first, 0.2);
  EXPECT_LT(losses[4].second, 0.2);
  EXPECT_NE(error_of([&] {
              train_example(folder_.file("fox.txt"), {"model.V=20"}, 1);
            }).find("target 'next' is one of 28 characters, the model has classes 0 to 19"),
            std::string::npos);
}

TEST_F(Text, TheExampleLearnsEnglish) {
  std::string path = NNC_SOURCE_DIR "/../shared/data/tinyshakespeare.txt";
  if (!file_exists(path)) GTEST_SKIP() << path << " is not there";
  std::string text = read_file(path).substr(0, 60'000);
  auto losses = train_example(folder_.write("part.txt", text), {"model.H=48", "train.lr=0.01"}, 2);
  EXPECT_LT(losses[1].second, 2.6);  // the frequencies of single characters give 3.3
}

}  // namespace
}  // namespace nnc
