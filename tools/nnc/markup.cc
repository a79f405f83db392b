#include "tools/nnc/markup.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace nnc::tool {
namespace {

// Colours by name, so that a dark page needs no other rules.
constexpr std::string_view kStyle = R"(
:root { color-scheme: light dark; --page: #ffffff; --text: #1c2733; --muted: #5d6b78; --panel: #f5f7f9; --line: #dde3e9;
  --rule: #9aa8b5; --mark: #fff3c4; --train: #2f6fb3; --validation: #b85a12; --test: #23804a; }
@media (prefers-color-scheme: dark) { :root { --page: #14191f; --text: #dfe6ec; --muted: #9fb0bf; --panel: #1e252d;
  --line: #2d3742; --rule: #607080; --mark: #54491c; --train: #6db0f2; --validation: #f0a05a; --test: #67c993; } }
body { font: 14px/1.5 system-ui, sans-serif; color: var(--text); background: var(--page); margin: 24px auto;
  max-width: 1100px; padding: 0 16px; }
h1 { font-size: 22px; margin: 0 0 4px; overflow-wrap: anywhere; } h2 { font-size: 16px; margin: 28px 0 8px; }
table { border-collapse: collapse; } th, td { padding: 2px 12px 2px 0; text-align: left; vertical-align: top; }
td.number, th.number { text-align: right; font-variant-numeric: tabular-nums; }
tr.total td { border-top: 1px solid var(--rule); font-weight: 600; }
code, pre, svg text { font-family: ui-monospace, "DejaVu Sans Mono", Menlo, Consolas, monospace; }
pre { background: var(--panel); padding: 10px; overflow-x: auto; font-size: 12px; }
.wide { overflow-x: auto; } .muted { color: var(--muted); }
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
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n<meta name=\"viewport\" "
      "content=\"width=device-width\"/>\n<title>{}</title>\n<style>{}{}"
      "</style>\n</head>\n<body>\n{}</body>\n</html>\n",
      escaped(title), kStyle, style, body);
}

}  // namespace nnc::tool
