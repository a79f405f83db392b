#include "tools/nnc/explanation_picture.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "ir/error.h"
#include "tools/nnc/heat_map.h"
#include "tools/nnc/markup.h"
#include "tools/nnc/measures_text.h"
#include "tools/nnc/number_text.h"

namespace nnc::tool {
namespace {

constexpr double kText = 12, kLine = 18, kMargin = 16, kGap = 24, kScale = 14, kBars = 260;
constexpr int64_t kPanel = 280;  // pixels that an image is enlarged to, at most
constexpr size_t kShownBars = 30, kLongestName = 40, kLongestTitle = 100;

/// What has been drawn so far, from top to bottom.
class Sheet {
 public:
  double y = kMargin;

  void text(double x, double baseline, const std::string& content, const char* anchor = "start",
            const char* weight = "normal") {
    body_ += fmt::format("<text x=\"{}\" y=\"{}\" text-anchor=\"{}\" font-weight=\"{}\">{}</text>\n",
                         coordinate(x), coordinate(baseline), anchor, weight, escaped(content));
    if (anchor == std::string_view("start")) widen(x + text_width(content, kText));
  }
  void line_of_text(const std::string& content, const char* weight = "normal") {
    text(kMargin, y + kText, content, "start", weight);
    y += kLine;
  }
  void rect(const char* css, double x, double top, double width, double height, const std::string& fill) {
    body_ += fmt::format("<rect class=\"{}\" x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"{}\"/>\n",
                         css, coordinate(x), coordinate(top), coordinate(width), coordinate(height), fill);
    widen(x + width);
  }
  void image(double x, double top, const Raster& raster) {
    body_ += fmt::format(
        "<image x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" href=\"data:image/png;base64,{}\"/>\n",
        coordinate(x), coordinate(top), raster.width(), raster.height(), base64_of(png_of(raster)));
    widen(x + static_cast<double>(raster.width()));
  }
  void widen(double right) { right_ = std::max(right_, right); }
  std::string svg() const {
    return fmt::format(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" viewBox=\"0 0 {0} {1}\" "
        "font-family=\"monospace\" font-size=\"{2}\" fill=\"#1c2733\">\n<rect width=\"100%\" height=\"100%\" "
        "fill=\"#ffffff\"/>\n{3}</svg>\n",
        coordinate(std::ceil(right_ + kMargin)), coordinate(std::ceil(y + kMargin)), kText, body_);
  }

