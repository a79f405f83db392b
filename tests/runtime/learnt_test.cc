// What weights know about the data they were trained on: kept in their file, and binding for whoever reads data later.
#include "runtime/learnt.h"

#include <gtest/gtest.h>

#include "ir/parser.h"
#include "runtime/data_source.h"
#include "runtime/trainer.h"
#include "tests/runtime/bad_files.h"

namespace nnc {
namespace {

using Names = std::vector<std::string>;

constexpr std::string_view kModel = R"(model Net {
  input x: f32[B, 2]
  output logits = linear(x, 3)
}
train Net {
  data      csv("a.csv")
  target    kind: i32[B]
  loss      cross_entropy(logits, kind)
  optimizer sgd
}
)";

std::unique_ptr<Trainer> make_trainer() {
  Diagnostics diagnostics("net.nn", std::string(kModel));
  std::optional<Module> module = elaborate(parse(diagnostics), diagnostics);
  EXPECT_TRUE(module) << diagnostics.render();
  EngineOptions engine{.mode = ExecutionMode::Interpreted, .threads = 1};
  auto t = std::make_unique<Trainer>(std::move(*module), TrainerOptions{.engine = engine});
  t->initialize();
  return t;
}

void read(Trainer& t, const TestFolder& folder, const std::string& csv) {
  folder.write("a.csv", csv);
  t.set_data(load_data(*t.module().spec->data, folder.path(), t.learnt()));
}

constexpr const char* kTraining = "a,b,kind\n1,2,cat\n3,4,ant\n5,6,dog\n";
const Learnt kLearnt{.fields = {{"x", {"a", "b"}}, {"kind", {"kind"}}},
                     .names = {{"kind", {"ant", "cat", "dog"}}},
                     .columns = "none",
                     .text = {"kind"}};

TEST(Learnt, WeightsAndCheckpointsKeepIt) {
  TestFolder folder;
  auto t = make_trainer();
  read(*t, folder, kTraining);
  EXPECT_EQ(t->learnt(), kLearnt);
  t->save_weights(folder.file("w"));
  Safetensors checkpoint = t->checkpoint();
  save_safetensors(folder.file("c"), checkpoint.tensors, checkpoint.metadata);
  for (const char* file : {"w", "c"}) {
    auto other = make_trainer();
    other->load_weights(folder.file(file));
    EXPECT_EQ(other->learnt(), kLearnt) << file;
    EXPECT_EQ(other->learnt().names_of("kind"), (Names{"ant", "cat", "dog"}));
    EXPECT_EQ(other->learnt().names_of("x"), Names{});
  }
}

// Fewer classes, columns in another order and more of them: indices and inputs are those of the training.
TEST(Learnt, LaterDataGetTheSameColumnsAndIndices) {
  TestFolder folder;
  auto t = make_trainer();
  read(*t, folder, kTraining);
  read(*t, folder, "kind,b,more,a\ndog,2,9,1\ncat,4,9,3\n");
  EXPECT_EQ(t->data().train.inputs[0], Tensor::from(DType::F32, {2, 2}, {1, 2, 3, 4}));
  EXPECT_EQ(t->data().train.targets[0], Tensor::from(DType::I32, {2}, {2, 1}));
  EXPECT_EQ(t->learnt(), kLearnt);
  EXPECT_NE(error_of([&] {
              read(*t, folder, "kind,a\ncat,1\n");
            }).find("'x' needs column 'b': the data have no such column; the data have 'kind', 'a'"),
            std::string::npos);
  EXPECT_NE(error_of([&] {
              read(*t, folder, "a,b,kind\n1,2,cow\n");
            }).find("a.csv:2: column 'kind': 'cow' does not occur in the training data"),
            std::string::npos);
}

TEST(Learnt, ACheckpointOfOtherNamesIsRefused) {
  TestFolder folder;
  auto t = make_trainer(), other = make_trainer();
  read(*t, folder, kTraining);
  read(*other, folder, "a,b,kind\n1,2,cow\n3,4,bee\n5,6,elk\n");
  EXPECT_NE(error_of([&] { other->restore(t->checkpoint(), "c"); }).find("columns and names"),
            std::string::npos);
}

TEST(Learnt, DamageAndForeignBytesAreErrors) {
  for (const char* text : {"", "{", "[]", "{\"fields\": {}}", "{\"fields\": {\"x\": 1}, \"names\": {}}"}) {
    std::string error = error_of([&] { find_learnt({{"learnt", text}}, "w"); });
    EXPECT_NE(error.find("w: 'learnt' in its metadata is damaged"), std::string::npos) << text << error;
  }
  EXPECT_EQ(find_learnt({{"kind", "weights"}}, "w"), std::nullopt);
  Metadata metadata;
  EXPECT_NE(error_of([&] {
              add_learnt(metadata, {{}, {{"kind", {"caf\xe9"}}}});
            }).find("iconv"),
            std::string::npos);
}

}  // namespace
}  // namespace nnc
