#include "runtime/bind.h"

#include <cmath>

#include "runtime/convert.h"
#include "tests/runtime/bad_files.h"

namespace nnc {
namespace {

const Dim kBatch = Dim::symbol("B");

Column column(const std::string& name, Tensor values, ColumnRole role = ColumnRole::Any) {
  return {name, std::move(values), role, {}, "here", ""};
}

Dataset numbers() {
  Dataset data;
  data.train.push_back(column("a", Tensor::from(DType::F64, {2}, {1, 2})));
  data.train.push_back(column("b", Tensor::from(DType::F64, {2}, {3, 4})));
  data.train.push_back(column("y", Tensor::from(DType::F64, {2}, {0, 1})));
  return data;
}

Dataset images() {
  Dataset data;
  data.train.push_back(
      column("image", Tensor::from(DType::U8, {2, 1, 2}, {1, 2, 3, 255}), ColumnRole::Input));
  data.train.push_back(column("label", Tensor::from(DType::U8, {2}, {7, 9}), ColumnRole::Label));
  data.test = data.train;
  return data;
}

TEST(Bind, ByNameAndTheRestSideBySide) {
  DataField x{"x", {DType::F32, {kBatch, 2}}}, y{"y", {DType::I32, {kBatch}}};
  BoundData bound = bind_data(numbers(), {&x, 1}, {&y, 1});
  EXPECT_EQ(bound.train.samples, 2);
  EXPECT_EQ(bound.train.inputs[0], Tensor::from(DType::F32, {2, 2}, {1, 3, 2, 4}));
  EXPECT_EQ(bound.train.targets[0], Tensor::from(DType::I32, {2}, {0, 1}));
  DataField named[] = {{"b", {DType::F64, {kBatch, 1}}}, {"a", {DType::F64, {kBatch}}}};
  bound = bind_data(numbers(), named, {&y, 1});
  EXPECT_EQ(bound.train.inputs[0], Tensor::from(DType::F64, {2, 1}, {3, 4}));
  EXPECT_EQ(bound.train.inputs[1], Tensor::from(DType::F64, {2}, {1, 2}));
}

TEST(Bind, ImagesTakeShapesThatDifferByOnesOrAreFlat) {
  DataField digit{"digit", {DType::I32, {kBatch}}};
  for (const Shape& shape :
       {Shape{kBatch, 1, 2}, Shape{kBatch, 2}, Shape{kBatch, 1, 1, 2}, Shape{kBatch, Dim::symbol("H"), 2}}) {
    DataField pixels{"pixels", {DType::F32, shape}};
    BoundData bound = bind_data(images(), {&pixels, 1}, {&digit, 1});
    EXPECT_EQ(bound.train.inputs[0].shape().size(), shape.size());
    EXPECT_EQ(bound.train.inputs[0].load().get(3), 255);
    EXPECT_EQ(bound.test.targets[0], Tensor::from(DType::I32, {2}, {7, 9}));
  }
}

TEST(Bind, AMissingColumnHidesNoSpoiltOne) {
  DataField flag{"a", {DType::Bool, {kBatch}}}, absent{"z", {DType::F32, {kBatch}}};
  std::string said = error_of([&] { bind_data(numbers(), {&flag, 1}, {&absent, 1}); });
  EXPECT_NE(said.find("target 'z': the data have no such column"), std::string::npos) << said;
  EXPECT_NE(said.find("bool cannot hold the value 2.0 of sample 1"), std::string::npos) << said;
}

TEST(Bind, SaysEverythingThatDoesNotFit) {
  struct Case {
    std::vector<DataField> inputs, targets;
    std::string error;
  };
  Type vector{DType::F32, {kBatch}}, pair{DType::F32, {kBatch, 2}};
  const Case cases[] = {
      {{{"x", pair}}, {{"yy", vector}}, "target 'yy': the data have no such column; did you mean 'y'?"},
      {{{"weight", vector}},
       {{"y", vector}},
       "input 'weight': the data have no such column; the data have 'a', 'b', 'y'"},
      {{{"x", {DType::F32, {kBatch, 3}}}},
       {{"y", vector}},
       "is f32[B, 3] and the data of here leave it 2 columns: a, b"},
      {{{"a", {DType::F32, {kBatch, 5}}}},
       {{"y", vector}},
       "input 'a' is f32[B, 5] and the data of here are f32[2]"},
      {{{"x", pair}}, {{"label", vector}}, "target 'label'"},
      {{{"a", vector}}, {{"a", vector}}, "'a' is asked for twice"},
      {{{"a", {DType::Bool, {kBatch}}}}, {{"y", vector}}, "bool cannot hold the value 2.0 of sample 1"},
      {{{"q", vector}}, {{"z", vector}}, "input 'q'"},
  };
  for (const Case& c : cases) {
    std::string error = error_of([&] { bind_data(numbers(), c.inputs, c.targets); });
    EXPECT_NE(error.find(c.error), std::string::npos) << error << "\nwanted: " << c.error;
  }
}

TEST(Bind, SetsPartsApartByClass) {
  Dataset data;
  std::vector<double> values(100), kinds(100);
  for (size_t i = 0; i < 100; ++i) values[i] = static_cast<double>(i), kinds[i] = i < 20;
  data.train.push_back(column("x", Tensor::from(DType::F64, {100}, values)));
  data.train.push_back(column("kind", Tensor::from(DType::F64, {100}, kinds)));
  DataField x{"x", {DType::F32, {kBatch}}}, kind{"kind", {DType::I32, {kBatch}}, true};
  SplitSpec split{.kind = SplitSpec::Kind::Shares, .validation = 0.1, .test = 0.2};
  BoundData bound = bind_data(data, {&x, 1}, {&kind, 1}, split);
  const std::pair<const BoundTable*, int64_t> parts[] = {
      {&bound.train, 70}, {&bound.validation, 10}, {&bound.test, 20}};
  for (const auto& [part, samples] : parts) {
    EXPECT_EQ(part->samples, samples);
    int64_t ones = 0;
    Tensor classes = part->targets[0].load();
    for (int32_t k : classes.as<int32_t>()) ones += k;
    EXPECT_EQ(ones, samples / 5);
  }
  data.test = data.train;
  EXPECT_NE(error_of([&] {
              bind_data(data, {&x, 1}, {&kind, 1}, split);
            }).find("a test part of their own"),
            std::string::npos);
  split.test = 0;
  EXPECT_EQ(bind_data(data, {&x, 1}, {&kind, 1}, split).test.samples, 100);
}

TEST(Convert, KeepsEveryValueOrRefuses) {
  struct Case {
    DType from, to;
    double value;
    bool exact;
  };
  const Case cases[] = {
      {DType::U8, DType::F32, 255, true},
      {DType::U8, DType::I32, 255, true},
      {DType::F64, DType::F32, 0.1, true},
      {DType::F64, DType::F32, 1e300, false},
      {DType::F64, DType::I32, 3, true},
      {DType::F64, DType::I32, 3.5, false},
      {DType::F64, DType::I32, 2147483648., false},
      {DType::F64, DType::I32, -2147483648., true},
      {DType::F64, DType::I64, 9223372036854775808., false},
      {DType::F64, DType::U8, -1, false},
      {DType::F64, DType::I32, NAN, false},
      {DType::F64, DType::F32, NAN, true},
      {DType::I32, DType::U8, 256, false},
      {DType::I32, DType::F32, 16777217, false},
      {DType::I32, DType::F64, 16777217, true},
      {DType::I64, DType::F64, 9007199254740992., true},
      {DType::F32, DType::BF16, 0.1, true},
      {DType::U8, DType::Bool, 2, false},
      {DType::BF16, DType::I32, 2, true},
      {DType::F64, DType::Bool, 1, true},
  };
  for (const Case& c : cases) {
    Tensor from = Tensor::from(c.from, {2}, {0, c.value});
    std::string error = error_of([&] {
      Tensor to = convert_exactly(from, c.to, "x");
      EXPECT_EQ(to, from.cast(c.to));
    });
    EXPECT_EQ(error.empty(), c.exact) << name_of(c.from) << " " << name_of(c.to) << " " << c.value << error;
    EXPECT_EQ(error.find("of sample 1") != std::string::npos, !c.exact) << error;
  }
  Tensor large(DType::I64, {1});
  large.set_int(0, INT64_MAX);
  EXPECT_THROW(convert_exactly(large, DType::F64, "x"), Error);
}

}  // namespace
}  // namespace nnc
