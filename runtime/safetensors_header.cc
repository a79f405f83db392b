#include "runtime/safetensors_header.h"

#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "ir/error.h"

namespace nnc {
namespace {

using nlohmann::json;

struct TypeName {
  DType dtype;
  std::string_view name;
};
constexpr TypeName kTypes[] = {{DType::F32, "F32"},  {DType::F64, "F64"}, {DType::BF16, "BF16"},
                               {DType::I32, "I32"},  {DType::I64, "I64"}, {DType::U8, "U8"},
                               {DType::Bool, "BOOL"}};

/// Receives the parser's events. Each method returns false, with `error` set, to stop the parse.
class HeaderReader : public nlohmann::json_sax<json> {
 public:
  Header header;
  std::string error;

  bool null() override { return refuse("null"); }
  bool boolean(bool) override { return refuse("true or false"); }
  bool number_float(number_float_t, const string_t&) override {
    return refuse("a number that is no natural one");
  }
  bool number_integer(number_integer_t) override { return refuse("a negative number"); }
  bool binary(binary_t&) override { return refuse("binary data"); }
  bool number_unsigned(number_unsigned_t value) override;
  bool string(string_t& value) override;
  bool start_object(size_t) override;
  bool key(string_t& key) override;
  bool end_object() override;
  bool start_array(size_t) override;
  bool end_array() override;
  bool parse_error(size_t position, const std::string&, const json::exception&) override {
    return fail(fmt::format("bad JSON at byte {} of the header", position));
  }

 private:
  enum class Place { Outside, Header, Metadata, Entry, Shape, Offsets };

  bool fail(std::string what) {
    if (error.empty()) error = std::move(what);
    return false;
  }
  bool refuse(std::string_view what) { return fail(fmt::format("{} where none belongs{}", what, where())); }
  std::string where() const;
  bool entry_key(const string_t& key);
  bool set_dtype(const string_t& name);

  HeaderEntry& entry() { return header.entries.back(); }

  Place place_ = Place::Outside;
  bool in_metadata_next_ = false;  // the key "__metadata__" has just been read
  bool had_metadata_ = false;
  std::string key_;  // inside metadata and entries
  bool has_dtype_ = false, has_shape_ = false;
  int offsets_ = 0;
};

std::string HeaderReader::where() const {
  bool inside = place_ == Place::Entry || place_ == Place::Shape || place_ == Place::Offsets;
  if (inside) return fmt::format(", in tensor '{}'", header.entries.back().name);
  return place_ == Place::Metadata ? ", in __metadata__" : "";
}

bool HeaderReader::start_object(size_t) {
  if (place_ == Place::Outside) return place_ = Place::Header, true;
  if (place_ != Place::Header) return refuse("an object");
  place_ = in_metadata_next_ ? Place::Metadata : Place::Entry;
  has_dtype_ = has_shape_ = false;
  offsets_ = 0;
  return true;
}

bool HeaderReader::key(string_t& key) {
  if (place_ == Place::Entry) return entry_key(key);
  if (place_ == Place::Metadata) {
    key_ = key;
    return !header.metadata.contains(key) || fail(fmt::format("__metadata__ has '{}' twice", key));
  }
  in_metadata_next_ = key == "__metadata__";
  if (!in_metadata_next_) return header.entries.push_back({key}), true;
  return !std::exchange(had_metadata_, true) || fail("__metadata__ appears twice");
}

bool HeaderReader::entry_key(const string_t& key) {
  key_ = key;
  bool again = (key == "dtype" && has_dtype_) || (key == "shape" && has_shape_) ||
               (key == "data_offsets" && offsets_ > 0);
  if (again) return fail(fmt::format("'{}' twice{}", key, where()));
  if (key == "dtype" || key == "shape" || key == "data_offsets") return true;
  return fail(fmt::format("unknown key '{}'{}", key, where()));
}

bool HeaderReader::string(string_t& value) {
  if (place_ == Place::Metadata) return header.metadata[key_] = value, true;
  if (place_ == Place::Entry && key_ == "dtype") return set_dtype(value);
  return refuse("a text");
}

bool HeaderReader::set_dtype(const string_t& name) {
  has_dtype_ = true;
  for (const TypeName& t : kTypes) {
    if (t.name == name) return entry().dtype = t.dtype, true;
  }
  return fail(fmt::format("element type '{}' is not supported{}", name, where()));
}

bool HeaderReader::start_array(size_t) {
  if (place_ != Place::Entry || key_ == "dtype") return refuse("an array");
  place_ = key_ == "shape" ? Place::Shape : Place::Offsets;
  return true;
}

bool HeaderReader::end_array() {
  if (place_ == Place::Shape) has_shape_ = true;
  if (place_ == Place::Offsets && offsets_ != 2) return fail("data_offsets is not two numbers" + where());
  place_ = Place::Entry;
  return true;
}

bool HeaderReader::number_unsigned(number_unsigned_t value) {
  if (place_ == Place::Shape) {
    if (value > INT64_MAX) return fail("an extent overflows" + where());
    return entry().shape.push_back(static_cast<int64_t>(value)), true;
  }
  if (place_ != Place::Offsets) return refuse("a number");
  if (offsets_ == 2) return fail("data_offsets is not two numbers" + where());
  (offsets_++ == 0 ? entry().begin : entry().end) = value;
  return true;
}

bool HeaderReader::end_object() {
  bool complete = has_dtype_ && has_shape_ && offsets_ == 2;
  if (place_ == Place::Entry && !complete) return fail("dtype, shape or data_offsets is missing" + where());
  place_ = place_ == Place::Header ? Place::Outside : Place::Header;
  return true;
}

}  // namespace

std::string_view safetensors_name(DType dtype) {
  for (const TypeName& t : kTypes) {
    if (t.dtype == dtype) return t.name;
  }
  return "";
}

Header parse_safetensors_header(std::string_view text) {
  HeaderReader reader;
  if (!text.starts_with('{')) throw Error("its header does not begin with '{'");
  if (!json::sax_parse(text, &reader)) throw Error(reader.error);
  return std::move(reader.header);
}

}  // namespace nnc
