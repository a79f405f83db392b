// The safetensors format: a u64 header length, a JSON header {name: {dtype, shape, data_offsets},
// "__metadata__": {text: text}}, then the tensors' bytes, little-endian, without gaps. Weights and
// checkpoints are kept in it; the `safetensors` package of Python reads what is written here and the other
// way round.
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "ir/tensor.h"

namespace nnc {

struct NamedTensor {
  std::string name;
  Tensor tensor;
};

/// Name, element type and extents of a tensor that a program wants to find.
struct TensorSpec {
  std::string name;
  DType dtype = DType::F32;
  std::vector<int64_t> shape;
};

struct Safetensors {
  std::vector<NamedTensor> tensors;  // sorted by name after a load
  std::map<std::string, std::string> metadata;

  /// The tensor of that name or null.
  const Tensor* find(std::string_view name) const;
};

/// Reads and validates everything. Throws Error naming the path and what is wrong with the file.
Safetensors load_safetensors(const std::string& path);

/// The metadata alone, from the header.
std::map<std::string, std::string> load_safetensors_metadata(const std::string& path);

/// Writes the tensors atomically (see write_file_atomically): the same tensors give the same bytes, in
/// whatever order they come. Tensors lie aligned to their elements. Throws Error on a name given twice.
void save_safetensors(const std::string& path, std::span<const NamedTensor> tensors,
                      const std::map<std::string, std::string>& metadata = {});

/// Throws one Error whose notes list every tensor that is missing, not expected, or of another type or shape.
void check_against(const Safetensors& file, std::span<const TensorSpec> expected, const std::string& path);

}  // namespace nnc
