#include "ir/lexer.h"

#include <algorithm>
#include <array>
#include <cctype>

#include <fmt/format.h>

#include "ir/utf8.h"

namespace nnc {
namespace {

constexpr std::array<std::string_view, 6> kPairs = {"**", "==", "!=", "<=", ">=", "->"};
constexpr std::string_view kSingles = "()[]{},:=+-*/<>";

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool starts_name(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool in_name(char c) { return starts_name(c) || is_digit(c); }

class Lexer {
 public:
  explicit Lexer(Diagnostics& d) : diagnostics_(d), source_(d.source()) {
    if (source_.starts_with("\xEF\xBB\xBF")) at_ = 3;
  }

  std::vector<Token> run() {
    while (true) {
      skip_blanks();
      if (at_ >= source_.size() || diagnostics_.error_count() > kMaxSyntaxErrors) break;
      next();
    }
    begin_ = at_;
    push(Token::Kind::End);
    return std::move(tokens_);
  }

 private:
  char here(size_t ahead = 0) const { return at_ + ahead < source_.size() ? source_[at_ + ahead] : '\0'; }
  Loc loc() const {
    return {line_, static_cast<uint32_t>(begin_ - line_start_ + 1), static_cast<uint32_t>(at_ - begin_)};
  }

  void push(Token::Kind kind) {
    tokens_.push_back({kind, source_.substr(begin_, at_ - begin_), loc(), fresh_line_});
    fresh_line_ = false;
  }

  void fail(const std::string& message) {
    diagnostics_.error("bad-token", loc(), message);
    push(Token::Kind::Bad);
  }

  void skip_blanks() {
    for (; at_ < source_.size(); ++at_) {
      if (here() == '#') at_ = std::min(source_.find('\n', at_), source_.size());
      if (here() == '\n') {
        ++line_;
        line_start_ = at_ + 1;
        fresh_line_ = true;
      } else if (here() != ' ' && here() != '\t' && here() != '\r') {
        return;
      }
    }
  }

  void next() {
    begin_ = at_;
    char c = here();
    if (starts_name(c)) return name();
    if (is_digit(c) || (c == '.' && is_digit(here(1)))) return number();
    if (c == '"') return string();
    for (std::string_view pair : kPairs) {
      if (source_.substr(at_).starts_with(pair)) return at_ += 2, push(Token::Kind::Punct);
    }
    if (kSingles.find(c) != std::string_view::npos) return ++at_, push(Token::Kind::Punct);
    unknown();
  }

  void name() {
    while (in_name(here()) || (here() == '.' && in_name(here(1)))) ++at_;
    push(Token::Kind::Name);
  }

  void number() {
    bool is_float = false;
    if (here() == '0' && (here(1) == 'x' || here(1) == 'X')) {
      at_ += 2;
    } else {
      while (is_digit(here())) ++at_;
      if (here() == '.') is_float = true, ++at_;
      while (is_digit(here())) ++at_;
      size_t sign = here(1) == '+' || here(1) == '-' ? 1 : 0;
      if ((here() == 'e' || here() == 'E') && is_digit(here(1 + sign))) is_float = true, at_ += 2 + sign;
    }
    size_t digits = at_;
    while (in_name(here())) ++at_;
    std::string_view rest = source_.substr(digits, at_ - digits);
    bool hex = !is_float && source_.substr(begin_, 2).find_first_of("xX") != std::string_view::npos;
    auto valid = [&](char c) {
      return hex ? std::isxdigit(static_cast<unsigned char>(c)) != 0 : is_digit(c) && is_float;
    };
    if (!std::all_of(rest.begin(), rest.end(), valid) || (hex && rest.empty())) {
      return fail(fmt::format("'{}' is no number", source_.substr(begin_, at_ - begin_)));
    }
    push(is_float ? Token::Kind::Float : Token::Kind::Int);
  }

  void string() {
    ++at_;
    while (at_ < source_.size() && here() != '"' && here() != '\n')
      at_ += here() == '\\' && here(1) != '\n' ? 2 : 1;
    at_ = std::min(at_, source_.size());
    if (here() != '"' || at_ >= source_.size()) return fail("this string has no end on its line");
    ++at_;
    if (!unquote(source_.substr(begin_, at_ - begin_)))
      return fail("unknown escape: known are \\n \\t \\r \\\" \\\\ \\xHH");
    push(Token::Kind::String);
  }

  // A run of characters that begin no token is one error.
  void unknown() {
    utf8::Char first = utf8::decode(source_, at_);
    size_t size = first.size;
    at_ += size;
    while (at_ < source_.size() && !starts_token(here())) ++at_;
    std::string shown = first.valid && !utf8::is_control(first.code)
                            ? fmt::format("'{}'", source_.substr(begin_, size))
                            : fmt::format("0x{:02x}", static_cast<unsigned char>(source_[begin_]));
    fail("unexpected character " + shown);
  }

  static bool starts_token(char c) {
    return in_name(c) || std::string_view(" \t\r\n\"#").find(c) != std::string_view::npos ||
           kSingles.find(c) != std::string_view::npos;
  }

  Diagnostics& diagnostics_;
  std::string_view source_;
  size_t at_ = 0, begin_ = 0, line_start_ = 0;
  uint32_t line_ = 1;
  bool fresh_line_ = true;
  std::vector<Token> tokens_;
};

int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

std::vector<Token> tokenize(Diagnostics& diagnostics) {
  if (diagnostics.source().size() <= kMaxSource) return Lexer(diagnostics).run();
  diagnostics.error("too-large", {}, fmt::format("a model file has at most {} MiB", kMaxSource >> 20));
  return {Token{}};
}

std::optional<std::string> unquote(std::string_view text) {
  constexpr std::string_view kFrom = "ntr\"\\", kTo = "\n\t\r\"\\";
  std::string out;
  std::string_view inner = text.substr(1, text.size() - 2);
  for (size_t i = 0; i < inner.size(); ++i) {
    if (inner[i] != '\\') {
      out += inner[i];
      continue;
    }
    if (++i >= inner.size()) return std::nullopt;
    if (size_t known = kFrom.find(inner[i]); known != std::string_view::npos) {
      out += kTo[known];
      continue;
    }
    int high = inner[i] == 'x' && i + 2 < inner.size() ? hex_value(inner[i + 1]) : -1;
    int low = high >= 0 ? hex_value(inner[i + 2]) : -1;
    if (low < 0) return std::nullopt;
    out += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return out;
}

std::string quote(std::string_view value) {
  std::string out = "\"";
  for (size_t i = 0; i < value.size();) {
    utf8::Char c = utf8::decode(value, i);
    if (value[i] == '"' || value[i] == '\\')
      out += {'\\', value[i]};
    else if (c.valid && !utf8::is_control(c.code))
      out += value.substr(i, c.size);
    else {
      for (char byte : value.substr(i, c.size))
        out += fmt::format("\\x{:02x}", static_cast<unsigned char>(byte));
    }
    i += c.size;
  }
  return out + "\"";
}

bool is_name(std::string_view text) {
  if (text.empty() || !starts_name(text[0])) return false;
  for (size_t i = 1; i < text.size(); ++i) {
    bool dot = text[i] == '.' && i + 1 < text.size() && in_name(text[i + 1]);
    if (!in_name(text[i]) && !dot) return false;
  }
  return true;
}

}  // namespace nnc
