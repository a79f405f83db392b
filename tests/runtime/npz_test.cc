// Archives of arrays, and how arrays become the columns and parts of a data set.
#include <zlib.h>

#include "runtime/bind.h"
#include "runtime/data_source.h"
#include "runtime/npy.h"
#include "tests/runtime/bad_files.h"
#include "tests/runtime/zip_archive.h"

namespace nnc {
namespace {

using namespace std::string_literals;
using test::archive;
using test::little;
using test::Member;

std::string from_hex(std::string_view text) {
  std::string out;
  for (size_t i = 0; i + 1 < text.size(); i += 2)
    out += static_cast<char>(std::stoi(std::string(text.substr(i, 2)), nullptr, 16));
  return out;
}

// What NumPy 1.24's savez_compressed writes for x = [[1, 2, 3], [4, 5, 6]] ('<i4') and y = [7, 8] ('|u1').
const std::string kNumpysArchive = from_hex(
    "504b030414000000080000002100d34b2eae570000009800000005001400782e6e70790100100098000000000000005700000000"
    "00"
    "00009bec17ea1b10c9c850c650ad9e925a9c5ca46ea5a06e9369a2aea3a09e965f54529498179f5f94920a12774bcc294e058a17"
    "67"
    "2416a402f91a463a0ac69a3a0ab50a64032e460606062620660662162066056236200600504b030414000000080000002100fa4c"
    "ea"
    "e9460000008200000005001400792e6e707901001000820000000000000046000000000000009bec17ea1b10c9c850c650ad9e92"
    "5a"
    "9c5ca46ea5a05e536aa8aea3a09e965f54529498179f5f94920a12774bcc294e058a17672416a402f91a463a9a3a0ab50a14002e"
    "76"
    "0e00504b0102140314000000080000002100d34b2eae5700000098000000050000000000000000000000800100000000782e6e70"
    "79"
    "504b0102140314000000080000002100fa4ceae9460000008200000005000000000000000000000080018e000000792e6e707950"
    "4b"
    "05060000000002000200660000000b0100000000");

class Npz : public testing::Test {
 protected:
  /// The file that save_npy writes.
  std::string npy(const Tensor& t) {
    save_npy(folder_.file("member.npy"), t);
    return slurp(folder_.file("member.npy"));
  }
  Dataset load(const std::string& content, std::map<std::string, DataArg> arguments = {}) {
    folder_.write("a.npz", content);
    return load_data({"npz", {"a.npz"s}, std::move(arguments)}, folder_.path());
  }
  std::string error(const std::string& content, std::map<std::string, DataArg> arguments = {}) {
    return error_of([&] { load(content, std::move(arguments)); });
  }

