#include "runtime/team_worth.h"

#include <algorithm>

namespace nnc {

void TeamWorth::record(int threads, Duration run, Duration waited) {
  if (threads == 1) {
    alone_ -= run;
    return;
  }
  run_ += run;
  waited_ += waited;
  if (++runs_ >= enough_) judge(threads);
}

// Each of a team that does no more than its share in the time that it does not wait: alone, it would have taken that time
// for every one of them. After a pause one run is enough to judge by.
void TeamWorth::judge(int threads) {
  const bool late = threads * (run_ - waited_) < run_;
  if (late) alone_ = pause_;
  pause_ = late ? std::min(2 * pause_, kLongest) : kShortest;
  enough_ = late ? 1 : kRunsToJudge;
  run_ = waited_ = {};
  runs_ = 0;
}

}  // namespace nnc
