// Whether training is still sound. A step with a loss that is no finite number changes no weight, for every update is
// predicated on it. A finite loss may still have a gradient that overflowed: predicating each update on all gradients would
// keep updates out of the products that make the gradients, so what such a step spoils is found by the next loss, or
// where a copy is due, and the weights of that copy come back.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "ir/error.h"
#include "passes/find_non_finite.h"
#include "runtime/safetensors.h"

namespace nnc {

/// Thrown when training has met a NaN or an infinity. The trainer's weights are finite again, and are those that
/// `weights` says: "of the last finite step" or "of epoch 3".
class NotFinite : public Error {
 public:
  NotFinite(const std::string& message, std::string weights, std::vector<std::string> notes,
            std::optional<NonFinite> origin = std::nullopt)
      : Error(message, std::move(notes)), weights_(std::move(weights)), origin_(std::move(origin)) {}
  const std::string& weights() const { return weights_; }
  /// Where it comes from, for a trainer that was told to find out.
  const std::optional<NonFinite>& origin() const { return origin_; }

 private:
  std::string weights_;
  std::optional<NonFinite> origin_;
};

/// Neither NaN nor infinity anywhere; true for whole numbers.
bool is_finite(const Tensor& tensor);

/// The last weights known to be sound.
class SoundWeights {
 public:
  /// Steps between copies are no fewer than this, so that epochs of one step pay nothing for them.
  static constexpr int64_t kStepsBetween = 100;

  bool due(int64_t steps) const { return weights_.empty() || steps - steps_ >= kStepsBetween; }
  /// Keeps a copy, taken after so many steps, that messages call by `name`: "of epoch 3".
  void keep(std::vector<NamedTensor> weights, std::string name, int64_t steps);
  /// Whether they are as sound as the copy: what was no number in it, such as a mask, may be none.
  bool as_sound(std::span<const NamedTensor> weights) const;
  void clear() { *this = {}; }

  const std::vector<NamedTensor>& weights() const { return weights_; }
  const std::string& name() const { return name_; }

 private:
  std::vector<NamedTensor> weights_;
  std::vector<bool> finite_;
  std::string name_;
  int64_t steps_ = 0;
};

}  // namespace nnc
