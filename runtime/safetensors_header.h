// The JSON header of a safetensors file as a list of entries, read event by event: nothing deeper than the
// format allows is ever built, whatever the text holds.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "ir/dtype.h"

namespace nnc {

struct HeaderEntry {
  std::string name;
  DType dtype = DType::F32;
  std::vector<int64_t> shape;
  uint64_t begin = 0, end = 0;  // bytes from the start of the data
};

struct Header {
  std::vector<HeaderEntry> entries;  // in the order of the text
  std::map<std::string, std::string> metadata;
};

/// "F32", "I64", "BOOL".
std::string_view safetensors_name(DType dtype);

/// Throws Error on text that is no such header: bad JSON, a key twice or unknown, a value of the wrong kind.
/// What the entries claim about sizes and places is for the caller to check.
Header parse_safetensors_header(std::string_view text);

}  // namespace nnc
