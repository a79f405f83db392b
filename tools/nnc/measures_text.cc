#include "tools/nnc/measures_text.h"

#include <algorithm>
#include <numeric>

#include <fmt/format.h>

namespace nnc::tool {
namespace {

constexpr size_t kColumns = 80, kLongestName = 16, kShownConfusions = 12;

std::vector<std::string> labels_of(const ConfusionMatrix& matrix, const std::vector<std::string>& names) {
  std::vector<std::string> out;
  for (int64_t c = 0; c < matrix.classes; ++c)
    out.push_back(c < static_cast<int64_t>(names.size()) ? shortened(names[c], kLongestName)
                                                         : std::to_string(c));
  return out;
}

size_t longest(const std::vector<std::string>& texts) {
  size_t out = 0;
  for (const std::string& t : texts) out = std::max(out, t.size());
  return out;
}

std::string recall_text(const ConfusionMatrix& m, int64_t c) {
  auto begin = m.counts.begin() + c * m.classes;
  int64_t all = std::accumulate(begin, begin + m.classes, int64_t{0});
  return all == 0 ? "-" : fmt::format("{:.1f} %", 100.0 * static_cast<double>(m.at(c, c)) / all);
}

std::string table(const ConfusionMatrix& m, const std::vector<std::string>& rows,
                  const std::vector<std::string>& columns, size_t cell) {
  size_t first = longest(rows);
  std::string out = fmt::format("{:<{}}", "", first);
  for (const std::string& column : columns) out += fmt::format("  {:>{}}", column, cell);
  out += fmt::format("  {:>7}\n", "recall");
  for (int64_t t = 0; t < m.classes; ++t) {
    out += fmt::format("{:<{}}", rows[t], first);
    for (int64_t p = 0; p < m.classes; ++p) out += fmt::format("  {:>{}}", m.at(t, p), cell);
    out += fmt::format("  {:>7}\n", recall_text(m, t));
  }
  return out;
}

std::string most_frequent(const ConfusionMatrix& m, const std::vector<std::string>& labels) {
  std::vector<int64_t> wrong;
  for (int64_t i = 0; i < m.classes * m.classes; ++i) {
    if (m.counts[i] > 0 && i / m.classes != i % m.classes) wrong.push_back(i);
  }
  std::stable_sort(wrong.begin(), wrong.end(),
                   [&](int64_t a, int64_t b) { return m.counts[a] > m.counts[b]; });
  std::string out;
  for (size_t i = 0; i < std::min(wrong.size(), kShownConfusions); ++i) {
    out += fmt::format("{:>8} of {} taken for {}\n", m.counts[wrong[i]], labels[wrong[i] / m.classes],
                       labels[wrong[i] % m.classes]);
  }
  if (wrong.size() > kShownConfusions)
    out += fmt::format("and {} rarer confusions\n", wrong.size() - kShownConfusions);
  return wrong.empty() ? "no confusions\n" : out;
}

}  // namespace

std::string shortened(const std::string& name, size_t longest) {
  if (name.size() <= longest) return name;
  size_t end = longest - 1;
  while (end > 0 && (static_cast<unsigned char>(name[end]) & 0xC0) == 0x80) --end;
  return name.substr(0, end) + "~";
}

nlohmann::ordered_json json_of(const ConfusionMatrix& matrix) {
  auto out = nlohmann::ordered_json::array();
  for (int64_t t = 0; t < matrix.classes; ++t) {
    auto row = nlohmann::ordered_json::array();
    for (int64_t p = 0; p < matrix.classes; ++p) row.push_back(matrix.at(t, p));
    out.push_back(std::move(row));
  }
  return out;
}

void add_measures(nlohmann::ordered_json& line, const std::vector<Measure>& measures,
                  const std::string& prefix) {
  for (const Measure& m : measures) {
    if (m.has_value)
      line[prefix + m.name] = m.value;
    else
      line[prefix + m.name] = json_of(m.confusion);
  }
}

std::vector<const Measure*> shown_confusions(const std::vector<Measure>& measures) {
  std::vector<const Measure*> asked;
  const Measure* first = nullptr;
  for (const Measure& m : measures) {
    if (!m.has_value) asked.push_back(&m);
    if (first == nullptr && m.confusion.classes > 0) first = &m;
  }
  if (asked.empty() && first != nullptr) asked.push_back(first);
  return asked;
}

std::vector<std::string> class_names(const Measure& measure, const Trainer& trainer) {
  return trainer.learnt().names_of(measure.target);
}

std::string confusion_text(const ConfusionMatrix& m, const std::vector<std::string>& names) {
  std::vector<std::string> labels = labels_of(m, names), counts, numbers;
  for (int64_t count : m.counts) counts.push_back(std::to_string(count));
  for (int64_t c = 0; c < m.classes; ++c) numbers.push_back(std::to_string(c));
  auto width = [&](const std::vector<std::string>& rows, size_t cell) {
    return longest(rows) + static_cast<size_t>(m.classes) * (cell + 2) + 2 + 7;
  };
  const char* head = "confusion matrix: rows are targets, columns predictions\n";
  size_t cell = std::max(longest(labels), longest(counts));
  if (width(labels, cell) <= kColumns) return head + table(m, labels, labels, cell);
  // Numbers are shorter than names, which then stand in front alone.
  std::vector<std::string> rows = labels;
  for (int64_t c = 0; c < m.classes && !names.empty(); ++c) rows[c] = numbers[c] + " " + labels[c];
  cell = std::max(longest(numbers), longest(counts));
  if (width(rows, cell) <= kColumns) return head + table(m, rows, numbers, cell);
  return "most frequent confusions\n" + most_frequent(m, labels);
}

}  // namespace nnc::tool
