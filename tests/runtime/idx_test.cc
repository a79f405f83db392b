#include "runtime/idx.h"

#include <zlib.h>

#include "runtime/data_source.h"
#include "tests/runtime/bad_files.h"

namespace nnc {
namespace {

std::string idx(int code, const std::vector<uint32_t>& extents, const std::string& data) {
  std::string out = {0, 0, static_cast<char>(code), static_cast<char>(extents.size())};
  for (uint32_t n : extents) {
    for (int shift : {24, 16, 8, 0}) out += static_cast<char>(n >> shift);
  }
  return out + data;
}

std::string gzip(const std::string& data) {
  std::string out(compressBound(data.size()) + 64, '\0');
  z_stream z{};
  deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(data.data()));
  z.avail_in = static_cast<uInt>(data.size());
  z.next_out = reinterpret_cast<Bytef*>(out.data());
  z.avail_out = static_cast<uInt>(out.size());
  deflate(&z, Z_FINISH);
  out.resize(z.total_out);
  deflateEnd(&z);
  return out;
}

TEST(Idx, ReadsEveryElementType) {
  struct Case {
    int code;
    std::string data;
    Tensor expected;
  };
  const Case cases[] = {
      {0x08, "\x01\xff", Tensor::from(DType::U8, {2}, {1, 255})},
      {0x09, "\x01\xff", Tensor::from(DType::I32, {2}, {1, -1})},
      {0x0b, std::string("\x01\x02\xff\xfe", 4), Tensor::from(DType::I32, {2}, {258, -2})},
      {0x0c, std::string("\0\1\0\0\xff\xff\xff\xff", 8), Tensor::from(DType::I32, {2}, {65536, -1})},
      {0x0d, std::string("\x3f\xc0\0\0\xbf\x80\0\0", 8), Tensor::from(DType::F32, {2}, {1.5, -1})},
      {0x0e, std::string("\x3f\xf8\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16),
       Tensor::from(DType::F64, {2}, {1.5, 0})},
  };
  TestFolder folder;
  for (const Case& c : cases) {
    std::string file = idx(c.code, {2}, c.data);
    EXPECT_EQ(load_idx(folder.write("x", file)), c.expected) << c.code;
    EXPECT_EQ(load_idx(folder.write("x", gzip(file))), c.expected) << c.code;
  }
}

TEST(Idx, RefusesWhatDoesNotHold) {
  struct Case {
    std::string content, error;
  };
  const Case cases[] = {
      {"", "only 0 bytes"},
      {"abcd", "two zero bytes"},
      {idx(0x07, {1}, "a"), "element type 0x07"},
      {idx(0x08, {}, ""), "no axis"},
      {idx(0x08, {2, 2}, "abc"), "[2, 2] takes 4 bytes of data, the file holds 3"},
      {idx(0x08, {2}, "abc"), "takes 2 bytes"},
      {idx(0x08, {0xffffffff, 0xffffffff, 0xffffffff}, "abc"), "overflows"},
      {idx(0x08, {0xffffffff, 4}, "abc"), "takes 17179869180 bytes"},
      {gzip(std::string(10'000'000, '\0')), "unpacks to more than"},
      {gzip("abcdefgh") + "x", "follows the end"},
      {gzip("abcdefgh").substr(0, 20), "it ends early"},
  };
  TestFolder folder;
  for (const Case& c : cases) {
    std::string path = folder.write("x", c.content);
    std::string error = error_of([&] { load_idx(path); });
    EXPECT_NE(error.find(c.error), std::string::npos) << error << "\nwanted: " << c.error;
    EXPECT_NE(error.find(path), std::string::npos) << error;
  }
}

TEST(Idx, SaysWhatHelpsADamagedArchive) {
  TestFolder folder;
  std::string path = folder.write("x", gzip("abcdefgh").substr(0, 20));
  try {
    load_idx(path);
    FAIL() << "it was read";
  } catch (const Error& e) {
    EXPECT_EQ(e.notes(), std::vector<std::string>{"copy or download it again"});
  }
}

TEST(Idx, SurvivesDamage) {
  TestFolder folder;
  std::string file = idx(0x0c, {3, 2}, std::string(24, '\x01'));
  expect_survives_damage(folder, "x", file, [&] { load_idx(folder.file("x")); });
  expect_survives_damage(folder, "x", gzip(file), [&] { load_idx(folder.file("x")); });
}

TEST(Idx, FolderAndSingleFiles) {
  TestFolder folder;
  std::string images = idx(0x08, {3, 1, 2}, "abcdef"), labels = idx(0x08, {3}, std::string("\0\1\2", 3));
  folder.write("train-images-idx3-ubyte.gz", gzip(images));
  folder.write("train-labels.idx1-ubyte", labels);
  Dataset data = load_data({"idx", {std::string(".")}}, folder.path());
  ASSERT_EQ(data.train.size(), 2u);
  EXPECT_EQ(sample_count(data.train), 3);
  EXPECT_TRUE(data.test.empty());
  folder.write("t10k-images-idx3-ubyte", idx(0x08, {2, 1, 2}, "wxyz"));
  folder.write("t10k-labels-idx1-ubyte.gz", gzip(idx(0x08, {2}, "\5\6")));
  data = load_data({"idx", {folder.path()}}, "elsewhere");
  EXPECT_EQ(data.test[1].values, Tensor::from(DType::U8, {2}, {5, 6}));
  data = load_data({"idx", {std::string("train-labels.idx1-ubyte")}}, folder.path());
  EXPECT_EQ(data.train.size(), 1u);

  folder.write("t10k-labels-idx1-ubyte.gz", gzip(idx(0x08, {1}, "\5")));
  EXPECT_NE(error_of([&] {
              load_data({"idx", {folder.path()}}, "");
            }).find("has 2 samples"),
            std::string::npos);
  std::filesystem::remove(folder.file("train-images-idx3-ubyte.gz"));
  EXPECT_NE(error_of([&] {
              load_data({"idx", {folder.path()}}, "");
            }).find("no file train-images"),
            std::string::npos);
}

TEST(Idx, ArgumentsThatNothingReadsAreErrors) {
  TestFolder folder;
  folder.write("train-images-idx3-ubyte", idx(0x08, {3, 1, 2}, "abcdef"));
  DataSpec beside{"idx", {folder.path()}};
  beside.named["labels"] = std::string("train-images-idx3-ubyte");
  EXPECT_NE(error_of([&] { load_data(beside, folder.path()); }).find("'labels' is given beside the folder"),
            std::string::npos);
  DataSpec alone{"idx", {folder.file("train-images-idx3-ubyte")}};
  alone.named["test_labels"] = std::string("train-images-idx3-ubyte");
  EXPECT_NE(error_of([&] { load_data(alone, folder.path()); }).find("'test_labels' is given without 'test'"),
            std::string::npos);
}

}  // namespace
}  // namespace nnc
