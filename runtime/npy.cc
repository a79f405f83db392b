#include "runtime/npy.h"

#include <cctype>
#include <charconv>
#include <cstring>
#include <optional>

#include <fmt/format.h>

#include "ir/error.h"
#include "runtime/file.h"

namespace nnc {
namespace {

constexpr std::string_view kMagic = "\x93NUMPY";

struct Descr {
  DType dtype;
  std::string_view text;
};
constexpr Descr kDescrs[] = {{DType::F32, "<f4"}, {DType::F64, "<f8"}, {DType::I32, "<i4"},
                             {DType::I64, "<i8"}, {DType::U8, "|u1"},  {DType::Bool, "|b1"}};

[[noreturn]] void fail(const std::string& path, const std::string& what) {
  throw Error(fmt::format("{}: not a readable .npy file: {}", path, what));
}

struct Header {
  std::optional<DType> dtype;
  std::optional<bool> fortran_order;
  std::optional<std::vector<int64_t>> shape;
};

/// Reads the Python literal {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), } in any order of keys.
class HeaderParser {
 public:
  HeaderParser(std::string_view text, const std::string& path) : text_(text), path_(path) {}

  Header parse() {
    Header h;
    expect('{');
    while (!take('}')) {
      read_item(h);
      if (!take(',') && peek() != '}') bad();
    }
    if (peek() != '\0') bad();
    if (!h.dtype || !h.fortran_order || !h.shape) fail(path_, "descr, fortran_order or shape is missing");
    return h;
  }

 private:
  [[noreturn]] void bad() { fail(path_, fmt::format("unexpected text at byte {} of its header", at_)); }

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

  void read_item(Header& h) {
    std::string_view key = read_string();
    expect(':');
    if (key == "descr" && !h.dtype) {
      h.dtype = read_dtype();
    } else if (key == "fortran_order" && !h.fortran_order) {
      h.fortran_order = read_bool();
    } else if (key == "shape" && !h.shape) {
      h.shape = read_shape();
    } else {
      fail(path_, fmt::format("key '{}' is unknown or appears twice", key));
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

  DType read_dtype() {
    std::string_view name = read_string();
    for (const Descr& d : kDescrs) {
      if (name == d.text || (d.text[0] == '|' && name == fmt::format("<{}", d.text.substr(1))))
        return d.dtype;
    }
    fail(path_, fmt::format("element type '{}' is not supported (supported: <f4 <f8 <i4 <i8 |u1 |b1)", name));
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
    if (status == std::errc::result_out_of_range) fail(path_, "an extent overflows");
    if (status != std::errc() || value < 0) bad();
    at_ = static_cast<size_t>(end - text_.data());
    return value;
  }

  std::string_view text_;
  const std::string& path_;
  size_t at_ = 0;
};

/// Length of the preamble (magic, version, header length) and of the header text.
std::pair<int64_t, int64_t> header_extent(const InputFile& file) {
  unsigned char start[12] = {};
  if (file.size() < 10) fail(file.path(), fmt::format("it has only {} bytes", file.size()));
  file.read_at(
      0, std::as_writable_bytes(std::span(start, static_cast<size_t>(std::min<int64_t>(file.size(), 12)))));
  if (std::memcmp(start, kMagic.data(), kMagic.size()) != 0)
    fail(file.path(), "it does not begin with \\x93NUMPY");
  int version = start[6];
  if (version < 1 || version > 3) fail(file.path(), fmt::format("version {} is unknown", version));
  int64_t length = start[8] | start[9] << 8;
  if (version > 1) length |= static_cast<int64_t>(start[10]) << 16 | static_cast<int64_t>(start[11]) << 24;
  int64_t preamble = version == 1 ? 10 : 12;
  if (length > file.size() - preamble) {
    fail(file.path(), fmt::format("its header claims {} bytes, the file has {}", length, file.size()));
  }
  return {preamble, length};
}

Tensor read_data(const InputFile& file, const Header& h, int64_t start) {
  int64_t bytes = size_of(*h.dtype);
  for (int64_t n : *h.shape) {
    if (__builtin_mul_overflow(bytes, n, &bytes)) fail(file.path(), "the size of its shape overflows");
  }
  if (bytes != file.size() - start) {
    fail(file.path(), fmt::format("{}{} takes {} bytes, the file holds {}", name_of(*h.dtype),
                                  to_string(*h.shape), bytes, file.size() - start));
  }
  Tensor out(*h.dtype, *h.shape);
  file.read_at(start, out.bytes());
  return out;
}

std::string header_for(const Tensor& t) {
  std::string descr, shape;
  for (const Descr& d : kDescrs) {
    if (d.dtype == t.dtype()) descr = d.text;
  }
  for (int64_t n : t.shape()) shape += fmt::format("{}, ", n);
  if (t.rank() > 1) shape.resize(shape.size() - 2);
  if (t.rank() == 1) shape.pop_back();  // Python's tuple of one: (5,)
  std::string text = fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}), }}", descr, shape);
  text.resize((10 + text.size() + 1 + 63) / 64 * 64 - 11, ' ');
  return text + '\n';
}

}  // namespace

Tensor load_npy(const std::string& path) {
  InputFile file(path);
  auto [preamble, length] = header_extent(file);
  std::string text(static_cast<size_t>(length), '\0');
  file.read_at(preamble, std::as_writable_bytes(std::span(text)));
  Header h = HeaderParser(text, path).parse();
  if (*h.fortran_order) fail(path, "it is in Fortran order; save np.ascontiguousarray(x) instead");
  Tensor out = read_data(file, h, preamble + length);
  if (out.dtype() == DType::Bool) {
    for (uint8_t& b : out.as<uint8_t>()) b = b != 0;
  }
  return out;
}

void save_npy(const std::string& path, const Tensor& tensor) {
  if (tensor.dtype() == DType::BF16) return save_npy(path, tensor.cast(DType::F32));
  std::string header = header_for(tensor);
  if (header.size() > UINT16_MAX) throw Error(fmt::format("{}: {} axes are too many", path, tensor.rank()));
  std::string start(kMagic);
  start += {'\x01', '\x00', static_cast<char>(header.size() & 0xff), static_cast<char>(header.size() >> 8)};
  std::string_view parts[] = {start, header, as_text(tensor.bytes())};
  write_file_atomically(path, parts);
}

}  // namespace nnc
