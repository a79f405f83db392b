#include "runtime/safetensors.h"

#include <algorithm>

#include "tests/runtime/bad_files.h"

namespace nnc {
namespace {

std::string with_header(const std::string& header, const std::string& data = "") {
  uint64_t length = header.size();
  return std::string(reinterpret_cast<const char*>(&length), 8) + header + data;
}

std::vector<NamedTensor> sample() {
  std::vector<NamedTensor> out;
  out.push_back({"layer.weight", Tensor::from(DType::F32, {2, 3}, {1, 2, 3, 4, 5, 6})});
  out.push_back({"flags", Tensor::from(DType::Bool, {3}, {1, 0, 1})});
  out.push_back({"step", Tensor::scalar(DType::I64, 41)});
  out.push_back({"half", Tensor::from(DType::BF16, {1}, {1.5})});
  out.push_back({"none", Tensor(DType::F64, {0, 4})});
  out.push_back({"bytes", Tensor::from(DType::U8, {2}, {7, 255})});
  out.push_back({"ids", Tensor::from(DType::I32, {2}, {-1, 2})});
  return out;
}

// The bytes as the format's description gives them, written out by hand.
TEST(Safetensors, WritesTheDocumentedBytes) {
  TestFolder folder;
  std::vector<NamedTensor> tensors;
  tensors.push_back({"b", Tensor::from(DType::U8, {2}, {1, 2})});
  tensors.push_back({"a", Tensor::from(DType::F32, {1, 1}, {1.0})});
  save_safetensors(folder.file("w"), tensors, {{"made", "here"}});
  std::string header =
      R"({"__metadata__":{"made":"here"},"a":{"data_offsets":[0,4],"dtype":"F32","shape":[1,1]},)"
      R"("b":{"data_offsets":[4,6],"dtype":"U8","shape":[2]}})";
  header.resize((header.size() + 7) / 8 * 8, ' ');
  EXPECT_EQ(slurp(folder.file("w")), with_header(header, std::string("\0\0\x80\x3f\x01\x02", 6)));
  EXPECT_EQ(folder.names(), std::vector<std::string>{"w"});
}

TEST(Safetensors, RoundTripsEveryTypeInAnyOrder) {
  TestFolder folder;
  std::vector<NamedTensor> tensors = sample();
  save_safetensors(folder.file("w"), tensors, {{"k", "v \"\n"}});
  Safetensors back = load_safetensors(folder.file("w"));
  ASSERT_EQ(back.tensors.size(), tensors.size());
  for (const NamedTensor& t : tensors) {
    ASSERT_NE(back.find(t.name), nullptr) << t.name;
    EXPECT_EQ(*back.find(t.name), t.tensor) << t.name;
  }
  EXPECT_EQ(back.metadata.at("k"), "v \"\n");
  EXPECT_EQ(back.find("nothing"), nullptr);
  std::ranges::reverse(tensors);
  save_safetensors(folder.file("again"), tensors, {{"k", "v \"\n"}});
  EXPECT_EQ(slurp(folder.file("w")), slurp(folder.file("again")));
}

TEST(Safetensors, FailedWritesLeaveWhatWasThere) {
  TestFolder folder;
  folder.write("w", "before");
  std::vector<NamedTensor> twice;
  for (int i = 0; i < 2; ++i) twice.push_back({"x", Tensor::scalar(DType::F32, i)});
  EXPECT_NE(error_of([&] { save_safetensors(folder.file("w"), twice); }).find("'x'"), std::string::npos);
  EXPECT_EQ(slurp(folder.file("w")), "before");
  std::string error = error_of([&] { save_safetensors(folder.file("no/w"), sample()); });
  EXPECT_NE(error.find("no/w"), std::string::npos);
  EXPECT_NE(error.find("No such file"), std::string::npos);
  std::filesystem::create_directory(folder.file("d"));
  EXPECT_THROW(save_safetensors(folder.file("d"), sample()), Error);
  EXPECT_EQ(folder.names().size(), 2u);
}

TEST(Safetensors, RefusesWhatDoesNotHold) {
  struct Case {
    std::string content, error;
  };
  auto entry = [](const std::string& offsets, const std::string& shape = "[2]",
                  const std::string& dtype = "U8") {
    return R"({"dtype":")" + dtype + R"(","shape":)" + shape + R"(,"data_offsets":)" + offsets + "}";
  };
  const Case cases[] = {
      {"", "0 bytes"},
      {std::string(8, '\xff'), "its header claims 18446744073709551615"},
      {with_header("[]"), "does not begin with '{'"},
      {with_header("{}") + "x", "1 bytes follow"},
      {with_header("{\"a\":" + entry("[0,2]"), "ab"), "bad JSON at byte"},
      {with_header("{\"a\":" + entry("[0,2]") + "}", "abc"), "1 bytes follow"},
      {with_header("{\"a\":" + entry("[0,2]") + "}", "a"), "outside the 1 bytes"},
      {with_header("{\"a\":" + entry("[2,0]") + "}", "ab"), "outside"},
      {with_header("{\"a\":" + entry("[0,1]") + "}", "a"), "1 bytes instead of 2"},
      {with_header("{\"a\":" + entry("[0,2]") + ",\"b\":" + entry("[1,3]") + "}", "abc"), "overlapping"},
      {with_header("{\"a\":" + entry("[0,2]") + ",\"b\":" + entry("[3,5]") + "}", "abcde"), "gap"},
      {with_header("{\"a\":" + entry("[0,2]") + ",\"a\":" + entry("[2,4]") + "}", "abcd"), "twice"},
      {with_header("{\"a\":" + entry("[0,2]", "[4294967296,4294967296]") + "}", "ab"), "overflows"},
      {with_header("{\"a\":" + entry("[0,2]", "[99999999999999999999]") + "}", "ab"), "where none belongs"},
      {with_header("{\"a\":" + entry("[0,2]", "[-2]") + "}", "ab"), "a negative number"},
      {with_header("{\"a\":" + entry("[0,2]", "[[2]]") + "}", "ab"), "an array"},
      {with_header("{\"a\":" + entry("[0,2,4]") + "}", "ab"), "not two numbers"},
      {with_header("{\"a\":" + entry("[0,2]", "[2]", "F16") + "}", "ab"),
       "'F16' is not supported, in tensor 'a'"},
      {with_header("{\"a\":" + entry("[0,1]", "[1]", "BOOL") + "}", "\x02"), "is bool and holds 2"},
      {with_header(R"({"a":{"dtype":"U8","shape":[0]}})"), "data_offsets is missing"},
      {with_header(R"({"a":{"dtype":"U8","dtype":"U8"}})"), "'dtype' twice"},
      {with_header(R"({"__metadata__":{"k":1}})"), "a number"},
      {with_header("{\"a\":" + std::string(100000, '[')), "an array"},
  };
  TestFolder folder;
  for (const Case& c : cases) {
    std::string path = folder.write("w", c.content);
    std::string error = error_of([&] { load_safetensors(path); });
    EXPECT_NE(error.find(c.error), std::string::npos) << error << "\nwanted: " << c.error;
    EXPECT_NE(error.find(path), std::string::npos) << error;
  }
  EXPECT_NE(error_of([&] { load_safetensors(folder.path()); }).find("folder"), std::string::npos);
}

TEST(Safetensors, SurvivesDamage) {
  TestFolder folder;
  save_safetensors(folder.file("w"), sample(), {{"k", "v"}});
  std::string good = slurp(folder.file("w"));
  expect_survives_damage(folder, "w", good, [&] { load_safetensors(folder.file("w")); });
}

TEST(Safetensors, EveryMismatchIsListed) {
  TestFolder folder;
  save_safetensors(folder.file("w"), sample());
  Safetensors file = load_safetensors(folder.file("w"));
  std::vector<TensorSpec> expected;
  for (const NamedTensor& t : sample()) expected.push_back({t.name, t.tensor.dtype(), t.tensor.shape()});
  EXPECT_NO_THROW(check_against(file, expected, "w"));
  expected[0] = {"layer.wieght", DType::F32, {2, 3}};
  expected[1].shape = {4};
  expected[2].dtype = DType::I32;
  EXPECT_EQ(error_of([&] { check_against(file, expected, "w"); }),
            "w does not fit the model: 4 mismatches\n"
            "'layer.wieght' f32[2, 3] is missing; the file has 'layer.weight'\n"
            "'flags' has another shape: the file holds bool[3], wanted is bool[4]\n"
            "'step' has another type: the file holds i64[], wanted is i32[]\n"
            "'layer.weight' is not expected");
}

}  // namespace
}  // namespace nnc
