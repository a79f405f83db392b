#include "tools/nnc/report_page.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <fmt/format.h>

#include "tools/nnc/confusion_table.h"
#include "tools/nnc/curve_chart.h"
#include "tools/nnc/markup.h"
#include "tools/nnc/measures_text.h"
#include "tools/nnc/number_text.h"
#include "tools/nnc/progress.h"
#include "tools/nnc/summary.h"

namespace nnc::tool {
namespace {

constexpr std::string_view kDataBegin = "<script type=\"application/json\" id=\"run\">";
constexpr std::string_view kDataEnd = "</script>";
constexpr const char* kReload = "<meta http-equiv=\"refresh\" content=\"5\"/>\n";

struct Part {
  const char *prefix, *name, *text;
};
constexpr Part kParts[] = {
    {"", "train", "training"}, {"val_", "validation", "validation"}, {"test_", "test", "test"}};

std::string section(const std::string& title, const std::string& content) {
  return content.empty() ? ""
                         : fmt::format("<section>\n<h2>{}</h2>\n{}</section>\n", escaped(title), content);
}

// The numbered measures, each with the parts it was measured on.
std::vector<Curve> curves_of(const RunHistory& history, const std::string& measure) {
  std::vector<Curve> out;
  for (const Part& part : kParts) {
    if (const std::vector<double>* values = history.find(part.prefix + measure))
      out.push_back({part.name, part.name, *values});
  }
  return out;
}

/// Where the values are best: for a loss that is where they are lowest.
std::string lowest(const RunHistory& history, const std::vector<double>& values) {
  size_t best = values.size();
  for (size_t i = 0; i < values.size(); ++i) {
    if (std::isfinite(values[i]) && (best == values.size() || values[i] < values[best])) best = i;
  }
  if (best == values.size()) return "";
  return fmt::format("{:.6g} in epoch {:.0f}", values[best], history.epochs()[best]);
}

std::string result_row(const RunHistory& history, std::span<const Part> parts, const std::string& measure) {
  std::string out = fmt::format("<tr><td>{}</td>", escaped(measure));
  for (const Part& part : parts) {
    const std::vector<double>* values = history.find(part.prefix + measure);
    out += fmt::format("<td class=\"number\">{}</td>", values ? fmt::format("{:.6g}", values->back()) : "");
  }
  return out + "</tr>\n";
}

// The parts that there are: each has a loss.
std::vector<Part> parts_of(const RunHistory& history) {
  std::vector<Part> out;
  for (const Part& part : kParts) {
    if (history.find(std::string(part.prefix) + "loss")) out.push_back(part);
  }
  return out;
}

std::string results(const RunHistory& history, std::span<const MeasureSpec> measures) {
  if (history.epochs().empty()) return "<p>no epoch has been trained yet</p>\n";
  std::vector<Part> parts = parts_of(history);
  std::string out =
      fmt::format("<table class=\"results\">\n<tr><th>epoch {:.0f}</th>", history.epochs().back());
  for (const Part& part : parts) out += fmt::format("<th class=\"number\">{}</th>", part.text);
  out += "</tr>\n";
  for (const MeasureSpec& m : measures) {
    if (m.has_value) out += result_row(history, parts, m.name);
  }
  out += "</table>\n";
  for (const char* column : {"val_loss", "test_loss", "loss"}) {
    const std::vector<double>* values = history.find(column);
    if (values == nullptr || lowest(history, *values).empty()) continue;
    return out + fmt::format("<p class=\"muted\">lowest {}: {}</p>\n", column, lowest(history, *values));
  }
  return out;
}

std::string curves(const RunHistory& history, std::span<const MeasureSpec> measures) {
  if (history.epochs().empty()) return "";
  std::string out = "<div class=\"charts\">\n";
  for (const MeasureSpec& m : measures) {
    if (m.has_value) out += curve_figure(m.name, history.epochs(), curves_of(history, m.name));
  }
  if (const std::vector<double>* rate = history.find("lr"))
    out += curve_figure("learning rate", history.epochs(), {{"rate", "train", *rate}});
  return out + "</div>\n";
}

std::string confusions(const RunReport& r, const Trainer& trainer) {
  if (!r.last) return "";
  const std::vector<Measure>* parts[] = {&r.last->test, &r.last->validation, &r.last->train};
  const Part* names[] = {&kParts[2], &kParts[1], &kParts[0]};
  size_t part = 0;
  while (part < 2 && parts[part]->empty()) ++part;
  std::string out;
  for (const Measure* m : shown_confusions(*parts[part])) {
    std::string title = fmt::format("Confusion matrix of the {} part: {}", names[part]->text, m->name);
    if (m->name == "confusion_matrix")
      title = fmt::format("Confusion matrix of the {} part", names[part]->text);
    out += section(title, confusion_table(m->confusion, class_names(*m, trainer)));
  }
  return out;
}

// A bar for each phase beside its numbers, as wide as the page leaves it.
std::string time_table(const PhaseSeconds& seconds) {
  double total = std::accumulate(seconds.begin(), seconds.end(), 0.0);
  std::string out = "<table class=\"time\">\n";
  for (size_t i = 0; i < seconds.size(); ++i) {
    double share = total > 0 ? 100 * seconds[i] / total : 0;
    out += fmt::format(
        "<tr><td>{}</td><td class=\"number\">{:.2f} s</td><td class=\"number\">{:.1f} %</td><td><div "
        "class=\"bar\" style=\"width:{:.1f}%\"></div></td></tr>\n",
        kPhaseNames[i], seconds[i], share, share);
  }
  return out +
         fmt::format(
             "<tr class=\"total\"><td>total</td><td class=\"number\">{:.2f} s</td><td></td><td></td></tr>\n"
             "</table>\n",
             total);
}

std::string settings_table(const RunReport& r) {
  std::string out = "<table class=\"settings\">\n";
  for (const auto& [name, value] : r.settings)
    out += fmt::format("<tr><th>{}</th><td>{}</td></tr>\n", escaped(name), escaped(value));
  return out + "</table>\n";
}

std::string model_table(const Module& module) {
  SummaryTable table = summary_table(module);
  std::string out = "<div class=\"wide\"><table class=\"layers\">\n";
  for (size_t i = 0; i < table.rows.size(); ++i) {
    const char* tag = i == 0 ? "th" : "td";
    out += i + 1 == table.rows.size() ? "<tr class=\"total\">" : "<tr>";
    for (size_t c = 0; c < table.rows[i].size(); ++c)
      out +=
          fmt::format("<{0}{1}>{2}</{0}>", tag, c < 2 ? "" : " class=\"number\"", escaped(table.rows[i][c]));
    out += "</tr>\n";
  }
  return out + "</table></div>\n<p class=\"muted\">" + escaped(table.notes) + "</p>\n";
}

// Nothing in it can end the script, or be taken for markup.
std::string data_element(const RunReport& r) {
  std::string out{kDataBegin};
  for (char c : nlohmann::ordered_json{{"epochs", r.history.to_json()}, {"seconds", r.seconds}}.dump()) {
    if (c == '<' || c == '>' || c == '&')
      out += fmt::format("\\u{:04x}", c);
    else
      out += c;
  }
  return out + std::string(kDataEnd) + "\n";
}

std::string heading(const RunReport& r, const Trainer& trainer) {
  double total = std::accumulate(r.seconds.begin(), r.seconds.end(), 0.0);
  double epoch = r.history.epochs().empty() ? 0 : r.history.epochs().back();
  return fmt::format("{}<h1>{}</h1>\n<p class=\"muted\">{}; epoch {:.0f}{}, {}</p>\n",
                     r.running ? kReload : "", escaped(trainer.module().name), escaped(r.status), epoch,
                     r.epochs == kEndless ? "" : fmt::format(" of {}", r.epochs),
                     total < 60 ? fmt::format("{:.1f} s", total) : duration_text(total));
}

constexpr std::string_view kStyle = R"(
.time { width: 100%; max-width: 600px; } .time td { white-space: nowrap; } .time td:last-child { width: 100%; }
.bar { height: 12px; margin-top: 5px; background: var(--train); min-width: 1px; }
table.settings th { font-weight: 400; color: var(--muted); white-space: nowrap; } table.settings td { overflow-wrap: anywhere; }
table.results td:first-child { overflow-wrap: anywhere; }
)";

}  // namespace

