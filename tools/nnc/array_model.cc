#include "tools/nnc/array_model.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "ir/error.h"

namespace nnc::tool {
namespace {

const Column& of_role(const Table& table, ColumnRole role, const std::string& name) {
  auto found = std::ranges::find(table, role, &Column::role);
  if (found != table.end() && found->values.count() > 0) return *found;
  throw Error(fmt::format("{}: the data have no {}, so there is nothing to learn", name,
                          role == ColumnRole::Label ? "labels" : "inputs"));
}

int64_t class_count(const Column& labels, const std::string& name) {
  bool single = labels.values.rank() == 1 && !is_float(labels.values.dtype());
  int64_t most = 0, least = 0;
  for (int64_t i = 0; single && i < labels.values.count(); ++i) {
    most = std::max(most, labels.values.get_int(i));
    least = std::min(least, labels.values.get_int(i));
  }
  if (single && least == 0 && most > 0) return most + 1;
  throw Error(
      fmt::format("{}: its labels are {}, not classes 0, 1, … of samples", name, labels.values.type_str()),
      {"nnc new writes models for tables and for images with classes"});
}

/// What turns the input into a vector of reals of a sensible size.
std::string prepared(const Tensor& values) {
  std::string x = values.dtype() == DType::F32  ? "image"
                  : values.dtype() == DType::U8 ? "cast(image, f32) / 255"
                                                : "cast(image, f32)";
  return values.rank() > 2 ? fmt::format("flatten({})", x) : x;
}

constexpr const char* kText = R"(# Tells {classes} classes of {name} apart.
#
#   nnc train {model} -o weights.safetensors
#
# Written by nnc new from {samples} samples: every line is a guess, to be changed as you know better.

model Net(hidden1 = 128, hidden2 = 64, classes = {classes}) {{
  input image: {type}   # B samples at once
  x = {prepared}
  h = relu(linear(x, hidden1))
  h = relu(linear(h, hidden2))
  output logits = linear(h, classes)   # a score for each class
}}
train Net {{
  data      {source}
{split}  target    {target}: i32[B]
  loss      cross_entropy(logits, {target})
  metric    accuracy(logits, {target})
  optimizer adam(lr = 1e-3)
  batch     64
  epochs    5
  seed      0
}}
)";

}  // namespace

std::string array_model(const Dataset& data, const std::string& source, const std::string& name,
                        const std::string& model_path) {
  const Column& image = of_role(data.train, ColumnRole::Input, name);
  int64_t classes = class_count(of_role(data.train, ColumnRole::Label, name), name);
  std::vector<std::string> extents{"B"};
  for (size_t axis = 1; axis < image.values.shape().size(); ++axis)
    extents.push_back(std::to_string(image.values.shape()[axis]));
  std::string type = fmt::format("{}[{}]", name_of(image.values.dtype()), fmt::join(extents, ", "));
  const char* split =
      data.test.empty() ? "  split     shares(test = 0.2)   # a fifth is set apart to measure on\n" : "";
  return fmt::format(kText, fmt::arg("classes", classes), fmt::arg("name", name),
                     fmt::arg("model", model_path), fmt::arg("samples", image.samples()),
                     fmt::arg("type", type), fmt::arg("prepared", prepared(image.values)),
                     fmt::arg("source", source), fmt::arg("split", split), fmt::arg("target", "label"));
}

}  // namespace nnc::tool
