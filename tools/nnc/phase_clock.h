// Where the time of a run goes: every moment belongs to one phase.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <string_view>

namespace nnc::tool {

enum class Phase : uint8_t { Data, Compile, Steps, Evaluation, Writing, Other };
inline constexpr std::string_view kPhaseNames[] = {"data",       "compile", "steps",
                                                   "evaluation", "writing", "other"};
using PhaseSeconds = std::array<double, std::size(kPhaseNames)>;

class PhaseClock {
 public:
  PhaseClock() : since_(Clock::now()) {}

  /// From now on time counts for this phase; returns the one before.
  Phase enter(Phase phase);
  /// Moves time that has been counted for one phase to another.
  void move(Phase from, Phase to, double seconds);
  /// Up to now.
  PhaseSeconds seconds() const;

 private:
  using Clock = std::chrono::steady_clock;
  PhaseSeconds counted_{};
  Phase phase_ = Phase::Other;
  Clock::time_point since_;
};

/// A phase for the lifetime of the object, then the one before again.
class InPhase {
 public:
  InPhase(PhaseClock& clock, Phase phase) : clock_(clock), before_(clock.enter(phase)) {}
  ~InPhase() { clock_.enter(before_); }
  InPhase(const InPhase&) = delete;
  InPhase& operator=(const InPhase&) = delete;

 private:
  PhaseClock& clock_;
  Phase before_;
};

}  // namespace nnc::tool
