#include "runtime/team_worth.h"

#include <gtest/gtest.h>

namespace nnc {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

void record(TeamWorth& worth, int runs, int threads, TeamWorth::Duration run, TeamWorth::Duration waited) {
  for (int i = 0; i < runs; ++i) worth.record(threads, run, waited);
}

TEST(TeamWorth, ATeamThatMeetsInTimeGoesOn) {
  TeamWorth worth;
  record(worth, 1000, 2, microseconds(100), microseconds(49));
  EXPECT_EQ(worth.threads(2), 2);
  record(worth, 1000, 4, microseconds(100), microseconds(74));
  EXPECT_EQ(worth.threads(4), 4);
}

TEST(TeamWorth, OneLateRunAmongManyIsForgiven) {
  TeamWorth worth;
  record(worth, 1, 2, microseconds(800), microseconds(700));
  record(worth, 7, 2, microseconds(100), microseconds(0));
  EXPECT_EQ(worth.threads(2), 2);
}

// A millisecond of twelve is work: alone it would be two.
TEST(TeamWorth, ATeamThatWaitsPausesForLongerEachTime) {
  TeamWorth worth;
  record(worth, 7, 2, milliseconds(12), milliseconds(11));
  EXPECT_EQ(worth.threads(2), 2);
  record(worth, 1, 2, milliseconds(12), milliseconds(11));
  for (int ms : {10, 20, 40, 80, 160, 320, 640, 640}) {
    const milliseconds pause(ms);
    EXPECT_EQ(worth.threads(2), 1);
    record(worth, 1, 1, pause - milliseconds(1), {});
    EXPECT_EQ(worth.threads(2), 1) << ms;
    record(worth, 1, 1, milliseconds(1), {});
    EXPECT_EQ(worth.threads(2), 2) << "one run is enough to try";
    record(worth, 1, 2, milliseconds(12), milliseconds(11));
  }
  record(worth, 1, 1, milliseconds(640), {});
  record(worth, 1, 2, milliseconds(1), {});
  EXPECT_EQ(worth.threads(2), 2);
  record(worth, 7, 2, milliseconds(12), milliseconds(11));
  EXPECT_EQ(worth.threads(2), 2) << "as at first";
}

}  // namespace
}  // namespace nnc
