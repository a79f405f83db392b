#include "runtime/finite.h"

#include <cmath>

namespace nnc {
namespace {

// Without a way out in the middle, so that the loop is one of vectors.
template <class T>
bool all_finite(std::span<const T> values) {
  int64_t bad = 0;
  for (T x : values) bad += !std::isfinite(x);
  return bad == 0;
}

bool all_finite_bf16(std::span<const std::byte> bytes) {
  constexpr uint8_t kExponent = 0x7F, kLowestBit = 0x80;  // its eight bits lie in both bytes
  for (size_t i = 0; i + 1 < bytes.size(); i += 2) {
    bool low = (std::to_integer<uint8_t>(bytes[i]) & kLowestBit) != 0;
    if (low && (std::to_integer<uint8_t>(bytes[i + 1]) & kExponent) == kExponent) return false;
  }
  return true;
}

}  // namespace

bool is_finite(const Tensor& tensor) {
  if (tensor.dtype() == DType::F32) return all_finite(tensor.as<float>());
  if (tensor.dtype() == DType::F64) return all_finite(tensor.as<double>());
  return tensor.dtype() != DType::BF16 || all_finite_bf16(tensor.bytes());
}

void SoundWeights::keep(std::vector<NamedTensor> weights, std::string name, int64_t steps) {
  bool first = finite_.empty();
  weights_ = std::move(weights);
  for (size_t i = 0; first && i < weights_.size(); ++i) finite_.push_back(is_finite(weights_[i].tensor));
  name_ = std::move(name);
  steps_ = steps;
}

bool SoundWeights::as_sound(std::span<const NamedTensor> weights) const {
  for (size_t i = 0; i < weights_.size(); ++i) {
    if (finite_[i] && !is_finite(weights[i].tensor)) return false;
  }
  return true;
}

}  // namespace nnc
