// Rows of which one element is chosen by index: what is read or put right there alone is what a comparison at every
// element gives, wherever the index lies.
#include "codegen/row_choice.h"

#include <limits>
#include <regex>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "codegen/lower.h"
#include "ir/bind.h"
#include "tests/codegen/machines.h"
#include "tests/codegen/run_kernel.h"
#include "tests/codegen/run_region.h"
#include "tests/support/compare.h"

namespace nnc::test {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity(),
                 kNaN = std::numeric_limits<double>::quiet_NaN();

// What the graphs below are made of: rows of numbers, and two indices for each.
struct Rows {
  Builder& b;
  DType dtype, counts;
  Shape shape;
  Value x = b.input("x", {dtype, shape});
  Value first = b.input("first", {counts, {shape[0]}}), second = b.input("second", {counts, {shape[0]}});

  Value along(Value per_row) { return b.broadcast(per_row, shape, {0}); }
  Value place() { return b.iota({counts, shape}, 1); }
  Value hit() { return b.eq(place(), along(first)); }
  Value other_hit() { return b.eq(along(second), place()); }
  Value number(double v) { return b.full(dtype, shape, v); }
  Value sum(Value v) { return b.reduce_add(v, {1}); }
  Value largest(Value v) { return b.reduce_max(v, {1}); }
  Value below_largest() { return b.sub(x, along(largest(x))); }
};

using Build = std::vector<Value> (*)(Rows& r);

std::vector<Value> picked(Rows& r) { return {r.sum(r.b.select(r.hit(), r.x, r.number(0)))}; }

std::vector<Value> picked_below(Rows& r) {
  Value m = r.largest(r.x);
  return {r.sum(r.b.select(r.hit(), r.below_largest(), r.number(0))), m, r.b.mul(r.x, r.number(2))};
}

std::vector<Value> picked_of_integers(Rows& r) {
  Value sign = r.b.cast(r.b.lt(r.x, r.number(0)), DType::I32);
  return {r.sum(r.b.select(r.hit(), sign, r.b.full(DType::I32, r.shape, 0)))};
}

std::vector<Value> summed_beside_ones(Rows& r) {
  return {r.sum(r.b.select(r.hit(), r.number(2), r.number(1))), r.largest(r.x)};
}

std::vector<Value> two_choices(Rows& r) {
  Value one = r.number(1), below = r.below_largest();
  Value inner = r.b.select(r.other_hit(), r.b.mul(below, r.number(2)), below);
  return {r.b.select(r.hit(), r.b.add(r.x, one), inner), r.b.select(r.other_hit(), one, r.x),
          r.sum(r.b.select(r.hit(), r.x, r.number(0))), r.sum(r.b.select(r.other_hit(), below, r.number(0)))};
}

std::vector<Value> choice_itself(Rows& r) {
  return {r.hit(), r.b.select(r.hit(), r.along(r.largest(r.x)), r.x), r.below_largest()};
}

std::vector<Value> gradient_of_max(Rows& r) {
  Value hit = r.b.eq(r.b.iota({DType::I32, r.shape}, 1), r.along(r.b.argmax(r.x, 1)));
  return {r.b.select(hit, r.along(r.largest(r.x)), r.number(0))};
}

std::vector<Value> largest_of_others(Rows& r) {
  Value others = r.largest(r.b.select(r.hit(), r.number(-kInf), r.x));
  return {r.b.select(r.hit(), r.along(others), r.b.sub(r.x, r.along(others)))};
}

std::vector<Value> folded_in_the_same_walk(Rows& r) {
  Value below = r.below_largest();
  Value others = r.largest(r.b.select(r.hit(), r.number(-kInf), below));
  return {r.b.select(r.hit(), r.number(1), below), others};
}

std::vector<Value> read_elsewhere(Rows& r) {
  Value chosen = r.b.select(r.hit(), r.x, r.number(3));
  return {r.b.add(r.b.reverse(chosen, {1}), r.below_largest()),
          r.b.select(r.hit(), r.number(1), r.below_largest())};
}

// What the first walk keeps for the second one is whole.
std::vector<Value> kept_for_later(Rows& r) {
  Value e = r.b.exp(r.b.select(r.hit(), r.x, r.number(1)));
  return {e, r.b.mul(e, r.along(r.largest(r.x)))};
}

// The loss of every row, and its gradient.
std::vector<Value> cross_entropy(Rows& r) {
  Value e = r.b.exp(r.below_largest()), total = r.sum(e);
  Value score = r.sum(r.b.select(r.hit(), r.below_largest(), r.number(0)));
  Value gradient = r.b.sub(r.b.div(e, r.along(total)), r.b.cast(r.hit(), r.dtype));
  return {r.b.sub(r.b.log(total), score), gradient};
}

// What no choice may change: bytes count a row of 1001 several times over.
std::vector<Value> counted_in_bytes(Rows& r) {
  Value hit = r.b.eq(r.b.iota({DType::U8, r.shape}, 1), r.b.full(DType::U8, r.shape, 3));
  return {r.sum(r.b.select(hit, r.number(1), r.number(0))), r.b.select(hit, r.number(1), r.x)};
}

struct Form {
  const char* name;
  Build build;
  Tolerance tolerance;
};
const Form kForms[] = {{"picked", picked, {}},
                       {"picked below the largest", picked_below, {}},
                       {"picked of integers", picked_of_integers, {}},
                       {"summed beside ones", summed_beside_ones, {}},
                       {"two choices", two_choices, {}},
                       {"the choice itself", choice_itself, {}},
                       {"gradient of max", gradient_of_max, {}},
                       {"largest of others", largest_of_others, {}},
                       {"folded in the same walk", folded_in_the_same_walk, {}},
                       {"read elsewhere", read_elsewhere, {}},
                       {"kept for later", kept_for_later, {8}},
                       {"cross entropy", cross_entropy, {64, true}},
                       {"counted in bytes", counted_in_bytes, {}}};

Graph graph_of(const Form& form, DType dtype, DType counts, const Dim& rows, const Dim& length) {
  Graph g;
  Builder b(g);
  Rows r{b, dtype, counts, {rows, length}};
  std::vector<Value> results = form.build(r);
  for (size_t i = 0; i < results.size(); ++i) g.add_output({"y" + std::to_string(i), results[i]});
  return g;
}

// Inside, at the ends, outside, and what 32 bits would turn into an index inside.
Tensor indices(DType dtype, int64_t rows, int64_t length, int64_t shift) {
  constexpr int64_t kWrap = int64_t{1} << 32;
  const int64_t least = std::numeric_limits<int32_t>::min(), most = std::numeric_limits<int32_t>::max();
  const int64_t all[] = {length / 2, -1,    0,         length - 1, length, least,
                         most,       kWrap, kWrap + 2, -kWrap,     16,     length / 3};
  Tensor t(dtype, {rows});
  for (int64_t i = 0; i < rows; ++i) {
    int64_t index = all[static_cast<size_t>(i + shift) % std::size(all)];
    bool fits = dtype == DType::I64 || (index >= least && index <= most);
    t.set_int(i, fits ? index : length / 4);
  }
  return t;
}

// What floats can be lies where the first index points, or beside it.
NamedTensors inputs_for(DType dtype, DType counts, int64_t rows, int64_t length) {
  NamedTensors in{{"first", indices(counts, rows, length, 0)}, {"second", indices(counts, rows, length, 5)}};
  Tensor x(dtype, {rows, length});
  for (int64_t i = 0; i < x.count(); ++i) x.set(i, static_cast<double>(i * 37 % 101) / 16 - 3);
  const double special[] = {-0.0, kNaN, kInf, -kInf, 1e-40, 1.5};
  for (int64_t i = 0; i < rows; ++i) {
    int64_t at = in.at("first").get_int(i) + (i >= 12 ? 1 : 0);
    if (at >= 0 && at < length && length > 1) x.set(i * length + at, special[static_cast<size_t>(i % 7) % 6]);
  }
  in.insert({"x", x});
  return in;
}

struct Sizes {
  int64_t rows, length;
  bool symbolic;
  int64_t expected = 0;  // 0: the very length
};
// Rows of straight code and of loops; and rows expected to be too long to keep anything of.
const Sizes kSizes[] = {{24, 0, true},    {0, 100, false},   {24, 1, false},   {24, 1, true},
                        {24, 64, false},  {24, 65, false},   {24, 100, true},  {24, 128, false},
                        {24, 129, false}, {24, 1001, false}, {24, 1001, true}, {24, 300, true, 200'000}};

const std::pair<DType, DType> kTypes[] = {
    {DType::F32, DType::I32}, {DType::F32, DType::I64}, {DType::F64, DType::I32}};

struct Run {
  Graph region;
  loop::Kernel kernel;
  KernelFunction function;
  Bindings dims;
};

// Every result in the memory of an operand that it may share, where there is one.
std::vector<Tensor> run_in_place(const Run& run, NamedTensors inputs) {
  std::vector<Tensor> apart = run_region(run.region, run.kernel, run.function, inputs, run.dims, 1).results;
  std::map<int, std::byte*> memory;  // of operands, by group
  std::vector<void*> buffers;
  std::vector<Tensor*> operands;
  for (NodeId id : run.region.inputs())
    operands.push_back(&inputs.at(run.region.node(id).as<InputAttrs>().name));
  std::vector<std::byte*> results;
  for (const loop::Buffer& b : run.kernel.buffers) {
    auto index = static_cast<size_t>(b.index);
    if (b.role == loop::BufferRole::Operand) {
      memory[b.alias_group] = operands[index]->bytes().data();
      buffers.push_back(memory[b.alias_group]);
    } else if (b.role == loop::BufferRole::Result) {
      auto shared = memory.extract(b.alias_group);  // by one result alone
      results.push_back(shared.empty() ? apart[index].bytes().data() : shared.mapped());
      buffers.push_back(results.back());
    }
  }
  std::vector<int64_t> symbols;
  for (const std::string& name : run.kernel.symbols) symbols.push_back(run.dims.at(name));
  std::vector<uint64_t> literals;
  for (const Literal& l : run.kernel.literals) literals.push_back(l.bits);
  Tensor scratch(DType::U8, {std::max<int64_t>(1, scratch_bytes(run.kernel, run.dims))});
  uint32_t status = 0;
  KernelCall call{buffers.data(), symbols.data(), literals.data(), &status};
  run.function(&call, 0, task_count(run.kernel, run.dims), scratch.bytes().data());
  for (size_t i = 0; i < apart.size(); ++i) {
    if (results[i] != apart[i].bytes().data())
      std::copy_n(results[i], apart[i].bytes().size(), apart[i].bytes().data());
  }
  return apart;
}

void check(Jit& jit, const Form& form, DType dtype, DType counts, const Sizes& s) {
  SCOPED_TRACE(fmt::format("{} of {} by {}, {} x {}{}, expected {}", form.name, name_of(dtype),
                           name_of(counts), s.rows, s.length, s.symbolic ? " symbolic" : "", s.expected));
  Graph g = graph_of(form, dtype, counts, Dim::symbol("B"), s.symbolic ? Dim::symbol("N") : Dim(s.length));
  Bindings dims{{"B", s.rows}, {"N", s.length}},
      expected{{"B", 1}, {"N", s.expected > 0 ? s.expected : s.length}};
  NamedTensors inputs = inputs_for(dtype, counts, s.rows, s.length);
  bool exact = form.tolerance.ulps == 0;
  std::vector<Tensor> want =
      interpret(g, inputs, {}, {exact ? Precision::Own : Precision::F64, dims, nullptr});
  Run run{as_region(g, KernelKind::Row), {}, nullptr, dims};
  run.kernel = lower(run.region, static_cast<NodeId>(run.region.size() - 1), jit.target(), expected);
  run.function = jit.compile(run.kernel);
  RegionRun whole = run_region(run.region, run.kernel, run.function, inputs, dims, 1);
  RegionRun split = run_region(run.region, run.kernel, run.function, inputs, dims, 3);
  std::vector<Tensor> in_place = run_in_place(run, inputs);
  for (size_t i = 0; i < want.size(); ++i) {
    EXPECT_EQ(compare(whole.results[i], want[i], form.tolerance), "") << "result " << i << print(run.kernel);
    EXPECT_EQ(compare_bits(split.results[i], whole.results[i]), "") << "result " << i;
    EXPECT_EQ(compare_bits(in_place[i], whole.results[i]), "") << "result " << i << " in place";
  }
}

class RowChoices : public testing::TestWithParam<std::string> {};

TEST_P(RowChoices, AgreeWithTheInterpreter) {
  Jit jit(Target::named(GetParam()));
  for (const Form& form : kForms) {
    for (auto [dtype, counts] : kTypes) {
      for (const Sizes& s : kSizes) check(jit, form, dtype, counts, s);
      if (testing::Test::HasFailure()) return;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Targets, RowChoices, testing::ValuesIn(testable_targets()),
                         [](const auto& target) { return target.param; });

// Where elements of a row are compared with an index one and all.
struct Compared {
  const char* name;
  Build build;
  int64_t rows, length;
  bool everywhere;
};
const Compared kCompared[] = {{"an element and nothing else", picked, 64, 1000, false},
                              {"an element beside a fold", picked_below, 64, 1000, false},
                              {"a loss and its gradient", cross_entropy, 64, 1000, false},
                              {"the choice itself", choice_itself, 64, 1000, false},
                              {"two choices", two_choices, 64, 1000, false},
                              {"rows of straight code", picked, 64, 32, true},
                              {"not a sum of zeros", summed_beside_ones, 64, 1000, true},
                              {"what a fold takes in too", folded_in_the_same_walk, 64, 1000, true},
                              {"what is read at another place", read_elsewhere, 64, 1000, true},
                              {"bytes", counted_in_bytes, 64, 1000, true},
                              {"a gradient that caches hold", cross_entropy, 6291, 1000, false},
                              {"a gradient that may go past them", cross_entropy, 6292, 1000, true}};

TEST(RowChoice, ComparesElementsOnlyWhereItMust) {
  for (const Compared& c : kCompared) {
    Graph region =
        as_region(graph_of({c.name, c.build, {}}, DType::F32, DType::I32, c.rows, c.length), KernelKind::Row);
    std::string text = print(lower(region, static_cast<NodeId>(region.size() - 1), Target::host(), {}));
    EXPECT_EQ(std::regex_search(text, std::regex(" = eq .*: boolx")), c.everywhere) << c.name << text;
  }
}

// A pick takes no walk, which therefore asks for nothing: the only walk asks for every vector of a round.
TEST(RowChoice, LeavesRequestsToTheWalks) {
  Build below = [](Rows& r) {
    return std::vector<Value>{r.sum(r.b.select(r.hit(), r.below_largest(), r.number(0)))};
  };
  Graph region = as_region(graph_of({"", below, {}}, DType::F32, DType::I32, 8192, 1000), KernelKind::Row);
  auto requests = [&](const Target& target) {
    std::string text = print(lower(region, static_cast<NodeId>(region.size() - 1), target, {}));
    std::regex request("prefetch #0");
    return std::distance(std::sregex_iterator(text.begin(), text.end(), request), {});
  };
  EXPECT_EQ(requests(sapphire_rapids()), 4);
  EXPECT_EQ(requests(zen4()), 0) << "it foresees them, and is slower with requests";
}

// A gather tells of every index outside its table, also of those whose element nobody chooses.
TEST(RowChoice, LeavesNoIndexUnchecked) {
  Graph g;
  Builder b(g);
  Rows r{b, DType::F32, DType::I32, {3, 100}};
  Value table = b.input("table", {DType::F32, {5}}), entry = b.input("entry", {DType::I32, r.shape});
  g.add_output({"y", r.sum(b.select(r.hit(), b.gather(table, entry, 0), r.number(0)))});
  NamedTensors inputs = inputs_for(DType::F32, DType::I32, 3, 100);
  inputs.insert({"table", Tensor::from(DType::F32, {5}, {1, 2, 3, 4, 5})});
  Graph region = as_region(g, KernelKind::Row);
  loop::Kernel kernel = lower(region, static_cast<NodeId>(region.size() - 1), Target::host(), {});
  Jit jit(Target::host());
  KernelFunction function = jit.compile(kernel);
  for (int64_t wrong : {-1, 77}) {
    Tensor entries(DType::I32, {3, 100});
    if (wrong >= 0) entries.set_int(wrong, 5);
    inputs.insert_or_assign("entry", entries);
    EXPECT_EQ(run_region(region, kernel, function, inputs, {}, 1).status != 0, wrong >= 0);
  }
}

}  // namespace
}  // namespace nnc::test
