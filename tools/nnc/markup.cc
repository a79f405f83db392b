#include "tools/nnc/markup.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace nnc::tool {
namespace {

constexpr std::string_view kStyle = R"(
body { font: 14px/1.5 system-ui, sans-serif; color: #1c2733; margin: 24px auto; max-width: 1100px; padding: 0 16px; }
h1 { font-size: 22px; margin: 0 0 4px; } h2 { font-size: 16px; margin: 28px 0 8px; }
table { border-collapse: collapse; } th, td { padding: 2px 12px 2px 0; text-align: left; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
tr.total td { border-top: 1px solid #9aa8b5; font-weight: 600; }
code, pre, svg text { font-family: ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; }
pre { background: #f5f7f9; padding: 10px; overflow-x: auto; font-size: 12px; }
.muted { color: #5d6b78; }
)";

}  // namespace

std::string escaped(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (c == '&')
      out += "&amp;";
    else if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '"')
      out += "&quot;";
    else
      out += static_cast<unsigned char>(c) < 0x20 && c != '\n' ? ' ' : c;
  }
  return out;
}

std::string coordinate(double x) {
  std::string out = fmt::format("{:.2f}", x);
  out.erase(out.find_last_not_of('0') + 1);
  if (out.back() == '.') out.pop_back();
  return out == "-0" ? "0" : out;
}

double text_width(std::string_view text, double size) {
  auto characters = std::count_if(text.begin(), text.end(),
                                  [](char c) { return (static_cast<unsigned char>(c) & 0xC0) != 0x80; });
  return static_cast<double>(characters) * size * 0.61;
}

std::string html_page(std::string_view title, std::string_view style, std::string_view body) {
  return fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>{}</title>\n<style>{}{}"
      "</style>\n</head>\n<body>\n{}</body>\n</html>\n",
      escaped(title), kStyle, style, body);
}

}  // namespace nnc::tool
