#include "tools/nnc/curve_chart.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "tools/nnc/axis.h"
#include "tools/nnc/markup.h"
#include "tools/nnc/number_text.h"

namespace nnc::tool {
namespace {

constexpr double kWidth = 480, kHeight = 250, kTop = 10, kBottom = 36, kText = 11;
constexpr size_t kMostPoints = 800, kMostDots = 60;

/// Where the curves are drawn, and how values become places.
struct Frame {
  Axis x, y;
  double left = 0, right = kWidth - 16;

  double at_x(double epoch) const { return left + x.place(epoch) * (right - left); }
  double at_y(double value) const { return kHeight - kBottom - y.place(value) * (kHeight - kBottom - kTop); }
};

Frame frame_for(std::span<const double> epochs, const std::vector<Curve>& curves) {
  std::vector<double> all;
  for (const Curve& c : curves) all.insert(all.end(), c.values.begin(), c.values.end());
  Frame out{count_axis(epochs.front(), epochs.back(), 3), value_axis(all, 4)};
  double widest = 0;
  for (const Tick& t : out.y.ticks) widest = std::max(widest, text_width(t.label, kText));
  out.left = widest + 14;
  return out;
}

std::string text(double x, double y, const char* anchor, const std::string& content) {
  return fmt::format("<text x=\"{}\" y=\"{}\" text-anchor=\"{}\">{}</text>\n", coordinate(x), coordinate(y),
                     anchor, escaped(content));
}

std::string line(const char* css, double x1, double y1, double x2, double y2) {
  return fmt::format("<line class=\"{}\" x1=\"{}\" y1=\"{}\" x2=\"{}\" y2=\"{}\"/>\n", css, coordinate(x1),
                     coordinate(y1), coordinate(x2), coordinate(y2));
}

std::string axes(const Frame& f) {
  std::string out;
  double floor = kHeight - kBottom;
  for (const Tick& t : f.y.ticks) {
    out += line("grid", f.left, f.at_y(t.value), f.right, f.at_y(t.value));
    out += text(f.left - 6, f.at_y(t.value) + 4, "end", t.label);
  }
  for (const Tick& t : f.x.ticks) {
    out += line("axis", f.at_x(t.value), floor, f.at_x(t.value), floor + 4);
    out += text(f.at_x(t.value), floor + 16, "middle", t.label);
  }
  out += line("axis", f.left, floor, f.right, floor);
  return out + text((f.left + f.right) / 2, kHeight - 4, "middle", "epoch");
}

bool drawn(const Frame& f, double value) { return std::isfinite(value) && (!f.y.logarithmic || value > 0); }

// A path with a gap wherever a value is missing.
std::string path_of(const Frame& f, std::span<const double> epochs, const Curve& c,
                    const std::vector<size_t>& points) {
  std::string path;
  bool pen = false;
  for (size_t i : points) {
    if (drawn(f, c.values[i])) {
      path += fmt::format("{}{} {}", pen ? 'L' : 'M', coordinate(f.at_x(epochs[i])),
                          coordinate(f.at_y(c.values[i])));
    }
    pen = drawn(f, c.values[i]);
  }
  return path.empty() ? "" : fmt::format("<path class=\"curve {}\" d=\"{}\"/>\n", c.css, path);
}

// Dots show where the epochs are while there are few, and what no line shows: a value between two gaps.
std::string dots_of(const Frame& f, std::span<const double> epochs, const Curve& c,
                    const std::vector<size_t>& points) {
  std::string out;
  for (size_t p = 0; p < points.size(); ++p) {
    size_t i = points[p];
    bool before = p > 0 && drawn(f, c.values[points[p - 1]]);
    bool after = p + 1 < points.size() && drawn(f, c.values[points[p + 1]]);
    if (!drawn(f, c.values[i]) || (points.size() > kMostDots && (before || after))) continue;
    out += fmt::format(
        "<circle class=\"{}\" cx=\"{}\" cy=\"{}\" r=\"2.5\"><title>{}, epoch {:.0f}: "
        "{:.6g}</title></circle>\n",
        c.css, coordinate(f.at_x(epochs[i])), coordinate(f.at_y(c.values[i])), escaped(c.name), epochs[i],
        c.values[i]);
  }
  return out;
}

std::string legend(const std::vector<Curve>& curves) {
  std::string out;
  for (const Curve& c : curves) {
    out += fmt::format(
        "<span class=\"key\"><svg width=\"26\" height=\"8\"><line class=\"curve {}\" x1=\"0\" y1=\"4\" "
        "x2=\"26\" "
        "y2=\"4\"/></svg> {} {}</span>\n",
        c.css, escaped(c.name), short_number(c.values.back()));
  }
  return out;
}

// Where the lowest and the highest finite value of the stretch are; its beginning where it has none.
std::pair<size_t, size_t> extremes(std::span<const double> values, size_t begin, size_t end) {
  std::pair<size_t, size_t> out{begin, begin};
  for (size_t i = begin; i < end; ++i) {
    if (!std::isfinite(values[i])) continue;
    if (!std::isfinite(values[out.first]) || values[i] < values[out.first]) out.first = i;
    if (!std::isfinite(values[out.second]) || values[i] > values[out.second]) out.second = i;
  }
  return out;
}

bool nothing_to_draw(const std::vector<Curve>& curves) {
  return std::ranges::none_of(curves, [](const Curve& c) {
    return std::ranges::any_of(c.values, [](double v) { return std::isfinite(v); });
  });
}

}  // namespace

const char* const kChartStyle = R"(
figure { margin: 0; min-width: 0; } figcaption { overflow-wrap: anywhere; }
.charts { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(440px, 100%), 1fr)); gap: 24px 32px; }
.key { white-space: nowrap; margin-left: 12px; color: var(--muted); } .key svg { vertical-align: middle; }
figure > svg { width: 100%; height: auto; display: block; } figure text { fill: var(--muted); font-size: 11px; }
.grid { stroke: var(--line); } .axis { stroke: var(--rule); }
.curve { fill: none; stroke-width: 1.8; stroke-linejoin: round; }
.curve.train { stroke: var(--train); } circle.train { fill: var(--train); }
.curve.validation { stroke: var(--validation); stroke-dasharray: 7 3; } circle.validation { fill: var(--validation); }
.curve.test { stroke: var(--test); stroke-dasharray: 2.5 2.5; } circle.test { fill: var(--test); }
)";