std::string report_page(const RunReport& r, const Trainer& trainer) {
  std::span<const MeasureSpec> measures = trainer.module().spec->measures;
  std::string body = heading(r, trainer);
  body += section("Results", results(r.history, measures));
  body += section("Curves", curves(r.history, measures));
  body += confusions(r, trainer);
  body += section("Where the time went", time_table(r.seconds));
  body += section("Settings", settings_table(r));
  body += section("Model", model_table(trainer.module()));
  return html_page(trainer.module().name + ": training",
                   fmt::format("{}{}{}", kChartStyle, kConfusionStyle, kStyle), body + data_element(r));
}

std::optional<RunReport> read_report_page(const std::string& text, int64_t keep) {
  size_t begin = text.find(kDataBegin), end = text.find(kDataEnd, begin);
  if (begin == std::string::npos || end == std::string::npos) return std::nullopt;
  begin += kDataBegin.size();
  try {
    auto data = nlohmann::ordered_json::parse(text.substr(begin, end - begin));
    RunReport out;
    out.history = RunHistory::from_json(data.at("epochs"), keep);
    out.seconds = data.at("seconds").get<PhaseSeconds>();
    return out;
  } catch (const nlohmann::json::exception&) {
    return std::nullopt;
  }
}

}  // namespace nnc::tool
