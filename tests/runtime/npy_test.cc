#include "runtime/npy.h"

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

TEST(Npy, RefusesWhatItCannotRead) {
  struct Case {
    std::string descr, order, shape, error;
  };
  const Case cases[] = {
      {"<i4", "True", "(2, 3)", "Fortran order"},
      {"<f2", "False", "(2, 3)", "'<f2' is not supported"},
      {">i4", "False", "(2, 3)", "'>i4' is not supported"},
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
