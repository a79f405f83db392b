// What the plans of contraction kernels are: where vectors lie, what is packed, what memory is asked for ahead.
#include <gtest/gtest.h>

#include <cstdio>

#include "tests/codegen/contraction_cases.h"
#include "tests/codegen/machines.h"
#include "tests/codegen/run_kernel.h"

namespace nnc {
namespace {

using namespace test::contraction;
using test::sapphire_rapids;
using test::zen4;

const Dim B = Dim::symbol("B"), K = Dim::symbol("K");

TEST(ContractionPlan, FewRowsSumAlongDepth) {
  for (int64_t rows : {1, 2, 4})
    EXPECT_TRUE(along_depth(Region(gemm("NT", rows, 70, 100)).lower(Target::host()))) << rows;
}

TEST(ContractionPlan, FewSumsAreChains) {
  const Target target = Target::named("host");
  EXPECT_TRUE(in_chains(Region(gemm("NN", 1, 33, 100)).lower(target)));
  EXPECT_FALSE(in_chains(Region(gemm("NN", 64, 64, 100)).lower(target)));
  EXPECT_FALSE(in_chains(Region(gemm("NN", B, 33, 100), {{"B", 1}}).lower(target)));
}

TEST(ContractionPlan, LastColumnsTooFewForAVectorAreATail) {
  const Target target = sapphire_rapids();
  auto tailed = [&](const Case& c, const Bindings& expected = {}) {
    return has_tail(Region(c, expected).lower(target));
  };
  for (int64_t columns : {17, 33, 50, 130}) EXPECT_TRUE(tailed(gemm("NN", 64, columns, 64))) << columns;
  for (int64_t columns : {1, 2, 16, 31, 32, 36}) EXPECT_FALSE(tailed(gemm("NN", 64, columns, 64))) << columns;
  EXPECT_TRUE(tailed(gemm("NT", 64, 33, 64)));
  EXPECT_TRUE(tailed(gemm("NN", B, 33, 64), {{"B", 64}}));
  EXPECT_TRUE(tailed(gemm("TN", 64, 33, 64)));
  EXPECT_FALSE(tailed(gemm("NN", 64, 33, K), {{"K", 64}})) << "the panel's length is not known";
  EXPECT_FALSE(tailed(gemm("NN", 64, 33, 64, DType::BF16))) << "elements are not read where they are";
}

// Where weights and moments are more than the cache of a core, memory is asked for them from within the loop over depth.
TEST(ContractionPlan, EpiloguesAskForFarOperands) {
  auto asks = [](int64_t batch, bool small) {
    Target target = Target::named(test::testable_targets().front());
    if (small) with_small_cache(target);
    return Region(momentum_update(B, 64, 200), {{"B", batch}}).lower(target).note.ends_with(" requests");
  };
  EXPECT_TRUE(asks(300, true));
  EXPECT_FALSE(asks(300, false));
  EXPECT_FALSE(asks(20, true)) << "too little to do between requests";
}

// Half of that cache is too much: what is multiplied passes through it as well.
TEST(ContractionPlan, OperandsAreFarFromHalfOfTheCache) {
  auto asks = [](int64_t side) {
    return Region(momentum_update(256, side, side)).lower(zen4()).note.ends_with(" requests");
  };
  EXPECT_TRUE(asks(256));
  EXPECT_FALSE(asks(192));
}

// Where there is more than one block or chunk, and depth makes pieces of some length.
TEST(ContractionPlan, BlocksAskForFarColumns) {
  auto asks = [](int64_t rows, int64_t columns, int64_t depth, const Target& target) {
    const std::string note = Region(gemm("NT", rows, columns, depth)).lower(target).note;
    return note.find("transposed ahead next block") != std::string::npos;
  };
  EXPECT_TRUE(asks(256, 1024, 1024, zen4()));
  EXPECT_FALSE(asks(256, 1024, 1024, sapphire_rapids())) << "not measured there";
  EXPECT_FALSE(asks(256, 128, 256, zen4())) << "near";
  Target small = zen4();
  small.l2_bytes = 128 << 10;
  EXPECT_TRUE(asks(300, 256, 550, small)) << "as contraction_test runs it";
  EXPECT_FALSE(asks(300, 64, 280, small)) << "one block of one chunk";
  EXPECT_FALSE(asks(256, 4096, 64, zen4())) << "brief";
}

TEST(ContractionPlan, EpiloguesAskForAnOperandOnceARow) {
  Target target = sapphire_rapids();
  with_small_cache(target);
  loop::Kernel kernel = Region(momentum_update(300, 256, 16)).lower(target);
  ASSERT_TRUE(kernel.note.ends_with(" requests")) << kernel.note;
  std::string text = print(kernel), word = "prefetch";
  int found = 0;
  for (size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) ++found;
  EXPECT_EQ(found, 2) << text;  // x[2] and x[3], which both results read
}

// Of two to four million operations a second thread is worth it to an update, whose weights and moments stay with it, and not
// to what is made of others' lines.
TEST(ContractionPlan, MiddlingProductsAreSharedWhereThatPays) {
  auto tasks = [](const Case& c) { return task_count(Region(c).lower(sapphire_rapids()), {}); };
  EXPECT_EQ(tasks(momentum_update(64, 128, 128)), 2);
  EXPECT_EQ(tasks(momentum_update(64, 64, 64)), 1);
  EXPECT_EQ(tasks(gemm("TN", 128, 128, 64)), 1);
  auto masked = [](Builder& g, const Values& x) {
    Value zero = g.scalar(DType::F32, 0);
    return Values{g.select(g.lt(zero, x[2]), g.contract(x[0], x[1], 1, 0), zero)};
  };
  Type w{DType::F32, {128, 128}}, dense{DType::F32, {64, 128}};
  EXPECT_EQ(tasks({"masked", {dense, w, dense}, masked, {{}}}), 1);
}

// One sample's update is no work for two threads, and its buffers are no larger than a chunk's columns and rows.
TEST(ContractionPlan, UpdatesOfOneSampleStayTogetherAndSmall) {
  for (const Target& target : {sapphire_rapids(), zen4()}) {
    EXPECT_EQ(task_count(Region(momentum_update(B, 128, 784), {{"B", 1}}).lower(target), {}), 1)
        << target.cpu;
    const loop::Kernel wide = Region(momentum_update(B, 2048, 8192), {{"B", 1}}).lower(target);
    EXPECT_LE(scratch_bytes(wide, {}), 4 * target.l2_bytes) << target.cpu << ' ' << wide.note;
  }
}

// A tile of five rows has ten cycles for a step's four vectors, which need eight from behind the first-level cache.
TEST(ContractionPlan, StreamsHaveArithmeticToHideIn) {
  auto note = [](int64_t rows, int64_t columns, int64_t depth) {
    return Region(gemm("NN", rows, columns, depth)).lower(sapphire_rapids()).note;
  };
  for (int64_t rows : {50, 75, 100, 115})
    EXPECT_FALSE(note(rows, 1024, 16).starts_with("tile 5x4")) << note(rows, 1024, 16);
  EXPECT_TRUE(note(100, 256, 33).starts_with("tile 5x4")) << note(100, 256, 33);
}

// What passes through the second-level cache leaves columns less of it: they are packed, not read where they are.
TEST(ContractionPlan, ColumnsBesideFarOperandsArePacked) {
  auto note = [](int64_t width) {
    auto update = [](Builder& g, const Values& x) {
      return Values{g.sub(x[2], g.contract(x[0], x[1], 0, 0))};
    };
    Type w{DType::F32, {width, width}}, dense{DType::F32, {256, width}};
    return Region({"update", {dense, dense, w}, update, {{}}}, {}).lower(sapphire_rapids()).note;
  };
  EXPECT_NE(note(1024).find("columns packed"), std::string::npos) << note(1024);
  EXPECT_EQ(note(512).find("columns packed"), std::string::npos) << note(512);
}

TEST(ContractionPlan, ColumnsBehindTheFirstCacheAreAskedForByTilesWithRoom) {
  auto asks = [](int64_t rows, int64_t columns, int64_t depth = 256) {
    Type left{DType::F32, {rows, depth}}, right{DType::F32, {depth, columns}};
    auto product = [](Builder& g, const Values& x) { return Values{g.contract(x[0], x[1], 1, 0)}; };
    Target target = Target::named(test::testable_targets().front());
    loop::Kernel kernel = Region({"product", {left, right}, product, {{}}}, {}).lower(target);
    return print(kernel).find("prefetch") != std::string::npos;
  };
  EXPECT_TRUE(asks(64, 1024));
  EXPECT_FALSE(asks(64, 16)) << "all columns stay in the first-level cache";
  EXPECT_FALSE(asks(1, 1024)) << "loads are all there is to do";
  EXPECT_FALSE(asks(64, 1024, 64)) << "of few steps, too many would ask for what the tile does not read";
}

// Where a multiply-add of 512 bits takes a whole cycle, sixteen sums hide its latency, and smaller tiles end sooner.
TEST(ContractionPlan, TilesOfHalvedVectorsAreSmallWhereDepthIs) {
  auto tile = [](int64_t depth, const Target& target) {
    const std::string note = Region(gemm("NN", 96, 240, depth)).lower(target).note;
    int rows = 0, vectors = 0;
    std::sscanf(note.c_str(), "tile %dx%d", &rows, &vectors);
    return rows * vectors;
  };
  EXPECT_LE(tile(16, zen4()), 16);
  EXPECT_GT(tile(1000, zen4()), 16);
  EXPECT_GT(tile(33, sapphire_rapids()), 16);
}

// A set of Zen 4's first-level cache has eight lines.
TEST(ContractionPlan, StreamsAndResultsPagesApartAreFew) {
  auto note = [](const Case& c) { return Region(c).lower(zen4()).note; };
  int rows = 0, vectors = 0;
  const std::string sums = note(gemm("NN", 64, 1, 1024)), tile = note(gemm("NN", 64, 1024, 33));
  ASSERT_EQ(std::sscanf(sums.c_str(), "tile %dx%dx16 along depth", &rows, &vectors), 2) << sums;
  EXPECT_LE(rows * vectors, 7) << sums;
  ASSERT_EQ(std::sscanf(tile.c_str(), "tile %dx%d", &rows, &vectors), 2) << tile;
  EXPECT_LE(rows, 8) << tile;
}

TEST(ContractionPlan, LastColumnsAreNarrowWhereThatIsQuicker) {
  auto narrow = [](const Target& target, int64_t columns, DType dtype = DType::F32) {
    return Region(gemm("NN", 64, columns, 64, dtype)).lower(target).note.find(" last ") != std::string::npos;
  };
  for (int64_t columns : {20, 40, 100}) EXPECT_TRUE(narrow(zen4(), columns)) << columns;
  for (int64_t columns : {16, 31, 96}) EXPECT_FALSE(narrow(zen4(), columns)) << columns;
  EXPECT_TRUE(narrow(zen4(), 12, DType::F64));
  EXPECT_FALSE(narrow(sapphire_rapids(), 100));
}

TEST(ContractionPlan, ColumnsFromFarAreAskedForAPanelBefore) {
  auto asks = [](const Target& target, int64_t columns) {
    const std::string note = Region(gemm("NN", 64, columns, 1024)).lower(target).note;
    return note.find("columns copied ahead next") != std::string::npos;
  };
  EXPECT_TRUE(asks(zen4(), 1024));
  EXPECT_FALSE(asks(zen4(), 64)) << "they stay in the second-level cache";
  EXPECT_FALSE(asks(sapphire_rapids(), 1024));
}

TEST(ContractionPlan, ResultsOfSeveralChunksAreAskedForATileBefore) {
  auto asks = [](int64_t depth) {
    return Region(gemm("NN", 1024, 1024, depth)).lower(zen4()).note.ends_with(" next direct");
  };
  EXPECT_TRUE(asks(1000));
  EXPECT_FALSE(asks(100)) << "of one chunk, none is read";
}

}  // namespace
}  // namespace nnc
