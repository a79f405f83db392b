#include "runtime/npy.h"

#include <algorithm>
#include <cmath>

#include "tests/runtime/bad_files.h"

namespace nnc {
namespace {

// What numpy.save writes for np.array([[1, 2, 3], [4, 5, 6]], dtype='<i4').
std::string numpy_file(std::string text = "{'descr': '<i4', 'fortran_order': False, 'shape': (2, 3), }") {
  text.resize(117, ' ');
  std::string out = std::string("\x93NUMPY\x01\x00\x76\x00", 10) + text + "\n";
  for (char v : {1, 2, 3, 4, 5, 6}) out += {v, 0, 0, 0};
  return out;
}

TEST(Npy, ReadsAndWritesNumpysBytes) {
  TestFolder folder;
  Tensor expected = Tensor::from(DType::I32, {2, 3}, {1, 2, 3, 4, 5, 6});
  EXPECT_EQ(load_npy(folder.write("x.npy", numpy_file())), expected);
  save_npy(folder.file("y.npy"), expected);
  EXPECT_EQ(slurp(folder.file("y.npy")), numpy_file());
}

TEST(Npy, RoundTripsTypesAndRanks) {
  TestFolder folder;
  const Tensor cases[] = {Tensor::scalar(DType::F64, 0.1), Tensor::from(DType::F32, {3}, {1, -2, 3}),
                          Tensor::from(DType::Bool, {2, 1}, {1, 0}), Tensor(DType::I64, {0, 5}),
                          Tensor::from(DType::U8, {1, 1, 2}, {255, 7})};
  for (const Tensor& t : cases) {
    save_npy(folder.file("x"), t);
    EXPECT_EQ(load_npy(folder.file("x")), t) << t.type_str();
  }
  save_npy(folder.file("x"), Tensor::from(DType::BF16, {1}, {1.5}));
  EXPECT_EQ(load_npy(folder.file("x")), Tensor::from(DType::F32, {1}, {1.5}));
}

TEST(Npy, ReadsVersionTwoAndAnyOrderOfKeys) {
  TestFolder folder;
  std::string text = "{\"shape\":(2,),'fortran_order':False,'descr':'|u1'}\n";
  std::string content = std::string("\x93NUMPY\x02\x00", 8) + static_cast<char>(text.size()) +
                        std::string(3, '\0') + text + "\x05\x06";
  EXPECT_EQ(load_npy(folder.write("x", content)), Tensor::from(DType::U8, {2}, {5, 6}));
}

// What numpy 1.24 saves of these values in the type, and reads them as.
TEST(Npy, ReadsEveryElementTypeInBothByteOrders) {
  struct Case {
    std::string descr, little;
    Tensor expected;
  };
  const Case cases[] = {
      {"f2", std::string("\x00\x3c\x00\xc1\x01\x00\xff\x7b\x00\x7c\x00\x80", 12),
       Tensor::from(DType::F32, {6}, {1, -2.5, 0x1p-24, 65504, INFINITY, -0.0})},
      {"f4", std::string("\x00\x00\xc0\x3f", 4), Tensor::from(DType::F32, {1}, {1.5})},
      {"f8", std::string("\x00\x00\x00\x00\x00\x00\xf8\x3f", 8), Tensor::from(DType::F64, {1}, {1.5})},
      {"i1", "\x01\xff", Tensor::from(DType::I32, {2}, {1, -1})},
      {"u1", "\x01\xff", Tensor::from(DType::U8, {2}, {1, 255})},
      {"b1", std::string("\x00\x02", 2), Tensor::from(DType::Bool, {2}, {0, 1})},
      {"i2", "\x02\x01\xfe\xff", Tensor::from(DType::I32, {2}, {258, -2})},
      {"u2", "\x02\x01\xfe\xff", Tensor::from(DType::I32, {2}, {258, 65534})},
      {"i4", "\xfe\xff\xff\xff", Tensor::from(DType::I32, {1}, {-2})},
      {"u4", "\xfe\xff\xff\xff", Tensor::from(DType::I64, {1}, {4294967294})},
      {"i8", "\xfe\xff\xff\xff\xff\xff\xff\xff", Tensor::from(DType::I64, {1}, {-2})},
      {"u8", std::string("\x02\x01\x00\x00\x00\x00\x00\x00", 8), Tensor::from(DType::I64, {1}, {258})}};
  TestFolder folder;
  for (const Case& c : cases) {
    SCOPED_TRACE(c.descr);
    std::string shape = "'shape': (" + std::to_string(c.expected.count()) + ",)}";
    size_t size = c.little.size() / static_cast<size_t>(c.expected.count());
    std::string big = c.little;
    for (size_t i = 0; i < big.size(); i += size) std::reverse(&big[i], &big[i] + size);
    auto read = [&](const std::string& order, const std::string& elements) {
      std::string text = "{'descr': '" + order + c.descr + "', 'fortran_order': False, " + shape;
      return load_npy(folder.write("x", numpy_file(text).substr(0, 128) + elements));
    };
    EXPECT_EQ(read("<", c.little), c.expected);
    EXPECT_EQ(read(size == 1 ? "|" : "=", c.little), c.expected);
    EXPECT_EQ(read(">", big), c.expected);
  }
}

TEST(Npy, RefusesAnUnsignedNumberThatFitsNoInteger) {
  TestFolder folder;
  std::string file = numpy_file("{'descr': '<u8', 'fortran_order': False, 'shape': (1,)}").substr(0, 128) +
                     std::string(8, '\xff');
  EXPECT_NE(
      error_of([&] { load_npy(folder.write("x", file)); }).find("18446744073709551615 does not fit i64"),
      std::string::npos);
}

TEST(Npy, RecordsAreNotSupported) {
  TestFolder folder;
  std::string file = numpy_file("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2, 3)}");
  EXPECT_NE(error_of([&] { load_npy(folder.write("x", file)); }).find("arrays of records"),
            std::string::npos);
}

TEST(Npy, TurnsFortranOrderAround) {
  TestFolder folder;
  auto read = [&](const std::string& shape) {
    return load_npy(
        folder.write("x", numpy_file("{'descr': '<i4', 'fortran_order': True, 'shape': " + shape + "}")));
  };
  EXPECT_EQ(read("(2, 3)"), Tensor::from(DType::I32, {2, 3}, {1, 3, 5, 2, 4, 6}));
  EXPECT_EQ(read("(3, 1, 2)"), Tensor::from(DType::I32, {3, 1, 2}, {1, 4, 2, 5, 3, 6}));
  EXPECT_EQ(read("(6,)"), Tensor::from(DType::I32, {6}, {1, 2, 3, 4, 5, 6}));
}

TEST(Npy, RefusesWhatItCannotRead) {
  struct Case {
    std::string descr, order, shape, error;
  };
  const Case cases[] = {
      {"<c8", "False", "(3,)", "'<c8' is not supported\nsupported are f4 f8 f2"},
      {"<U3", "False", "(2,)", "'<U3' is not supported"},
      {"|O", "False", "(3,)", "'|O' is not supported"},
      {"?i4", "False", "(2, 3)", "'?i4' is not supported"},
      {"", "False", "(2, 3)", "'' is not supported"},
      {"<i4", "False", "(2, 4)", "takes 32 bytes, the file holds 24"},
      {"<i4", "False", "(2, 1)", "takes 8 bytes"},
      {"<i4", "False", "(2, -3)", "unexpected text"},
      {"<i4", "False", "(9999999999999999999,)", "overflows"},
      {"<i4", "False", "(4294967296, 4294967296, 4294967296)", "overflows"},
      {"<i4", "Maybe", "(2, 3)", "unexpected text"},
      {"<i4", "False, 'name': 3", "(2, 3)", "'name' is unknown"},
      {"<i4", "False, 'descr': '<i4'", "(2, 3)", "'descr' is unknown or appears twice"},
  };
  TestFolder folder;
  for (const Case& c : cases) {
    std::string text =
        "{'descr': '" + c.descr + "', 'fortran_order': " + c.order + ", 'shape': " + c.shape + "}";
    std::string path = folder.write("x", numpy_file(text));
    std::string error = error_of([&] { load_npy(path); });
    EXPECT_NE(error.find(c.error), std::string::npos) << error << "\nwanted: " << c.error;
    EXPECT_NE(error.find(path), std::string::npos) << error;
  }
}

TEST(Npy, SurvivesDamage) {
  TestFolder folder;
  expect_survives_damage(folder, "x", numpy_file(), [&] { load_npy(folder.file("x")); });
}

}  // namespace
}  // namespace nnc
