// Reads IDX, the format of MNIST: four bytes (0, 0, element type, rank), the extents as big-endian u32, then
// the elements in row-major order, big-endian. Any file may be gzip.
#include <algorithm>
#include <cstring>
#include <filesystem>

#include <fmt/format.h>

#include "ir/error.h"
#include "runtime/data_source.h"
#include "runtime/file.h"
#include "runtime/idx.h"
#include "runtime/mapped_file.h"

namespace nnc {
namespace {

struct ElementType {
  uint8_t code;
  DType dtype;  // what it is read as: the first that holds every value
  size_t size;
};
constexpr ElementType kTypes[] = {{0x08, DType::U8, 1},  {0x09, DType::I32, 1}, {0x0b, DType::I32, 2},
                                  {0x0c, DType::I32, 4}, {0x0d, DType::F32, 4}, {0x0e, DType::F64, 8}};

[[noreturn]] void fail(const std::string& path, const std::string& what) {
  throw Error(fmt::format("{}: not a valid IDX file: {}", path, what));
}

const ElementType& element_type(uint8_t code, const std::string& path) {
  for (const ElementType& t : kTypes) {
    if (t.code == code) return t;
  }
  fail(path, fmt::format("element type {:#04x} is unknown", code));
}

uint64_t big_endian(const char* p, size_t size) {
  uint64_t out = 0;
  for (size_t i = 0; i < size; ++i) out = out << 8 | static_cast<uint8_t>(p[i]);
  return out;
}

std::vector<int64_t> read_extents(std::string_view content, const std::string& path) {
  auto rank = static_cast<size_t>(static_cast<uint8_t>(content[3]));
  if (rank == 0) fail(path, "it has no axis");
  if (content.size() < 4 + 4 * rank) fail(path, "it ends within its header");
  std::vector<int64_t> shape;
  for (size_t i = 0; i < rank; ++i) shape.push_back(static_cast<int64_t>(big_endian(&content[4 + 4 * i], 4)));
  return shape;
}

void check_size(const std::vector<int64_t>& shape, size_t element, size_t have, const std::string& path) {
  size_t want = element;
  for (int64_t n : shape) {
    if (__builtin_mul_overflow(want, static_cast<size_t>(n), &want))
      fail(path, "the size of " + to_string(shape) + " overflows");
  }
  if (want != have)
    fail(path, fmt::format("{} takes {} bytes of data, the file holds {}", to_string(shape), want, have));
}

struct Layout {
  const ElementType* type;
  std::vector<int64_t> shape;
  size_t start;  // of the elements
};

Layout layout_of(std::string_view content, const std::string& path) {
  if (content.size() < 4) fail(path, fmt::format("it has only {} bytes", content.size()));
  if (content[0] != 0 || content[1] != 0) fail(path, "it does not begin with two zero bytes");
  const ElementType& type = element_type(static_cast<uint8_t>(content[2]), path);
  std::vector<int64_t> shape = read_extents(content, path);
  size_t start = 4 + 4 * shape.size();
  check_size(shape, type.size, content.size() - start, path);
  return {&type, std::move(shape), start};
}

/// Elements whose bytes are swapped or widened: everything but u8.
void convert(const ElementType& type, const char* from, Tensor& to) {
  int shift = static_cast<int>(64 - 8 * type.size);
  for (int64_t i = 0; i < to.count(); ++i, from += type.size) {
    uint64_t bits = big_endian(from, type.size);
    int64_t extended = static_cast<int64_t>(bits << shift) >> shift;
    if (is_float(to.dtype())) {
      to.set(i, Literal{to.dtype(), bits});
    } else {
      to.as<int32_t>()[static_cast<size_t>(i)] = static_cast<int32_t>(extended);
    }
  }
}

/// The one file of the folder whose name begins so, unpacked ones first; empty when there is none.
std::string find_in(const std::string& folder, std::initializer_list<std::string_view> beginnings) {
  std::vector<std::string> found;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
    std::string name = entry.path().filename().string();
    auto begins = [&](std::string_view b) { return name.starts_with(b); };
    if (std::ranges::any_of(beginnings, begins)) found.push_back(entry.path().string());
  }
  if (error) throw Error(fmt::format("{}: {}", folder, error.message()));
  std::ranges::sort(found, {}, [](const std::string& p) { return std::pair(p.ends_with(".gz"), p); });
  return found.empty() ? "" : found.front();
}

Table read_pair(const std::string& images, const std::string& labels) {
  Table table;
  table.push_back({"image", map_idx(images), ColumnRole::Input, {}, images, ""});
  if (labels.empty()) return table;
  table.push_back({"label", map_idx(labels), ColumnRole::Label, {}, labels, ""});
  int64_t count = table[1].values.shape()[0];
  if (count == sample_count(table)) return table;
  throw Error(fmt::format("{} has {} samples, {} has {}", images, sample_count(table), labels, count));
}

Dataset read_folder(const std::string& folder) {
  std::string images = find_in(folder, {"train-images"}), labels = find_in(folder, {"train-labels"});
  if (images.empty()) throw Error(fmt::format("{}: the folder has no file train-images…", folder));
  Dataset out{read_pair(images, labels), {}};
  std::string test = find_in(folder, {"t10k-images", "test-images"});
  if (!test.empty()) out.test = read_pair(test, find_in(folder, {"t10k-labels", "test-labels"}));
  return out;
}

// Files named beside a folder would be read instead of the folder's, or not at all: neither is said.
void check_alone(const std::string& folder, const DataArguments& arguments) {
  for (const char* name : {"labels", "test", "test_labels"}) {
    if (arguments.text(name).empty()) continue;
    throw Error(
        fmt::format("idx: '{}' is given beside the folder {}, which has files of its own", name, folder),
        {"name the images' file instead of the folder, or leave the argument out"});
  }
}

Dataset load(const DataArguments& arguments) {
  const std::string& path = arguments.text("path");
  if (std::filesystem::is_directory(path)) {
    check_alone(path, arguments);
    return read_folder(path);
  }
  if (arguments.text("test").empty() && !arguments.text("test_labels").empty())
    throw Error("idx: 'test_labels' is given without 'test'",
                {"name the file of the test part's images too"});
  Dataset out{read_pair(path, arguments.text("labels")), {}};
  if (const std::string& test = arguments.text("test"); !test.empty()) {
    out.test = read_pair(test, arguments.text("test_labels"));
  }
  return out;
}

Table samples(std::string content, const std::string& place, const DataArguments&) {
  return {{.values = parse_idx(content, place), .place = place}};
}

}  // namespace

