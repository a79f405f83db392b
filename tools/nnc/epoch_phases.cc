#include "tools/nnc/epoch_phases.h"

namespace nnc::tool {

EpochPhases::EpochPhases(PhaseClock& clock, const Engine& engine)
    : clock_(clock), engine_(engine), in_(clock, Phase::Steps), compiled_(engine.stats().seconds) {}

EpochPhases::~EpochPhases() { take_compile_time(now_); }

void EpochPhases::after_step(int64_t step, int64_t steps) {
  if (step < steps) return;
  take_compile_time(Phase::Steps);
  clock_.enter(now_ = Phase::Evaluation);
}

void EpochPhases::take_compile_time(Phase from) {
  double now = engine_.stats().seconds;
  clock_.move(from, Phase::Compile, now - compiled_);
  compiled_ = now;
}

}  // namespace nnc::tool
