// Data that stay in their files: the same samples and bits as in memory, of which hardly any is taken.
#include <unistd.h>

#include <numeric>

#include "runtime/data_source.h"
#include "runtime/file.h"
#include "runtime/npy.h"
#include "runtime/trainer.h"
#include "tests/ir/model_text.h"
#include "tests/runtime/bad_files.h"

namespace nnc {
namespace {

using namespace std::string_literals;

/// A .npy file of zeros that takes no room on the disk, and what stands in it from an element on.
void write_sparse_npy(const std::string& path, const std::string& descr, int64_t size,
                      std::vector<int64_t> shape, int64_t element = 0, std::string_view there = {}) {
  std::string text = "{'descr': '" + descr + "', 'fortran_order': False, 'shape': (" +
                     std::to_string(shape[0]) + ", " + std::to_string(shape[1]) + ")}";
  text.resize(117, ' ');
  std::string header = "\x93NUMPY\x01\x00\x76\x00"s + text + "\n";
  FILE* file = fopen(path.c_str(), "wb");
  fwrite(header.data(), 1, header.size(), file);
  fseek(file, static_cast<long>(header.size()) + element * size, SEEK_SET);
  if (!there.empty()) fwrite(there.data(), 1, there.size(), file);
  fclose(file);
  ASSERT_EQ(truncate(path.c_str(), static_cast<off_t>(header.size()) + shape[0] * shape[1] * size), 0);
}

std::string model_text(const std::string& data, const std::string& type) {
  return "model M {\n input x: " + type + "[B, 1024]\n output y = linear(cast(x, f32), 1)\n}\n" +
         "train M {\n data " + data + "\n target t: f32[B, 1]\n loss mse(y, t)\n optimizer sgd(lr = 1e-3)\n" +
         " batch 64\n}\n";
}

std::unique_ptr<Trainer> trainer_of(const std::string& text, const std::string& folder) {
  auto out = std::make_unique<Trainer>(test::module_of(text), TrainerOptions{.engine = {.threads = 2}});
  out->set_data(load_data(*out->module().spec->data, folder));
  out->initialize();
  return out;
}

TEST(MappedData, AMatrixStaysInItsFileAndIsReadAsInMemory) {
  TestFolder folder;
  Tensor x(DType::F32, {300, 5});
  for (int64_t i = 0; i < x.count(); ++i) x.set(i, static_cast<double>(i));
  save_npy(folder.file("x.npy"), x);
  Tensor mapped = map_npy(folder.file("x.npy"));
  EXPECT_TRUE(mapped.is_view());
  EXPECT_EQ(mapped, x);
  Tensor copy = mapped;
  EXPECT_EQ(copy.bytes().data(), mapped.bytes().data());
  save_npy(folder.file("t.npy"), Tensor(DType::F32, {300}));
  EXPECT_FALSE(map_npy(folder.file("t.npy")).is_view());  // single values are read
}

// A tenth to validate and a fifth to test are other rows of the same view.
TEST(MappedData, PartsAreRowsOfOneView) {
  TestFolder folder;
  Tensor x(DType::U8, {100, 2}), t(DType::I32, {100});
  for (int64_t i = 0; i < 100; ++i) x.set_int(2 * i, i), x.set_int(2 * i + 1, i), t.set_int(i, i);
  save_npy(folder.file("x.npy"), x);
  save_npy(folder.file("t.npy"), t);
  Dim batch = Dim::symbol("B");
  DataField target{"t", {DType::I32, {batch}}};
  SplitSpec split{.kind = SplitSpec::Kind::Shares, .validation = 0.1, .test = 0.2};
  for (DType dtype : {DType::U8, DType::F32}) {
    DataField input{"x", {dtype, {batch, 2}}};
    BoundData data = bind_data(load_data({"npy", {folder.path()}}, ""), {&input, 1}, {&target, 1}, split);
    EXPECT_EQ(data.train.samples + data.validation.samples + data.test.samples, 100);
    for (const BoundTable* part : {&data.train, &data.validation, &data.test}) {
      const FieldValues& values = part->inputs[0];
      EXPECT_EQ(values.in_memory(), dtype == DType::F32);  // so little is converted at once
      EXPECT_EQ(values.samples(), part->samples);
      Tensor got = values.load(), labels = part->targets[0].load();
      for (int64_t i = 0; i < part->samples; ++i) EXPECT_EQ(got.get(2 * i + 1), labels.get(i));
    }
  }
}

TEST(MappedData, TrainsToTheSameBitsAsInMemory) {
  TestFolder folder;
  write_sparse_npy(folder.file("x.npy"), "<f4", 4, {200, 1024}, 3 * 1024,
                   std::string(800'000 - 12'288 - 8, '\x3d'));
  save_npy(folder.file("t.npy"), Tensor::filled({200, 1}, Literal::from_double(DType::F32, 1)));
  std::string text = model_text("npy(\".\")", "f32");
  auto mapped = trainer_of(text, folder.path()), in_memory = trainer_of(text, folder.path());
  EXPECT_FALSE(mapped->data().train.inputs[0].in_memory());
  BoundData copied = in_memory->data();
  copied.train.inputs[0] = FieldValues(copied.train.inputs[0].load());
  in_memory->set_data(std::move(copied));
  for (int epoch = 0; epoch < 2; ++epoch)
    EXPECT_EQ(mapped->train_epoch().train[0].value, in_memory->train_epoch().train[0].value);
  EXPECT_EQ(mapped->state().at("y.linear.weight"), in_memory->state().at("y.linear.weight"));
}

// Eight times the memory that a step may take here.
TEST(MappedData, AFileLargerThanWhatItMayTakeTrains) {
  TestFolder folder;
  int64_t rows = int64_t{1} << 21;  // of 4 KiB: 8 GiB
  write_sparse_npy(folder.file("x.npy"), "<f4", 4, {rows, 1024});
  save_npy(folder.file("t.npy"), Tensor(DType::F32, {rows}));
  long before = peak_memory_mib();
  auto t = trainer_of(model_text("npy(\".\")", "f32"), folder.path());
  int steps = 0;
  t->train_epoch([&](int64_t, int64_t, double) { return ++steps < 5; });
  EXPECT_EQ(steps, 5);
  EXPECT_FALSE(t->checkpoint().metadata.at("setting.training data").empty());  // reads not all of it
  EXPECT_LT(peak_memory_mib() - before, 1024);
}

// 512 MiB of bytes, which are 2 GiB of f32.
TEST(MappedData, ElementsAreConvertedBatchByBatch) {
  TestFolder folder;
  int64_t rows = int64_t{1} << 19;
  write_sparse_npy(folder.file("x.npy"), "|u1", 1, {rows, 1024}, 7 * 1024 + 1, "\5\6");
  save_npy(folder.file("t.npy"), Tensor(DType::F32, {rows}));
  long before = peak_memory_mib();
  auto t = trainer_of(model_text("npy(\".\")", "f32"), folder.path());
  std::vector<float> row(2 * 1024);
  const int64_t wanted[] = {6, 7};
  const FieldValues& values = t->data().train.inputs[0];
  EXPECT_EQ(values.type_str(), "f32[524288, 1024]");
  values.gather(wanted, std::as_writable_bytes(std::span(row)));
  EXPECT_EQ(row[1023], 0);
  EXPECT_EQ(row[1025], 5);
  EXPECT_EQ(row[1026], 6);
  t->train_step(wanted);
  EXPECT_LT(peak_memory_mib() - before, 400);
}

TEST(MappedData, WhatTheModelCannotHoldIsAnErrorOfItsStep) {
  TestFolder folder;
  int64_t rows = 80'000;  // 625 MiB
  const double huge[] = {1e300};
  write_sparse_npy(folder.file("x.npy"), "<f8", 8, {rows, 1024}, 5 * 1024 + 3,
                   as_text(std::as_bytes(std::span(huge))));
  save_npy(folder.file("t.npy"), Tensor(DType::F32, {rows}));
  auto t = trainer_of(model_text("npy(\".\")", "f32"), folder.path());
  std::vector<int64_t> good{1, 2}, bad{4, 5};
  EXPECT_EQ(error_of([&] { t->train_step(good); }), "");
  EXPECT_EQ(error_of([&] { t->train_step(bad); }), "input 'x': f32 cannot hold the value 1e+300 of sample 5");
}

}  // namespace
}  // namespace nnc
