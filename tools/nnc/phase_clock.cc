#include "tools/nnc/phase_clock.h"

#include <utility>

namespace nnc::tool {

Phase PhaseClock::enter(Phase phase) {
  counted_ = seconds();
  since_ = Clock::now();
  return std::exchange(phase_, phase);
}

void PhaseClock::move(Phase from, Phase to, double seconds) {
  counted_[static_cast<size_t>(from)] -= seconds;
  counted_[static_cast<size_t>(to)] += seconds;
}

PhaseSeconds PhaseClock::seconds() const {
  PhaseSeconds out = counted_;
  out[static_cast<size_t>(phase_)] += std::chrono::duration<double>(Clock::now() - since_).count();
  return out;
}

}  // namespace nnc::tool
