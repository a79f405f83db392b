#include "tools/nnc/output_element.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "ir/diagnostics.h"
#include "ir/error.h"

namespace nnc::tool {
namespace {

// From an index per axis behind the first; -1 for another text.
int64_t element_from(const std::string& text, const std::vector<int64_t>& shape) {
  int64_t out = 0;
  const char *at = text.data(), *end = at + text.size();
  for (size_t axis = 1; axis < shape.size(); ++axis) {
    int64_t index = -1;
    auto [next, status] = std::from_chars(at, end, index);
    bool last = axis + 1 == shape.size();
    if (status != std::errc() || index < 0 || index >= shape[axis]) return -1;
    if (last ? next != end : next == end || *next != ',') return -1;
    out = out * shape[axis] + index;
    at = next + 1;
  }
  return shape.size() < 2 ? -1 : out;
}

int64_t largest_element(const Tensor& t) {
  int64_t best = 0;
  for (int64_t i = 1; i < t.count(); ++i) {
    if (t.get(i) > t.get(best)) best = i;
  }
  return best;
}

int64_t index_of(const Tensor& t, const std::vector<std::string>& names, const std::string& wanted) {
  if (wanted.empty()) return largest_element(t);
  auto named = std::ranges::find(names, wanted);
  return named != names.end() ? named - names.begin() : element_from(wanted, t.shape());
}

std::string one_sample_text(const NamedTensor& output) {
  return fmt::format("'{}' of one sample is {}", output.name, output.tensor.type_str());
}

}  // namespace

const NamedTensor& find_output(const std::vector<NamedTensor>& outputs, const std::string& name) {
  if (outputs.empty()) throw Error("the model has no output");
  std::vector<std::string> names;
  for (const NamedTensor& output : outputs) {
    if (name.empty() || output.name == name) return output;
    names.push_back(output.name);
  }
  throw Error(fmt::format("the model has no output '{}'", name),
              {fmt::format("--of takes {}, or loss", fmt::join(names, ", "))});
}

std::vector<std::string> element_names(const Trainer& trainer, int64_t elements) {
  if (!trainer.module().spec) return {};
  for (const TargetSpec& t : trainer.module().spec->targets) {
    std::vector<std::string> names = trainer.learnt().names_of(t.name);
    if (t.classes && static_cast<int64_t>(names.size()) == elements) return names;
  }
  return {};
}

OutputElement find_element(const NamedTensor& output, const std::vector<std::string>& names,
                           const std::string& wanted) {
  const Tensor& t = output.tensor;
  if (t.count() == 0) throw Error(one_sample_text(output) + ": there is nothing to explain");
  if (t.count() == 1 && wanted.empty()) return {0, output.name};
  if (wanted.empty() && t.rank() != 2)
    throw Error(one_sample_text(output) + ": which element of it?",
                {"give an index per axis behind the first, as in --class 0,3"});
  int64_t index = index_of(t, names, wanted);
  if (index < 0) {
    std::vector<std::string> notes;
    if (auto meant = suggest(wanted, names)) notes.push_back(fmt::format("did you mean '{}'?", *meant));
    throw Error(fmt::format("{}, which has no element '{}'", one_sample_text(output), wanted), notes);
  }
  if (!names.empty()) return {index, fmt::format("{} of class '{}'", output.name, names[index])};
  return {index, fmt::format("{}[{}]", output.name, wanted.empty() ? std::to_string(index) : wanted)};
}

}  // namespace nnc::tool
