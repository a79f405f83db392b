#include "runtime/npy.h"

#include <algorithm>
#include <cstring>
#include <vector>

#include <fmt/format.h>

#include "ir/error.h"
#include "runtime/file.h"
#include "runtime/mapped_file.h"
#include "runtime/npy_header.h"

namespace nnc {
namespace {

/// The bytes of the elements: all that follows the header.
std::span<const std::byte> elements_of(const NpyHeader& h, std::span<const std::byte> content,
                                       const std::string& place) {
  std::span<const std::byte> out = content.subspan(static_cast<size_t>(h.start));
  auto want = static_cast<size_t>(h.type->size);
  for (int64_t n : h.shape) {
    if (__builtin_mul_overflow(want, static_cast<size_t>(n), &want))
      throw Error(fmt::format("{}: the size of its shape {} overflows", place, to_string(h.shape)));
  }
  if (want == out.size()) return out;
  throw Error(fmt::format("{}: {}{} takes {} bytes, the file holds {}", place, h.type->name,
                          to_string(h.shape), want, out.size()));
}

/// The elements in the order of the file, under the shape with its axes reversed, as an array in C order.
Tensor axes_reversed(const Tensor& from, std::vector<int64_t> shape) {
  Tensor out(from.dtype(), std::move(shape));
  auto size = static_cast<size_t>(size_of(out.dtype()));
  std::vector<int64_t> at(out.shape().size(), 0);
  for (int64_t i = 0; i < out.count(); ++i) {
    int64_t source = 0;
    for (size_t axis = at.size(); axis-- > 0;) source = source * out.shape()[axis] + at[axis];
    std::memcpy(&out.bytes()[static_cast<size_t>(i) * size],
                &from.bytes()[static_cast<size_t>(source) * size], size);
    for (size_t axis = at.size(); axis-- > 0 && ++at[axis] == out.shape()[axis];) at[axis] = 0;
  }
  return out;
}

}  // namespace

Tensor parse_npy(std::span<const std::byte> content, const std::string& place) {
  NpyHeader h = parse_npy_header(content, place);
  std::span<const std::byte> elements = elements_of(h, content, place);
  std::vector<int64_t> shape = h.shape;
  if (h.fortran_order) std::ranges::reverse(shape);
  Tensor out(h.type->dtype, std::move(shape));
  if (h.type->is_plain() && !h.swapped) {
    std::ranges::copy(elements, out.bytes().begin());
  } else {
    h.type->read(elements, h.swapped, out, place);
  }
  return h.fortran_order ? axes_reversed(out, h.shape) : out;
}

Tensor load_npy(const std::string& path) { return parse_npy(MappedFile::open(path)->bytes(), path); }

Tensor map_npy(const std::string& path) {
  std::shared_ptr<const MappedFile> file = MappedFile::open(path);
  NpyHeader h = parse_npy_header(file->bytes(), path);
  bool as_is = h.type->is_plain() && !h.swapped && !h.fortran_order && h.start % h.type->size == 0;
  if (!as_is || h.shape.size() < 2) return parse_npy(file->bytes(), path);
  const std::byte* start = elements_of(h, file->bytes(), path).data();
  return Tensor::view(h.type->dtype, h.shape, {file, start});
}

void save_npy(const std::string& path, const Tensor& tensor) {
  if (tensor.dtype() == DType::BF16) return save_npy(path, tensor.cast(DType::F32));
  std::string header = npy_header_for(tensor, path);
  std::string_view parts[] = {header, as_text(tensor.bytes())};
  write_file_atomically(path, parts);
}

}  // namespace nnc
