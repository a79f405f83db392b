// Tells the parts of Trainer::train_epoch() apart: steps, evaluation, and what either had to compile.
#pragma once

#include "runtime/engine.h"
#include "tools/nnc/phase_clock.h"

namespace nnc::tool {

/// Lives while the epoch does.
class EpochPhases {
 public:
  EpochPhases(PhaseClock& clock, const Engine& engine);
  ~EpochPhases();
  EpochPhases(const EpochPhases&) = delete;
  EpochPhases& operator=(const EpochPhases&) = delete;

  /// After a step; the last one is followed by evaluation.
  void after_step(int64_t step, int64_t steps);

 private:
  void take_compile_time(Phase from);

  PhaseClock& clock_;
  const Engine& engine_;
  InPhase in_;
  double compiled_;
  Phase now_ = Phase::Steps;
};

}  // namespace nnc::tool
