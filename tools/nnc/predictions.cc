#include "tools/nnc/predictions.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace nnc::tool {
namespace {

using Kind = ClassScores::Kind;

bool of_one_score(Kind kind) { return kind == Kind::Sigmoid || kind == Kind::Probability; }

/// Class probabilities [samples, classes] of one sample's scores.
void to_probabilities(Kind kind, std::span<const double> scores, std::span<double> out) {
  switch (kind) {
    case Kind::Softmax: {
      double most = *std::ranges::max_element(scores), sum = 0;
      for (double s : scores) sum += std::exp(s - most);
      for (size_t c = 0; c < scores.size(); ++c) out[c] = std::exp(scores[c] - most) / sum;
      return;
    }
    case Kind::Exp:
      for (size_t c = 0; c < scores.size(); ++c) out[c] = std::exp(scores[c]);
      return;
    case Kind::Sigmoid:
      out[0] = 1 / (1 + std::exp(scores[0]));
      out[1] = 1 / (1 + std::exp(-scores[0]));
      return;
    case Kind::Probability:
      out[0] = 1 - scores[0];
      out[1] = scores[0];
      return;
  }
}

/// What predictions of this output are called, where they are classes.
const ClassScores* scores_of(const NamedTensor& output, const std::vector<ClassScores>& scores) {
  auto found = std::ranges::find(scores, output.name, &ClassScores::output);
  if (found == scores.end() || output.tensor.rank() == 0) return nullptr;
  int64_t samples = output.tensor.shape()[0];
  bool fits = of_one_score(found->kind) ? output.tensor.count() == samples : output.tensor.rank() == 2;
  return fits ? &*found : nullptr;
}

void add_classes(const NamedTensor& output, const ClassScores& scores, const std::vector<std::string>& names,
                 Predictions& table) {
  int64_t samples = output.tensor.shape()[0], width = samples == 0 ? 0 : output.tensor.count() / samples;
  auto classes = static_cast<size_t>(of_one_score(scores.kind) ? 2 : width);
  PredictionColumn best{scores.target, Tensor(DType::I32, {samples}), names};
  std::vector<PredictionColumn> each;
  for (size_t c = 0; c < classes; ++c) {
    std::string name = c < names.size() ? names[c] : std::to_string(c);
    each.push_back({fmt::format("p({})", name), Tensor(DType::F32, {samples}), {}});
  }
  std::vector<double> in(static_cast<size_t>(width)), out(classes);
  for (int64_t i = 0; i < samples; ++i) {
    for (int64_t c = 0; c < width; ++c) in[static_cast<size_t>(c)] = output.tensor.get(i * width + c);
    to_probabilities(scores.kind, in, out);
    best.values.set_int(i, std::ranges::max_element(out) - out.begin());
    for (size_t c = 0; c < classes; ++c) each[c].values.set(i, out[c]);
  }
  table.push_back(std::move(best));
  std::ranges::move(each, std::back_inserter(table));
}

/// "[1, 3]" of element 7 of a sample [2, 4]; nothing of the only one.
std::string place_in(int64_t element, std::span<const int64_t> shape) {
  std::string out;
  for (size_t axis = shape.size(); axis-- > 0; element /= shape[axis])
    out = fmt::format("{}{}{}", element % shape[axis], out.empty() ? "" : ", ", out);
  return out.empty() ? "" : "[" + out + "]";
}

void add_numbers(const NamedTensor& output, Predictions& table) {
  const std::vector<int64_t>& shape = output.tensor.shape();
  int64_t samples = shape.empty() ? 1 : shape[0];
  int64_t width = samples == 0 ? 0 : output.tensor.count() / samples;
  for (int64_t e = 0; e < width; ++e) {
    std::string place = width == 1 ? "" : place_in(e, std::span(shape).subspan(1));
    PredictionColumn column{output.name + place, Tensor(output.tensor.dtype(), {samples}), {}};
    for (int64_t i = 0; i < samples; ++i) column.values.set(i, output.tensor.literal(i * width + e));
    table.push_back(std::move(column));
  }
}

/// The names of a target's classes, be they indices or a column for each.
std::vector<std::string> class_names(const std::string& target, const Learnt& learnt) {
  std::vector<std::string> names = learnt.names_of(target);
  auto columns = learnt.fields.find(target);
  for (const Preparation& p : learnt.preparations) {
    bool only = columns != learnt.fields.end() && columns->second == std::vector{p.column};
    if (names.empty() && only && p.kind == "one_hot") names = p.names;
  }
  return names;
}

std::string number_text(const Tensor& values, int64_t i) {
  switch (values.dtype()) {
    case DType::F32:
    case DType::BF16:
      return fmt::format("{}", static_cast<float>(values.get(i)));
    case DType::F64:
      return fmt::format("{}", values.get(i));
    case DType::I32:
    case DType::I64:
    case DType::U8:
    case DType::Bool:
      break;
  }
  return std::to_string(values.get_int(i));
}

/// The name of sample i, or null where it is a number.
const std::string* name_at(const PredictionColumn& column, int64_t i) {
  if (column.names.empty()) return nullptr;
  auto index = static_cast<size_t>(column.values.get_int(i));
  return index < column.names.size() ? &column.names[index] : nullptr;
}

std::string csv_text(const std::string& text) {
  bool plain = !text.empty() && text.find_first_of(",\"\r\n") == std::string::npos && text.front() != ' ' &&
               text.back() != ' ';
  if (plain) return text;
  std::string out = "\"";
  for (char c : text) out += c == '"' ? std::string("\"\"") : std::string(1, c);
  return out + "\"";
}

int64_t samples_in(const Predictions& table) { return table.empty() ? 0 : table[0].values.count(); }

}  // namespace

Predictions tabulate(const std::vector<NamedTensor>& outputs, const std::vector<ClassScores>& scores,
                     const Learnt& learnt) {
  Predictions table;
  for (const NamedTensor& output : outputs) {
    if (const ClassScores* s = scores_of(output, scores))
      add_classes(output, *s, class_names(s->target, learnt), table);
    else
      add_numbers(output, table);
  }
  return table;
}

std::string to_csv(const Predictions& table) {
  std::string out;
  for (const PredictionColumn& c : table) out += (&c == table.data() ? "" : ",") + csv_text(c.name);
  out += "\n";
  for (int64_t i = 0; i < samples_in(table); ++i) {
    for (const PredictionColumn& c : table) {
      const std::string* name = name_at(c, i);
      out += (&c == table.data() ? "" : ",") + (name ? csv_text(*name) : number_text(c.values, i));
    }
    out += "\n";
  }
  return out;
}

std::string to_json(const Predictions& table) {
  auto quoted = [](const std::string& text) { return nlohmann::json(text).dump(); };
  std::string out = "[";
  for (int64_t i = 0; i < samples_in(table); ++i) {
    out += i == 0 ? "\n{" : ",\n{";
    for (const PredictionColumn& c : table) {
      const std::string* name = name_at(c, i);
      bool null = name == nullptr && !std::isfinite(c.values.get(i));
      out += fmt::format("{}{}:{}", &c == table.data() ? "" : ",", quoted(c.name),
                         name   ? quoted(*name)
                         : null ? "null"
                                : number_text(c.values, i));
    }
    out += "}";
  }
  return out + "\n]\n";
}

}  // namespace nnc::tool
