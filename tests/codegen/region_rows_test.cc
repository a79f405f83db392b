// Every op row as one region of every kind that takes it, compiled, against the f64 interpreter; and the same
// bits however the tasks are divided.
#include <gtest/gtest.h>

#include "codegen/lower.h"
#include "tests/codegen/run_kernel.h"
#include "tests/codegen/run_region.h"
#include "tests/support/compare.h"

namespace nnc::test {
namespace {

NamedTensors all_inputs(const RowData& data) {
  NamedTensors out = data.inputs;
  out.insert(data.params.begin(), data.params.end());
  return out;
}

Bindings expected_for(const Graph& g, const Bindings& actual, int64_t size) {
  Bindings out = actual;
  for (const std::string& s : g.symbols()) out[s] = size > 0 ? size : actual.at(s);
  return out;
}

struct Setting {
  std::string target;
  int64_t expected;  // 0: the very size
};

void check_row(Jit& jit, const Setting& setting, const OpRow& row, const RowCase& c) {
  Graph g = row_graph(row, c.dtype);
  RowData data = random_data(row, c, 1);
  std::vector<IndexFault> faults;
  std::vector<Tensor> exact = interpret(g, data.inputs, data.params, {Precision::F64, c.bindings, &faults});
  for (KernelKind kind : region_kinds(g)) {
    SCOPED_TRACE(row.name + " in " + c.str() + " as " + std::string(name_of_enum(kind)) + " for " +
                 setting.target + ", expected " + std::to_string(setting.expected));
    Graph region = as_region(g, kind);
    auto id = static_cast<NodeId>(region.size() - 1);
    loop::Kernel kernel = lower(region, id, jit.target(), expected_for(g, c.bindings, setting.expected));
    KernelFunction function = jit.compile(kernel);
    RegionRun whole = run_region(region, kernel, function, all_inputs(data), c.bindings, 1);
    EXPECT_EQ(whole.status != 0, !faults.empty());
    for (size_t i = 0; i < exact.size(); ++i) {
      EXPECT_EQ(compare(whole.results[i], exact[i], row.tolerance), "") << print(kernel);
    }
    for (int64_t pieces : {2, 3, 8}) {
      RegionRun split = run_region(region, kernel, function, all_inputs(data), c.bindings, pieces);
      for (size_t i = 0; i < exact.size(); ++i) {
        EXPECT_EQ(compare_bits(split.results[i], whole.results[i]), "") << pieces << " pieces";
      }
    }
  }
}

class RegionRows : public testing::TestWithParam<std::string> {};

TEST_P(RegionRows, AgreeWithTheInterpreter) {
  Jit jit(Target::named(GetParam()));
  for (const OpRow& row : op_rows()) {
    for (const RowCase& c : cases_of(row)) {
      check_row(jit, {GetParam(), 0}, row, c);
      if (!c.bindings.empty()) check_row(jit, {GetParam(), 4096}, row, c);
      if (testing::Test::HasFailure()) return;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Targets, RegionRows, testing::ValuesIn(testable_targets()),
                         [](const auto& target) { return target.param; });

}  // namespace
}  // namespace nnc::test