 private:
  double right_ = 0;
  std::string body_;
};

std::string hex(Rgb c) { return fmt::format("#{:02x}{:02x}{:02x}", c[0], c[1], c[2]); }

int64_t enlargement(const PixelLayout& l) {
  return std::max<int64_t>(1, kPanel / std::max(l.width, l.height));
}

// What the colours of a heat map stand for.
void colour_scale(Sheet& sheet, double x, double height, double strength) {
  constexpr int kSteps = 40;
  for (int i = 0; i < kSteps; ++i) {
    double share = 1 - 2 * (i + 0.5) / kSteps;
    sheet.rect("scale", x, sheet.y + height * i / kSteps, kScale, height / kSteps + 0.5,
               hex(heat_colour(share)));
  }
  double top = sheet.y + kText - 2;
  sheet.text(x + kScale + 6, top, short_number(strength));
  sheet.text(x + kScale + 6, sheet.y + height / 2 + 4, "0");
  sheet.text(x + kScale + 6, sheet.y + height, short_number(-strength));
}

void add_image(Sheet& sheet, const ExplainedInput& input, const PixelLayout& l) {
  std::vector<double> attributions = pixel_attributions(input, l);
  int64_t factor = enlargement(l);
  Raster own = input_raster(input, l).enlarged(factor),
         heat = attribution_raster(attributions, l).enlarged(factor);
  std::string name = shortened(input.name, kLongestName), caption = "attribution";
  auto width = static_cast<double>(own.width()),
       height = std::max(static_cast<double>(own.height()), 4 * kLine);
  double second = kMargin + std::max(width, text_width(name, kText)) + kGap;
  sheet.text(kMargin, sheet.y + kText, name);
  sheet.text(second, sheet.y + kText, caption);
  sheet.y += kLine;
  sheet.image(kMargin, sheet.y, own);
  sheet.image(second, sheet.y, heat);
  colour_scale(sheet, second + std::max(width, text_width(caption, kText)) + kGap, height,
               strength_of(attributions));
  sheet.y += height + kGap;
}

/// Where the columns of a table of bars are.
struct BarColumns {
  double name = 0, value = 0, bars = 0,
         number = 0;          // right ends of the first two and the last, left end of the bars
  double zero = 0, unit = 0;  // of the bars
};

BarColumns bar_columns(const std::vector<Feature>& features, const std::string& heading) {
  double name = text_width(heading, kText), low = 0, high = 0;
  for (const Feature& f : features) {
    name = std::max(name, text_width(f.name, kText));
    if (!std::isfinite(f.attribution)) continue;
    low = std::min(low, f.attribution);
    high = std::max(high, f.attribution);
  }
  BarColumns out{.name = kMargin + name};
  out.value = out.name + text_width("-1.23e-100", kText) + kGap / 2;
  out.bars = out.value + kGap;
  out.number = out.bars + kBars + kGap / 2 + text_width("attribution", kText);
  out.unit = high > low ? kBars / (high - low) : 0;
  out.zero = out.bars - low * out.unit;
  return out;
}

void add_bars(Sheet& sheet, const ExplainedInput& input) {
  std::vector<Feature> all = features_of(input), features = strongest(all, kShownBars);
  for (Feature& f : features) f.name = shortened(f.name, kLongestName);
  std::string heading = shortened(input.name, kLongestName);
  BarColumns c = bar_columns(features, heading);
  sheet.text(c.name, sheet.y + kText, heading, "end", "bold");
  sheet.text(c.value, sheet.y + kText, "value", "end");
  sheet.text(c.number, sheet.y + kText, "attribution", "end");
  sheet.widen(c.number);
  sheet.y += kLine;
  double top = sheet.y;
  for (const Feature& f : features) {
    double length = std::isfinite(f.attribution) ? f.attribution * c.unit : 0;
    sheet.text(c.name, sheet.y + kText, f.name, "end");
    sheet.text(c.value, sheet.y + kText, short_number(f.value), "end");
    sheet.rect("bar", c.zero + std::min(length, 0.0), sheet.y + 2, std::abs(length), kLine - 5,
               hex(heat_colour(length < 0 ? -0.85 : 0.85)));
    sheet.text(c.number, sheet.y + kText, short_number(f.attribution), "end");
    sheet.y += kLine;
  }
  sheet.rect("zero", c.zero - 0.5, top, 1, sheet.y - top, "#5d6b78");
  if (all.size() > features.size())
    sheet.line_of_text(fmt::format("and {} weaker ones", all.size() - features.size()));
  sheet.y += kGap;
}

}  // namespace

std::string explanation_svg(const Explanation& e) {
  Sheet sheet;
  sheet.line_of_text(shortened(fmt::format("{} = {:.6g}", e.what, e.value), kLongestTitle), "bold");
  sheet.line_of_text(shortened(fmt::format("{}, by {}", e.sample, e.method), kLongestTitle));
  sheet.y += kLine / 2;
  for (const ExplainedInput& input : e.inputs) {
    if (std::optional<PixelLayout> layout = pixel_layout(input.values.shape()))
      add_image(sheet, input, *layout);
    else
      add_bars(sheet, input);
  }
  return sheet.svg();
}

std::string explanation_png(const Explanation& e) {
  std::vector<Raster> rows;
  int64_t width = 0, height = 0;
  for (const ExplainedInput& input : e.inputs) {
    std::optional<PixelLayout> l = pixel_layout(input.values.shape());
    if (!l) continue;
    Raster own = input_raster(input, *l).enlarged(enlargement(*l));
    Raster row(2 * own.width() + static_cast<int64_t>(kGap), own.height());
    row.put(own, 0, 0);
    row.put(attribution_raster(pixel_attributions(input, *l), *l).enlarged(enlargement(*l)),
            own.width() + static_cast<int64_t>(kGap), 0);
    width = std::max(width, row.width());
    height += row.height() + (rows.empty() ? 0 : static_cast<int64_t>(kGap));
    rows.push_back(std::move(row));
  }
  if (rows.empty())
    throw Error("a PNG shows images, and no input is one",
                {"write the bars of an SVG, or a CSV: -o explained.svg"});
  Raster out(width, height);
  int64_t y = 0;
  for (const Raster& row : rows) {
    out.put(row, 0, y);
    y += row.height() + static_cast<int64_t>(kGap);
  }
  return png_of(out);
}

}  // namespace nnc::tool
