#include "runtime/npy_header.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <set>
#include <string_view>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "runtime/file.h"
#include "runtime/npy.h"

namespace nnc {
namespace {

constexpr std::string_view kMagic = "\x93NUMPY";

[[noreturn]] void fail(const std::string& place, const std::string& what) {
  throw Error(fmt::format("{}: not a readable .npy file: {}", place, what));
}

/// Reads the Python literal {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), } in any order of keys.
class HeaderParser {
 public:
  HeaderParser(std::string_view text, const std::string& place) : text_(text), place_(place) {}

  /// All but where the elements begin.
  NpyHeader parse() {
    NpyHeader h;
    expect('{');
    while (!take('}')) {
      read_item(h);
      if (!take(',') && peek() != '}') bad();
    }
    if (peek() != '\0') bad();
    if (seen_.size() < 3) fail(place_, "descr, fortran_order or shape is missing");
    return h;
  }

 private:
  [[noreturn]] void bad() { fail(place_, fmt::format("unexpected text at byte {} of its header", at_)); }

  char peek() {
    while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(text_[at_]))) ++at_;
    return at_ < text_.size() ? text_[at_] : '\0';
  }
  bool take(char c) { return peek() == c ? (++at_, true) : false; }
  void expect(char c) {
    if (!take(c)) bad();
  }
  bool take_word(std::string_view word) {
    peek();
    if (!text_.substr(at_).starts_with(word)) return false;
    at_ += word.size();
    return true;
  }

  void read_item(NpyHeader& h) {
    std::string_view key = read_string();
    expect(':');
    bool once = seen_.insert(key).second;
    if (key == "descr" && once) {
      read_type(h);
    } else if (key == "fortran_order" && once) {
      h.fortran_order = read_bool();
    } else if (key == "shape" && once) {
      h.shape = read_shape();
    } else {
      fail(place_, fmt::format("key '{}' is unknown or appears twice", key));
    }
  }

  std::string_view read_string() {
    char quote = peek();
    if (quote != '\'' && quote != '"') bad();
    size_t end = text_.find(quote, at_ + 1);
    if (end == std::string_view::npos) bad();
    std::string_view out = text_.substr(at_ + 1, end - at_ - 1);
    at_ = end + 1;
    return out;
  }

  // The order of the bytes, then kind and size: '<f4', '>i8', '|u1'.
  void read_type(NpyHeader& h) {
    if (peek() == '[') throw UnsupportedType(place_ + ": arrays of records are not supported");
    std::string_view descr = read_string();
    auto known =
        std::ranges::find(npy_types(), descr.substr(std::min<size_t>(1, descr.size())), &NpyType::name);
    if (known == npy_types().end() || std::string_view("<>|=").find(descr[0]) == std::string_view::npos)
      fail_type(descr);
    h.type = &*known;
    h.swapped = descr[0] == '>';
  }

  [[noreturn]] void fail_type(std::string_view descr) {
    std::vector<std::string_view> names;
    for (const NpyType& t : npy_types()) names.push_back(t.name);
    throw UnsupportedType(fmt::format("{}: element type '{}' is not supported", place_, descr),
                          {fmt::format("supported are {}", fmt::join(names, " "))});
  }

  bool read_bool() {
    if (take_word("True")) return true;
    if (!take_word("False")) bad();
    return false;
  }

  std::vector<int64_t> read_shape() {
    std::vector<int64_t> shape;
    expect('(');
    while (!take(')')) {
      shape.push_back(read_extent());
      if (!take(',') && peek() != ')') bad();
    }
    return shape;
  }

  int64_t read_extent() {
    peek();
    int64_t value = 0;
    auto [end, status] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), value);
    if (status == std::errc::result_out_of_range) fail(place_, "an extent overflows");
    if (status != std::errc() || value < 0) bad();
    at_ = static_cast<size_t>(end - text_.data());
    return value;
  }

  std::string_view text_;
  const std::string& place_;
  size_t at_ = 0;
  std::set<std::string_view> seen_;
};

std::string shape_text(const Tensor& t) {
  if (t.rank() == 1) return fmt::format("({},)", t.shape()[0]);  // Python's tuple of one
  return fmt::format("({})", fmt::join(t.shape(), ", "));
}

}  // namespace

// Magic, version, the length of what follows, the literal.
NpyHeader parse_npy_header(std::span<const std::byte> content, const std::string& place) {
  std::string_view text = as_text(content);
  if (text.size() < 10) fail(place, fmt::format("it has only {} bytes", text.size()));
  if (!text.starts_with(kMagic)) fail(place, "it does not begin with \\x93NUMPY");
  int version = text[6];
  if (version < 1 || version > 3) fail(place, fmt::format("version {} is unknown", version));
  size_t preamble = version == 1 ? 10 : 12, length = 0;
  for (size_t i = std::min(preamble, text.size()); i-- > 8;)
    length = length << 8 | static_cast<uint8_t>(text[i]);
  if (text.size() < preamble || length > text.size() - preamble)
    fail(place, fmt::format("its header claims {} bytes, the file has {}", length, text.size()));
  NpyHeader out = HeaderParser(text.substr(preamble, length), place).parse();
  out.start = static_cast<int64_t>(preamble + length);
  return out;
}

std::string npy_header_for(const Tensor& t, const std::string& place) {
  auto type = std::ranges::find(npy_types(), t.dtype(), &NpyType::dtype);
  std::string text = fmt::format("{{'descr': '{}{}', 'fortran_order': False, 'shape': {}, }}",
                                 type->size == 1 ? '|' : '<', type->name, shape_text(t));
  text.resize((10 + text.size() + 1 + 63) / 64 * 64 - 11, ' ');
  text += '\n';
  if (text.size() > UINT16_MAX) throw Error(fmt::format("{}: {} axes are too many", place, t.rank()));
  std::string start(kMagic);
  start += {'\x01', '\x00', static_cast<char>(text.size() & 0xff), static_cast<char>(text.size() >> 8)};
  return start + text;
}

}  // namespace nnc
