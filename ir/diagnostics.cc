#include "ir/diagnostics.h"

#include <algorithm>
#include <limits>
#include <tuple>

#include <fmt/format.h>

#include "ir/utf8.h"

namespace nnc {
namespace {

constexpr size_t kMaxShown = 50;
constexpr size_t kMaxWidth = 110;  // columns of source shown; longer lines are cut around the caret
constexpr size_t kTabWidth = 4;

constexpr std::string_view kRed = "\x1b[1;31m", kYellow = "\x1b[1;33m", kCyan = "\x1b[1;36m",
                           kGreen = "\x1b[1;32m", kBold = "\x1b[1m", kReset = "\x1b[0m";

std::string paint(std::string_view text, std::string_view code, bool colour) {
  return colour ? fmt::format("{}{}{}", code, text, kReset) : std::string(text);
}

std::string_view colour_of(Severity severity) {
  switch (severity) {
    case Severity::Error:
      return kRed;
    case Severity::Warning:
      return kYellow;
    case Severity::Remark:
      return kCyan;
  }
  return kReset;
}

// One source character as a terminal shows it.
struct Cell {
  std::string text;
  size_t column;  // byte offset in the line
  size_t bytes;
  size_t width;
};

// The cells around byte `at`: far more than are shown, and not all of a line of megabytes.
std::vector<Cell> cells_around(std::string_view line, size_t at) {
  constexpr size_t kReach = 4 * kMaxWidth;
  std::vector<Cell> cells;
  size_t begin = at > kReach ? at - kReach : 0, end = std::min(line.size(), at + kReach);
  while (begin < end && begin > 0 && (line[begin] & 0xC0) == 0x80) ++begin;
  for (size_t i = begin; i < end;) {
    utf8::Char c = utf8::decode(line, i);
    if (line[i] == '\t')
      cells.push_back({std::string(kTabWidth, ' '), i, 1, kTabWidth});
    else if (!c.valid || utf8::is_control(c.code))
      cells.push_back({"\xEF\xBF\xBD", i, c.size, 1});
    else
      cells.push_back({std::string(line.substr(i, c.size)), i, c.size, utf8::width(c.code)});
    i += c.size;
  }
  return cells;
}

// The cells to show of a long line: a window that holds the caret.
std::pair<size_t, size_t> visible(const std::vector<Cell>& cells, size_t caret) {
  if (cells.size() <= kMaxWidth) return {0, cells.size()};
  size_t first = caret > kMaxWidth / 2 ? caret - kMaxWidth / 2 : 0;
  size_t last = std::min(cells.size(), first + kMaxWidth);
  return {first, last};
}

}  // namespace

Diagnostic& Diagnostic::suggest(std::string_view word, const std::vector<std::string>& candidates) {
  if (auto best = nnc::suggest(word, candidates)) help = fmt::format("did you mean '{}'?", *best);
  return *this;
}

Diagnostics::Diagnostics(std::string file, std::string source)
    : file_(std::move(file)), source_(std::move(source)) {
  line_starts_.push_back(0);
  for (size_t i = 0; i < source_.size(); ++i) {
    if (source_[i] == '\n') line_starts_.push_back(i + 1);
  }
}

Diagnostic& Diagnostics::add(Diagnostic d) {
  if (d.severity == Severity::Error) ++errors_;
  return all_.emplace_back(std::move(d));
}

Diagnostic& Diagnostics::error(DiagnosticCode code, Loc loc, std::string message) {
  return add({Severity::Error, code, loc, std::move(message), {}, {}});
}

Diagnostic& Diagnostics::warning(DiagnosticCode code, Loc loc, std::string message) {
  return add({Severity::Warning, code, loc, std::move(message), {}, {}});
}

Diagnostic& Diagnostics::error(DiagnosticCode code, Loc loc, const Error& e) {
  Diagnostic& d = error(code, loc, std::string(e.what()));
  for (const std::string& text : e.notes()) d.note(text);
  return d;
}

std::vector<Diagnostic> Diagnostics::sorted() const {
  std::vector<Diagnostic> out(all_.begin(), all_.end());
  auto place = [](const Diagnostic& d) { return std::tuple(d.loc.line, d.loc.column); };
  std::stable_sort(out.begin(), out.end(), [&](const auto& a, const auto& b) { return place(a) < place(b); });
  std::vector<Diagnostic> unique;
  size_t same_place = 0;  // where the diagnostics of the current place begin
  for (Diagnostic& d : out) {
    if (!unique.empty() && place(unique.back()) != place(d)) same_place = unique.size();
    if (std::find(unique.begin() + static_cast<ptrdiff_t>(same_place), unique.end(), d) == unique.end()) {
      unique.push_back(std::move(d));
    }
  }
  return unique;
}

std::string_view Diagnostics::line_text(uint32_t line) const {
  if (line == 0 || line > line_starts_.size()) return {};
  size_t begin = line_starts_[line - 1];
  size_t end = line < line_starts_.size() ? line_starts_[line] - 1 : source_.size();
  std::string_view text = std::string_view(source_).substr(begin, end - begin);
  if (text.ends_with('\r')) text.remove_suffix(1);
  return text;
}

// Columns count characters for people and tools, bytes inside.
uint32_t Diagnostics::shown_column(Loc loc) const {
  std::string_view line = line_text(loc.line);
  uint32_t column = 1;
  for (size_t i = 0; i + 1 < loc.column; ++column) i += i < line.size() ? utf8::decode(line, i).size : 1;
  return column;
}

std::string Diagnostics::place(Loc loc) const {
  if (loc.line == 0) return file_;
  return fmt::format("{}:{}:{}", file_, loc.line, shown_column(loc));
}

std::string Diagnostics::excerpt(Loc loc, bool colour) const {
  if (loc.line == 0 || loc.line > line_starts_.size() || source_.empty()) return "";
  std::string_view line = line_text(loc.line);
  size_t begin = loc.column > 0 ? loc.column - 1 : 0, end = begin + std::max<size_t>(loc.length, 1);
  std::vector<Cell> cells = cells_around(line, begin);
  auto first_at = [&](size_t byte) {
    auto it = std::lower_bound(cells.begin(), cells.end(), byte,
                               [](const Cell& c, size_t b) { return c.column < b; });
    return static_cast<size_t>(it - cells.begin());
  };
  size_t caret = first_at(begin), stop = std::max(first_at(end), caret + 1);
  auto [first, last] = visible(cells, caret);
  std::string text, marks;
  if (first < last && cells[first].column > 0) text = "…", marks = " ";
  for (size_t i = first; i < last; ++i) {
    text += cells[i].text;
    if (i < caret)
      marks += std::string(cells[i].width, ' ');
    else if (i < stop)
      marks += (i == caret ? "^" : "~") + std::string(cells[i].width ? cells[i].width - 1 : 0, '~');
  }
  if (caret >= last) marks += "^";
  if (first < last && cells[last - 1].column + cells[last - 1].bytes < line.size()) text += "…";
  std::string number = std::to_string(loc.line);
  return fmt::format("  {} | {}\n  {} | {}\n", number, text, std::string(number.size(), ' '),
                     paint(marks, kGreen, colour));
}

std::string Diagnostics::render_one(const Diagnostic& d, bool colour) const {
  std::string out =
      fmt::format("{} {} {}\n", paint(place(d.loc) + ":", kBold, colour),
                  paint(fmt::format("{}:", name_of_enum(d.severity)), colour_of(d.severity), colour),
                  paint(utf8::sanitize(d.message), kBold, colour));
  out += excerpt(d.loc, colour);
  for (const Note& note : d.notes) {
    std::string at = note.loc && note.loc->line ? paint(place(*note.loc) + ":", kBold, colour) + " " : "";
    out += fmt::format("{}{} {}\n", at, paint("note:", kCyan, colour), utf8::sanitize(note.text));
    if (note.loc) out += excerpt(*note.loc, colour);
  }
  if (!d.help.empty()) out += fmt::format("{} {}\n", paint("help:", kGreen, colour), utf8::sanitize(d.help));
  return out;
}

std::string Diagnostics::render(bool colour) const {
  std::string out;
  size_t mistakes = 0;
  for (const Diagnostic& d : sorted()) {
    bool shown = d.severity == Severity::Remark || mistakes++ < kMaxShown;
    if (shown) out += render_one(d, colour);
  }
  if (mistakes > kMaxShown) out += fmt::format("{}: {} more are not shown\n", file_, mistakes - kMaxShown);
  return out;
}

std::string Diagnostics::render_json() const {
  auto at = [&](Loc loc) {
    return fmt::format(R"("line":{},"column":{},"length":{})", loc.line, loc.line ? shown_column(loc) : 0,
                       loc.length);
  };
  std::string out;
  for (const Diagnostic& d : sorted()) {
    std::string notes;
    for (const Note& n : d.notes) {
      notes += fmt::format(R"({}{{{},"message":{}}})", notes.empty() ? "" : ",", at(n.loc.value_or(Loc{})),
                           json_quote(n.text));
    }
    out += fmt::format(R"({{"severity":"{}","code":{},"file":{},{},"message":{},"notes":[{}],"help":{}}})",
                       name_of_enum(d.severity), json_quote(d.code.name()), json_quote(file_), at(d.loc),
                       json_quote(d.message), notes, json_quote(d.help));
    out += '\n';
  }
  return out;
}

namespace {

// Damerau's distance between adjacent letters, in halves: a change of case alone costs one half.
int distance(std::string_view a, std::string_view b) {
  auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; };
  std::vector<std::vector<int>> d(a.size() + 1, std::vector<int>(b.size() + 1));
  for (size_t i = 0; i <= a.size(); ++i) {
    for (size_t j = 0; j <= b.size(); ++j) {
      if (i == 0 || j == 0) {
        d[i][j] = static_cast<int>(2 * (i + j));
        continue;
      }
      char x = a[i - 1], y = b[j - 1];
      int change = x == y ? 0 : lower(x) == lower(y) ? 1 : 2;
      d[i][j] = std::min({d[i - 1][j] + 2, d[i][j - 1] + 2, d[i - 1][j - 1] + change});
      if (i > 1 && j > 1 && x == b[j - 2] && a[i - 2] == y) d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 2);
    }
  }
  return d[a.size()][b.size()];
}

}  // namespace

std::optional<std::string> suggest(std::string_view word, const std::vector<std::string>& candidates) {
  if (word.empty() || word.size() > 64) return std::nullopt;
  std::optional<std::string> best;
  int limit = word.size() == 1 ? 1 : std::max<int>(2, static_cast<int>(2 * word.size() / 3));
  for (const std::string& candidate : candidates) {
    if (candidate == word || candidate.size() > 2 * word.size() + 2) continue;
    int cost = distance(word, candidate);
    if (cost > limit || (best && cost == limit)) continue;
    best = candidate;
    limit = cost;
  }
  return best;
}

std::string json_quote(std::string_view text) {
  std::string out = "\"";
  for (char c : utf8::sanitize(text, true)) {
    if (c == '"' || c == '\\')
      out += {'\\', c};
    else if (c == '\n')
      out += "\\n";
    else if (c == '\t')
      out += "\\t";
    else if (static_cast<unsigned char>(c) < 0x20)
      out += fmt::format("\\u{:04x}", static_cast<int>(c));
    else
      out += c;
  }
  return out + "\"";
}

}  // namespace nnc
