#include "tools/nnc/confusion_table.h"

#include <cmath>
#include <numeric>

#include <fmt/format.h>

#include "tools/nnc/markup.h"
#include "tools/nnc/measures_text.h"

namespace nnc::tool {
namespace {

constexpr int64_t kMostClasses = 40;
constexpr size_t kLongestHeading = 24;

std::string label(const std::vector<std::string>& names, int64_t c) {
  return c < static_cast<int64_t>(names.size()) ? names[c] : std::to_string(c);
}

// Long names stand upright, very long ones in part.
std::string heading(const std::string& name) {
  if (name.size() <= 4) return fmt::format("<th>{}</th>", escaped(name));
  return fmt::format("<th title=\"{}\"><span>{}</span></th>", escaped(name),
                     escaped(shortened(name, kLongestHeading)));
}

int64_t row_sum(const ConfusionMatrix& m, int64_t t) {
  auto begin = m.counts.begin() + t * m.classes;
  return std::accumulate(begin, begin + m.classes, int64_t{0});
}

// Rare confusions are to be seen beside frequent hits.
double darkness(double share, bool hit) { return hit ? share : std::sqrt(share); }

std::string cell(const ConfusionMatrix& m, int64_t t, int64_t p, int64_t all) {
  double share = all == 0 ? 0 : static_cast<double>(m.at(t, p)) / static_cast<double>(all);
  return fmt::format("<td class=\"{}\" style=\"--share:{:.0f}%\">{}</td>", t == p ? "hit" : "miss",
                     100 * darkness(share, t == p), m.at(t, p));
}

std::string row(const ConfusionMatrix& m, const std::vector<std::string>& names, int64_t t) {
  int64_t all = row_sum(m, t);
  std::string out = fmt::format("<tr><th>{}</th>", escaped(label(names, t)));
  for (int64_t p = 0; p < m.classes; ++p) out += cell(m, t, p, all);
  std::string recall =
      all == 0 ? "–"
               : fmt::format("{:.1f} %", 100.0 * static_cast<double>(m.at(t, t)) / static_cast<double>(all));
  return out + fmt::format("<td class=\"number\">{}</td></tr>\n", recall);
}

}  // namespace

const char* const kConfusionStyle = R"(
table.confusion td, table.confusion th { padding: 3px 6px; } table.confusion th { font-weight: 400; color: var(--muted); }
table.confusion tbody th { max-width: 260px; overflow-wrap: anywhere; text-align: right; }
table.confusion thead th { vertical-align: bottom; text-align: center; }
table.confusion thead th span { writing-mode: vertical-rl; white-space: nowrap; }
table.confusion .hit, table.confusion .miss { text-align: right; min-width: 30px; font-variant-numeric: tabular-nums;
  border: 1px solid var(--page); }
.hit { background: color-mix(in srgb, var(--test) calc(var(--share) * 0.55), var(--panel)); }
.miss { background: color-mix(in srgb, var(--validation) calc(var(--share) * 0.9), var(--panel)); }
)";

std::string confusion_table(const ConfusionMatrix& m, const std::vector<std::string>& names) {
  if (m.classes > kMostClasses) return "<pre>" + escaped(confusion_text(m, names)) + "</pre>\n";
  std::string out =
      "<p class=\"muted\">rows are targets, columns predictions</p>\n<div class=\"wide\"><table "
      "class=\"confusion\"><thead><tr><th></th>";
  for (int64_t p = 0; p < m.classes; ++p) out += heading(label(names, p));
  out += "<th>recall</th></tr></thead><tbody>\n";
  for (int64_t t = 0; t < m.classes; ++t) out += row(m, names, t);
  return out + "</tbody></table></div>\n";
}

}  // namespace nnc::tool
