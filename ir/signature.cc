// Signatures of layers: "x: tensor, axis: int = -1" to arguments with kinds and defaults.
#include <cassert>
#include <charconv>
#include <cstdlib>

#include "ir/layers.h"

namespace nnc {
namespace {

constexpr std::string_view kKinds[] = {"tensor", "tensors", "size", "sizes", "int",  "ints",
                                       "real",   "flag",    "type", "text",  "init", "texts"};

std::string_view trimmed(std::string_view s) {
  size_t from = s.find_first_not_of(' '), to = s.find_last_not_of(' ');
  return from == std::string_view::npos ? std::string_view() : s.substr(from, to - from + 1);
}

// The part before `separator`, trimmed; `rest` keeps what follows it.
std::string_view take_until(std::string_view& rest, char separator) {
  size_t end = rest.find(separator);
  std::string_view part = rest.substr(0, end);
  rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  return trimmed(part);
}

ArgKind kind_named(std::string_view name) {
  int i = 0;
  while (kKinds[i] != name) ++i;
  return static_cast<ArgKind>(i);
}

int64_t integer(std::string_view text) {
  int64_t out = 0;
  std::from_chars(text.data(), text.data() + text.size(), out);
  return out;
}

ArgValue parse_default(ArgKind kind, std::string_view text) {
  if (text == "none") return std::monostate();
  switch (kind) {
    case ArgKind::Size:
      return Dim(integer(text));
    case ArgKind::Int:
      return integer(text);
    case ArgKind::Ints:
      return std::vector<int64_t>{integer(text)};
    case ArgKind::Real:
      return std::strtod(std::string(text).c_str(), nullptr);
    case ArgKind::Flag:
      return text == "true";
    case ArgKind::Type:
      return *dtype_from_name(text);
    case ArgKind::Text:
      return std::string(text.substr(1, text.size() - 2));
    case ArgKind::Tensor:
    case ArgKind::Tensors:
    case ArgKind::Sizes:
    case ArgKind::Init:
    case ArgKind::Texts:
      break;
  }
  assert(!"no default of this kind");
  return std::monostate();
}

}  // namespace

std::string_view name_of(ArgKind kind) { return kKinds[static_cast<int>(kind)]; }

std::vector<LayerArg> parse_signature(std::string_view text) {
  std::vector<LayerArg> out;
  while (!text.empty()) {
    std::string_view rest = take_until(text, ',');
    std::string name(take_until(rest, ':'));
    ArgKind kind = kind_named(take_until(rest, '='));
    rest = trimmed(rest);
    out.push_back({name, kind, rest.empty(), rest.empty() ? ArgValue() : parse_default(kind, rest)});
  }
  return out;
}

std::string plain_signature(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    std::string_view rest = take_until(text, ',');
    out += (out.empty() ? "" : ", ") + std::string(take_until(rest, ':'));
    take_until(rest, '=');
    if (!trimmed(rest).empty()) out += " = " + std::string(trimmed(rest));
  }
  return out;
}

}  // namespace nnc
