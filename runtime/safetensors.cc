#include "runtime/safetensors.h"

#include <algorithm>
#include <set>
#include <tuple>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "ir/diagnostics.h"
#include "ir/error.h"
#include "runtime/file.h"
#include "runtime/safetensors_header.h"

namespace nnc {
namespace {

using nlohmann::json;

constexpr std::string_view kMetadata = "__metadata__";

[[noreturn]] void fail(const std::string& path, const std::string& what) {
  throw Error(fmt::format("{}: not a valid safetensors file: {}", path, what));
}

/// What one tensor's three keys must agree on: offsets in order and inside the file, and as long as the
/// shape.
void check_entry(const HeaderEntry& e, uint64_t data_size, const std::string& path) {
  uint64_t bytes = static_cast<uint64_t>(size_of(e.dtype));
  for (int64_t n : e.shape) {
    if (__builtin_mul_overflow(bytes, static_cast<uint64_t>(n), &bytes)) {
      fail(path, fmt::format("the size of tensor '{}' overflows", e.name));
    }
  }
  if (e.begin > e.end || e.end > data_size) {
    fail(path, fmt::format("tensor '{}' lies at {} to {}, outside the {} bytes of data", e.name, e.begin,
                           e.end, data_size));
  }
  if (e.end - e.begin != bytes) {
    fail(path, fmt::format("tensor '{}', {}{}, has {} bytes instead of {}", e.name, name_of(e.dtype),
                           to_string(e.shape), e.end - e.begin, bytes));
  }
}

/// Sorts by place and refuses overlaps, gaps and bytes that belong to no tensor.
void check_layout(std::vector<HeaderEntry>& entries, uint64_t data_size, const std::string& path) {
  std::ranges::sort(entries, {}, [](const HeaderEntry& e) { return std::tuple(e.begin, e.end); });
  uint64_t at = 0;
  for (const HeaderEntry& e : entries) {
    if (e.begin != at) {
      fail(path,
           fmt::format(
               "tensor '{}' begins at {}, {} at {}", e.name, e.begin,
               e.begin < at ? "overlapping the one that ends" : "leaving a gap after the one that ends", at));
    }
    at = e.end;
  }
  if (at != data_size) fail(path, fmt::format("{} bytes follow the last tensor", data_size - at));
}

void check_names(std::span<const HeaderEntry> sorted_by_name, const std::string& path) {
  auto same = std::ranges::adjacent_find(sorted_by_name, {}, &HeaderEntry::name);
  if (same != sorted_by_name.end()) fail(path, fmt::format("tensor '{}' appears twice", same->name));
}

Header read_header(const InputFile& file, uint64_t& data_start) {
  uint64_t length = 0;
  if (file.size() < 8) fail(file.path(), fmt::format("it has only {} bytes", file.size()));
  file.read_at(0, std::as_writable_bytes(std::span(&length, 1)));
  uint64_t rest = static_cast<uint64_t>(file.size()) - 8;
  if (length > rest) {
    fail(file.path(), fmt::format("its header claims {} bytes where only {} follow", length, rest));
  }
  std::string text(length, '\0');
  file.read_at(8, std::as_writable_bytes(std::span(text)));
  data_start = 8 + length;
  try {
    return parse_safetensors_header(text);
  } catch (const Error& e) {
    fail(file.path(), e.what());
  }
}

Tensor read_tensor(const InputFile& file, const HeaderEntry& e, uint64_t data_start) {
  Tensor out(e.dtype, e.shape);
  file.read_at(static_cast<int64_t>(data_start + e.begin), out.bytes());
  if (e.dtype == DType::Bool) {
    for (uint8_t b : out.as<uint8_t>()) {
      if (b > 1) fail(file.path(), fmt::format("tensor '{}' is bool and holds {}", e.name, b));
    }
  }
  return out;
}

/// Widest elements first, so that each tensor is aligned to its own, then by name.
std::vector<const NamedTensor*> file_order(std::span<const NamedTensor> tensors) {
  std::vector<const NamedTensor*> order;
  for (const NamedTensor& t : tensors) order.push_back(&t);
  std::ranges::sort(order, {}, [](const NamedTensor* t) {
    return std::tuple(-size_of(t->tensor.dtype()), std::string_view(t->name));
  });
  return order;
}

std::string header_text(std::span<const NamedTensor* const> order,
                        const std::map<std::string, std::string>& metadata) {
  json header = json::object();  // sorted by key
  if (!metadata.empty()) header[std::string(kMetadata)] = metadata;
  uint64_t at = 0;
  for (const NamedTensor* t : order) {
    uint64_t end = at + t->tensor.bytes().size();
    bool added = header
                     .emplace(t->name, json{{"dtype", safetensors_name(t->tensor.dtype())},
                                            {"shape", t->tensor.shape()},
                                            {"data_offsets", {at, end}}})
                     .second;
    if (!added) throw Error(fmt::format("two tensors to save are named '{}'", t->name));
    at = end;
  }
  std::string text = header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');
  return text;
}

/// What is wrong with the tensor of a name that both sides know; empty when nothing is.
std::string mismatch(const TensorSpec& want, const Tensor& have) {
  if (want.dtype == have.dtype() && want.shape == have.shape()) return "";
  std::string_view what = want.dtype == have.dtype()   ? "shape"
                          : want.shape == have.shape() ? "type"
                                                       : "type and shape";
  return fmt::format("'{}' has another {}: the file holds {}, wanted is {}{}", want.name, what,
                     have.type_str(), name_of(want.dtype), to_string(want.shape));
}

std::string missing(const TensorSpec& want, const std::vector<std::string>& spare) {
  std::string line =
      fmt::format("'{}' {}{} is missing", want.name, name_of(want.dtype), to_string(want.shape));
  // Comparing with very many names would take longer than the reader waits.
  auto near = spare.size() <= 1000 ? suggest(want.name, spare) : std::nullopt;
  return near ? fmt::format("{}; the file has '{}'", line, *near) : line;
}

}  // namespace

const Tensor* Safetensors::find(std::string_view name) const {
  auto at = std::ranges::lower_bound(tensors, name, {},
                                     [](const NamedTensor& t) { return std::string_view(t.name); });
  return at != tensors.end() && at->name == name ? &at->tensor : nullptr;
}

Safetensors load_safetensors(const std::string& path) {
  InputFile file(path);
  uint64_t data_start = 0;
  Header header = read_header(file, data_start);
  uint64_t data_size = static_cast<uint64_t>(file.size()) - data_start;
  for (const HeaderEntry& e : header.entries) check_entry(e, data_size, path);
  check_layout(header.entries, data_size, path);
  std::ranges::sort(header.entries, {}, &HeaderEntry::name);
  check_names(header.entries, path);
  Safetensors out;
  out.metadata = std::move(header.metadata);
  for (HeaderEntry& e : header.entries) {
    Tensor tensor = read_tensor(file, e, data_start);
    out.tensors.push_back({std::move(e.name), std::move(tensor)});
  }
  return out;
}

std::map<std::string, std::string> load_safetensors_metadata(const std::string& path) {
  uint64_t data_start = 0;
  return read_header(InputFile(path), data_start).metadata;
}

void save_safetensors(const std::string& path, std::span<const NamedTensor> tensors,
                      const std::map<std::string, std::string>& metadata) {
  std::vector<const NamedTensor*> order = file_order(tensors);
  std::string header = header_text(order, metadata);
  uint64_t length = header.size();
  std::vector<std::string_view> parts{as_text(std::as_bytes(std::span(&length, 1))), header};
  for (const NamedTensor* t : order) parts.push_back(as_text(t->tensor.bytes()));
  write_file_atomically(path, parts);
}

void check_against(const Safetensors& file, std::span<const TensorSpec> expected, const std::string& path) {
  std::set<std::string_view> wanted;
  for (const TensorSpec& want : expected) wanted.insert(want.name);
  std::vector<std::string> spare, lines;
  for (const NamedTensor& t : file.tensors) {
    if (!wanted.contains(t.name)) spare.push_back(t.name);
  }
  for (const TensorSpec& want : expected) {
    const Tensor* have = file.find(want.name);
    std::string line = have == nullptr ? missing(want, spare) : mismatch(want, *have);
    if (!line.empty()) lines.push_back(std::move(line));
  }
  for (const std::string& name : spare) lines.push_back(fmt::format("'{}' is not expected", name));
  if (lines.empty()) return;
  std::string message = fmt::format("{} does not fit the model: {} mismatch{}", path, lines.size(),
                                    lines.size() > 1 ? "es" : "");
  throw Error(message, lines);
}

}  // namespace nnc