Tensor parse_idx(std::string_view content, const std::string& place) {
  Layout layout = layout_of(content, place);
  const char* elements = content.data() + layout.start;
  Tensor out(layout.type->dtype, std::move(layout.shape));
  if (out.dtype() == DType::U8) {
    std::memcpy(out.bytes().data(), elements, out.bytes().size());
  } else {
    convert(*layout.type, elements, out);
  }
  return out;
}

Tensor load_idx(const std::string& path) { return parse_idx(read_file_or_gzip(path), path); }

Tensor map_idx(const std::string& path) {
  std::shared_ptr<const MappedFile> file = MappedFile::open(path);
  std::string_view content = as_text(file->bytes());
  if (content.starts_with("\x1f\x8b")) return load_idx(path);
  Layout layout = layout_of(content, path);
  if (layout.type->dtype != DType::U8 || layout.shape.size() < 2) return load_idx(path);
  return Tensor::view(DType::U8, std::move(layout.shape), {file, file->bytes().data() + layout.start});
}

DataSource idx_source() {
  auto path = [](std::string_view name, std::string_view doc, bool required = false) {
    return DataArgument{name, std::string(), required, true, doc};
  };
  return {
      "idx",
      "MNIST's format, gzip or not: a folder with train-images…, train-labels… and t10k-…, or single files",
      {path("path", "the folder, or the file of the training images", true),
       path("labels", "with single files: the training labels"),
       path("test", "with single files: the test images"),
       path("test_labels", "with single files: the test labels")},
      load,
      {},
      std::string_view("\0\0", 2),
      samples};
}

}  // namespace nnc
