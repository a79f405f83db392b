// Whether a team of threads is quicker than one of them alone. Where other programs have the processors, a thread that slept
// is woken late, and all wait for it at every barrier: steps of a fraction of a millisecond take several. Bits do not depend
// on the number of threads, so that runs may go on alone meanwhile, and the team be tried again now and then.
#pragma once

#include <chrono>

namespace nnc {

class TeamWorth {
 public:
  using Duration = std::chrono::nanoseconds;

  /// Threads of the next run, for which there is a team of so many.
  int threads(int team) const { return alone_ > Duration::zero() ? 1 : team; }
  /// What a run of so many threads took, and for how much of that the first of them waited for others.
  void record(int threads, Duration run, Duration waited);

 private:
  void judge(int threads);

  static constexpr int kRunsToJudge = 8;
  static constexpr Duration kShortest = std::chrono::milliseconds(10),
                            kLongest = std::chrono::milliseconds(640);

  Duration run_{}, waited_{};  // of the runs not judged yet
  int runs_ = 0, enough_ = kRunsToJudge;
  Duration alone_{};            // still to be run by one thread
  Duration pause_ = kShortest;  // how long that will be next time
};

}  // namespace nnc