std::vector<size_t> thinned(std::span<const double> values, size_t most) {
  std::vector<size_t> out;
  auto add = [&](size_t i) {
    if (out.empty() || out.back() < i) out.push_back(i);
  };
  size_t n = values.size(), stretches = n <= most ? n : std::max<size_t>(1, most / 2 - 1);
  if (n > 0) add(0);
  for (size_t s = 0; s < stretches; ++s) {
    auto [low, high] = extremes(values, s * n / stretches, (s + 1) * n / stretches);
    add(std::min(low, high));
    add(std::max(low, high));
  }
  if (n > 0) add(n - 1);
  return out;
}

std::string curve_figure(const std::string& title, std::span<const double> epochs,
                         const std::vector<Curve>& curves) {
  std::string caption =
      fmt::format("<figure>\n<figcaption><b>{}</b>{}</figcaption>\n", escaped(title), legend(curves));
  if (nothing_to_draw(curves))
    return caption + "<p class=\"muted\">no epoch has a finite value</p>\n</figure>\n";
  Frame frame = frame_for(epochs, curves);
  std::string out =
      caption + fmt::format("<svg viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{} by epoch\">\n",
                            coordinate(kWidth), coordinate(kHeight), escaped(title));
  out += axes(frame);
  for (const Curve& c : curves) {
    std::vector<size_t> points = thinned(c.values, kMostPoints);
    out += path_of(frame, epochs, c, points) + dots_of(frame, epochs, c, points);
  }
  return out + "</svg>\n</figure>\n";
}

}  // namespace nnc::tool
