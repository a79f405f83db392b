// Which op of a training step made the NaN or infinity that reached its loss or its state. The step is run by the
// interpreter with every value kept, and followed back from where it went wrong, element by element where an op allows it,
// to the op whose operands were still finite.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "ir/interpreter.h"

namespace nnc {

enum class StepPart : uint8_t { Forward, Backward, Update };

struct NonFinite {
  std::string op;     // "log", or what was given: "input 'x'"
  std::string scope;  // "h.log"; empty at the root
  Loc loc;            // of the model's text; line 0 where there is none
  StepPart part = StepPart::Forward;
  double value = 0;
  std::vector<int64_t> index, shape;  // where in its result
  std::vector<double> operands;       // at that place, of an elementwise op
  std::optional<int64_t> scan_step;   // in which step of a scan

  /// "log in h.log (line 5, column 7), forward, gives nan at [2, 0] of [4, 3], from -0.5".
  std::string str() const;
};

/// `step` as training_step() makes it, and what it ran on: tensors by name, state by path as it was before. Nothing where the
/// interpreter finds its loss and its next state finite; what was not finite before does not count.
std::optional<NonFinite> find_non_finite(const Graph& step, const NamedTensors& inputs,
                                         const NamedTensors& state, const Bindings& bindings);

}  // namespace nnc
