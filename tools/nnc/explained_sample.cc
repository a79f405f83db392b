#include "tools/nnc/explained_sample.h"

#include <algorithm>
#include <iterator>
#include <span>

#include <fmt/format.h>

#include "ir/error.h"
#include "tools/nnc/heat_map.h"

namespace nnc::tool {
namespace {

Tensor row_of(const FieldValues& field, int64_t row) {
  std::vector<int64_t> shape = field.shape();
  shape[0] = 1;
  Tensor out(field.dtype(), std::move(shape));
  field.gather(std::span(&row, 1), out.bytes());
  return out;
}

// The elements that one column becomes.
std::vector<std::string> names_of_column(const Learnt& learnt, const std::string& column) {
  std::vector<std::string> out;
  for (const Preparation& p : learnt.preparations) {
    if (p.column != column || p.kind != "one_hot") continue;
    for (const std::string& value : p.names) out.push_back(fmt::format("{} = {}", column, value));
  }
  return out.empty() ? std::vector<std::string>{column} : out;
}

// Of each element, the difference between its largest and its smallest value in so many samples.
Tensor ranges_in(const FieldValues& field) {
  Tensor low = row_of(field, 0).cast(DType::F64), high = low;
  for (int64_t row = 1; row < field.samples(); ++row) {
    Tensor sample = row_of(field, row);
    for (int64_t e = 0; e < low.count(); ++e) {
      low.set(e, std::min(low.get(e), sample.get(e)));
      high.set(e, std::max(high.get(e), sample.get(e)));
    }
  }
  for (int64_t e = 0; e < low.count(); ++e) high.set(e, high.get(e) - low.get(e));
  return high;
}

// The same range for every element: that of the sample.
Tensor range_of_own(const Tensor& sample) {
  double low = sample.get(0), high = low;
  for (int64_t i = 0; i < sample.count(); ++i) {
    low = std::min(low, sample.get(i));
    high = std::max(high, sample.get(i));
  }
  return Tensor::filled(sample.shape(), Literal::from_double(DType::F64, high - low));
}

}  // namespace

ExplainedSample sample_of(const BoundTable& table, int64_t row, const std::string& where) {
  if (row >= table.samples)
    throw Error(fmt::format("there is no sample {}: {} has {}, from 0", row, where, table.samples));
  ExplainedSample out;
  for (const FieldValues& f : table.inputs) out.inputs.push_back(row_of(f, row));
  for (const FieldValues& f : table.targets) out.targets.push_back(row_of(f, row));
  return out;
}

BoundTable table_of_inputs(std::vector<Tensor> inputs) {
  BoundTable out;
  if (!inputs.empty() && inputs[0].rank() > 0) out.samples = inputs[0].shape()[0];
  for (const Tensor& t : inputs) {
    if (t.rank() == 0 || t.shape()[0] != out.samples)
      throw Error("the inputs have different numbers of samples, which their first axis counts");
  }
  out.inputs.assign(std::make_move_iterator(inputs.begin()), std::make_move_iterator(inputs.end()));
  return out;
}

std::vector<int64_t> shape_of_one(const Tensor& sample) {
  return {sample.shape().begin() + 1, sample.shape().end()};
}

std::vector<std::string> feature_names(const Learnt& learnt, const std::string& input, int64_t elements) {
  auto columns = learnt.fields.find(input);
  if (columns == learnt.fields.end()) return {};
  std::vector<std::string> out;
  for (const std::string& column : columns->second) {
    for (std::string& name : names_of_column(learnt, column)) out.push_back(std::move(name));
  }
  return static_cast<int64_t>(out.size()) == elements ? out : std::vector<std::string>{};
}

std::vector<Tensor> noise_ranges(const BoundTable& training, const ExplainedSample& sample) {
  std::vector<Tensor> out;
  for (size_t i = 0; i < training.inputs.size(); ++i) {
    const Tensor& own = sample.inputs[i];
    bool image = pixel_layout(shape_of_one(own)).has_value() && own.count() > 0;
    out.push_back(image ? range_of_own(own) : ranges_in(training.inputs[i]));
  }
  return out;
}

}  // namespace nnc::tool