  TestFolder folder_;
  Tensor x_ = Tensor::from(DType::I32, {2, 3}, {1, 2, 3, 4, 5, 6}), y_ = Tensor::from(DType::U8, {2}, {7, 8});
};

TEST_F(Npz, ReadsWhatNumpyWrites) {
  Dataset data = load(kNumpysArchive);
  ASSERT_EQ(data.train.size(), 2u);
  EXPECT_EQ(data.train[0].name, "x");
  EXPECT_EQ(data.train[0].values, x_);
  EXPECT_EQ(data.train[1].values, y_);
  EXPECT_TRUE(data.test.empty());
}

TEST_F(Npz, ReadsStoredMembersAndZip64) {
  std::vector<Member> members{{"x.npy", npy(x_)}, {"README", "not an array"}, {"y.npy", npy(y_)}};
  for (bool wide : {false, true}) {
    Dataset data = load(archive(members, wide));
    ASSERT_EQ(data.train.size(), 2u);
    EXPECT_EQ(data.train[0].values, x_);
    EXPECT_EQ(data.train[1].values, y_);
  }
}

TEST_F(Npz, NamesSayThePartAndRolesTheUse) {
  Tensor three(DType::I32, {3, 3}), one(DType::U8, {1, 3});
  std::string file = archive({{"x_train.npy", npy(x_)},
                              {"y_train.npy", npy(y_)},
                              {"test_x.npy", npy(three)},
                              {"test_y.npy", npy(Tensor(DType::U8, {3}))},
                              {"x-val.npy", npy(one)},
                              {"y-val.npy", npy(Tensor(DType::U8, {1}))}});
  Dataset data = load(file, {{"target", "y"s}});
  EXPECT_EQ(data.test[0].values, three);
  EXPECT_EQ(data.validation[0].values, one);
  EXPECT_EQ(data.train[0].role, ColumnRole::Input);
  EXPECT_EQ(data.validation[1].role, ColumnRole::Label);

  Dim batch = Dim::symbol("B");
  DataField image{"image", {DType::F32, {batch, 3}}}, digit{"digit", {DType::I32, {batch}}};
  BoundData bound = bind_data(data, {&image, 1}, {&digit, 1});
  EXPECT_EQ(bound.train.samples, 2);
  EXPECT_EQ(bound.test.samples, 3);
  EXPECT_EQ(bound.validation.samples, 1);
  SplitSpec split{.kind = SplitSpec::Kind::Shares, .validation = 0.5};
  EXPECT_NE(error_of([&] {
              bind_data(data, {&image, 1}, {&digit, 1}, split);
            }).find("a validation part of their own"),
            std::string::npos);
}

// What nobody reads may be anything.
TEST_F(Npz, UnusableArraysMatterOnlyWhereTheyAreUsed) {
  std::string names = npy(Tensor(DType::I32, {2}));
  names.replace(names.find("<i4"), 3, "<U1");
  std::string file = archive({{"x.npy", npy(x_)},
                              {"y.npy", npy(y_)},
                              {"scale.npy", npy(Tensor::scalar(DType::F64, 2))},
                              {"mean.npy", npy(Tensor(DType::F64, {3}))},
                              {"names.npy", names}});
  Dataset data = load(file, {{"input", "x"s}});
  Dim batch = Dim::symbol("B");
  DataField x{"x", {DType::F32, {batch, 3}}};
  auto bind = [&](const std::string& target) {
    DataField field{target, {DType::F64, {batch}}};
    return error_of([&] { bind_data(data, {&x, 1}, {&field, 1}); });
  };
  EXPECT_EQ(bind("y"), "");
  EXPECT_NE(bind("scale").find("'scale': it is a single number"), std::string::npos) << bind("scale");
  EXPECT_NE(bind("mean").find("'mean' has 3 samples, "), std::string::npos) << bind("mean");
  EXPECT_NE(bind("names").find("element type '<U1' is not supported"), std::string::npos) << bind("names");
}

TEST_F(Npz, RefusesWhatDoesNotHold) {
  std::string x = npy(x_), bad = x;
  bad.pop_back();
  auto cut = [](std::string text, size_t at, const std::string& by) {
    return text.replace(at, by.size(), by);
  };
  std::string good = archive({{"x.npy", x}});
  struct Case {
    std::string content, error;
    std::map<std::string, DataArg> arguments = {};
  };
  const Case cases[] = {
      {"", "it has no end record"},
      {std::string(1000, 'x'), "it has no end record"},
      {good + "x", "something follows its end"},
      {good.substr(10), "its directory is damaged"},
      {archive({{"x.npy", x, 1}}), "'x.npy' is encrypted"},
      {archive({{"x.npy", x, 0, 12}}), "'x.npy' is packed by method 12"},
      {archive({{"x.npy", x, 0, 0, 1}}), "'x.npy' is damaged: its checksum differs"},
      {archive({{"x.npy", x, 0, 8}}), "follows the end of what is packed"},
      {archive({{"x.npy", bad}}), "'x': i4[2, 3] takes 24 bytes, the file holds 23"},
      {archive({{"x.npy", x}, {"x.npy", x}}), "has 'x.npy' twice"},
      {archive({{"x.npy", x}, {"train_x.npy", x}}), "are the same part of 'x'"},
      {archive({{"x_test.npy", x}}), "no arrays to train on"},
      {archive({{"README", "text"}}), "no arrays to train on"},
      {archive({{"x.npy", x}, {"y_test.npy", x}}), "'y_test' has no array to train on beside it"},
      {archive({{"x.npy", npy(Tensor::scalar(DType::F64, 2))}}), "no array can be used"},
      {good, "there is no array 'y' to train on\nthere are 'x'", {{"target", "y"s}}},
      {cut(good, good.size() - 18, "\1"), "one part of several"},
  };
  for (const Case& c : cases) {
    std::string got = error(c.content, c.arguments);
    EXPECT_NE(got.find(c.error), std::string::npos) << got << "\nwanted: " << c.error;
    EXPECT_NE(got.find("a.npz"), std::string::npos) << got;
  }
}

// A deflated member that claims more than deflate can pack, and one that is more than it claims.
TEST_F(Npz, SizesAreNotBelieved) {
  std::string claims = kNumpysArchive, less = kNumpysArchive;
  size_t record = kNumpysArchive.find("PK\1\2");
  claims.replace(record + 24, 4, "\xf0\xff\xff\xff");
  less.replace(record + 24, 4, "\x10\0\0\0"s);
  EXPECT_NE(error(claims).find("claims 4294967280 bytes, of 87 packed ones"), std::string::npos)
      << error(claims);
  EXPECT_NE(error(less).find("unpacks to more than 16 bytes"), std::string::npos) << error(less);
}

TEST_F(Npz, SurvivesDamage) {
  auto read = [&] { load_data({"npz", {folder_.file("a.npz")}}, ""); };
  expect_survives_damage(folder_, "a.npz", kNumpysArchive, read);
  std::vector<Member> members{{"x.npy", npy(x_)}, {"y.npy", npy(y_)}};
  expect_survives_damage(folder_, "a.npz", archive(members, true), read);
}

TEST_F(Npz, AFolderOfNpyFilesIsLikeAnArchive) {
  TestFolder folder;
  save_npy(folder.file("x.npy"), x_);
  save_npy(folder.file("y.npy"), y_);
  save_npy(folder.file("x_test.npy"), x_);
  Dataset data = load_data({"npy", {folder.path()}, {{"target", "y"s}}}, "");
  EXPECT_EQ(data.train[0].role, ColumnRole::Input);
  EXPECT_EQ(data.test[0].values, x_);
  EXPECT_NE(data.test[1].problem.find("nothing in this part"), std::string::npos);
  EXPECT_NE(error_of([&] {
              load_data({"npy", {folder.path()}, {{"labels", "y.npy"s}}}, folder.path());
            }).find("'labels' goes with a single file"),
            std::string::npos);
}

TEST_F(Npz, SingleNpyFilesSayWhatTheyAre) {
  TestFolder folder;
  save_npy(folder.file("x_train.npy"), x_);
  save_npy(folder.file("y_train.npy"), y_);
  DataSpec spec{"npy",
                {"x_train.npy"s},
                {{"labels", "y_train.npy"s}, {"test", "x_train.npy"s}, {"test_labels", "y_train.npy"s}}};
  Dataset data = load_data(spec, folder.path());
  ASSERT_EQ(data.train.size(), 2u);
  EXPECT_EQ(data.train[0].role, ColumnRole::Input);
  EXPECT_EQ(data.train[1].role, ColumnRole::Label);
  EXPECT_EQ(data.test[1].values, y_);
  EXPECT_EQ(data.test[1].role, ColumnRole::Label);
  spec.named = {{"input", "x"s}};
  EXPECT_NE(error_of([&] { load_data(spec, folder.path()); }).find("'input' goes with a folder"),
            std::string::npos);
}

}  // namespace
}  // namespace nnc
