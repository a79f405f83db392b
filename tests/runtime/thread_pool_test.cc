#include "runtime/thread_pool.h"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdio>
#include <ctime>
#include <stdexcept>

namespace nnc {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

TEST(ThreadPool, EveryIndexRunsOnce) {
  ThreadPool pool(8);
  for (int round = 0; round < 200; ++round) {
    int threads = 1 + round % 8;
    std::vector<int> runs(8, 0), counts(8, 0);
    pool.parallel(threads, [&](int index, int count) {
      ++runs[index];
      counts[index] = count;
    });
    for (int i = 0; i < 8; ++i) {
      EXPECT_EQ(runs[i], i < threads ? 1 : 0);
      EXPECT_EQ(counts[i], i < threads ? threads : 0);
    }
  }
}

TEST(ThreadPool, OneThreadRunsOnTheCaller) {
  ThreadPool pool(1);
  EXPECT_EQ(pool.size(), 1);
  std::thread::id id;
  pool.parallel(1, [&](int, int) { id = std::this_thread::get_id(); });
  EXPECT_EQ(id, std::this_thread::get_id());
}

TEST(ThreadPool, LowestThreadsExceptionArrivesAndThePoolLivesOn) {
  ThreadPool pool(4);
  for (int round = 0; round < 20; ++round) {
    try {
      pool.parallel(4, [](int index, int) {
        if (index >= 2) throw std::runtime_error("thread " + std::to_string(index));
      });
      FAIL();
    } catch (const std::runtime_error& e) {
      EXPECT_STREQ(e.what(), "thread 2");
    }
  }
  std::atomic<int> runs{0};
  pool.parallel(4, [&](int, int) { ++runs; });
  EXPECT_EQ(runs, 4);
}

TEST(ThreadPool, CallerMayThrowWhileOthersWaitAtABarrier) {
  ThreadPool pool(4);
  SpinBarrier barrier(4);
  auto body = [&](int index, int) {
    if (index == 0) {
      barrier.leave();
      throw std::runtime_error("left");
    }
    for (int i = 0; i < 10; ++i) barrier.wait();
  };
  EXPECT_THROW(pool.parallel(4, body), std::runtime_error);
}

TEST(SpinBarrier, WritesBeforeAreSeenAfter) {
  for (int threads : {1, 2, 3, 8}) {
    ThreadPool pool(threads);
    SpinBarrier barrier(threads);
    std::vector<int> value(threads, 0);
    std::atomic<int> wrong{0};
    pool.parallel(threads, [&](int index, int count) {
      for (int step = 1; step <= 200; ++step) {
        value[index] = step;
        barrier.wait();
        if (value[(index + 1) % count] != step) ++wrong;
        barrier.wait();
      }
    });
    EXPECT_EQ(wrong, 0);
  }
}

// More threads than processors: a spinning barrier would burn whole time slices. Processor time is what tells the
// two apart on a machine with neighbours.
TEST(SpinBarrier, SleepsWhenOversubscribed) {
  int threads = 4 * available_processors();
  ThreadPool pool(threads);
  SpinBarrier barrier(threads);
  std::clock_t start = std::clock();
  pool.parallel(threads, [&](int, int) {
    for (int i = 0; i < 200; ++i) barrier.wait();
  });
  double each = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC / 200 / threads;
  std::printf("oversubscribed barrier, %d threads: %.1f us of processor time each\n", threads, each * 1e6);
  EXPECT_LT(each, 3e-4);
}

TEST(ThreadPool, ForkAndJoinIsQuick) {
  if (available_processors() < 2) GTEST_SKIP() << "needs two processors";
  ThreadPool pool(2);
  SpinBarrier barrier(2);
  double fork = 1, cross = 1;
  for (int round = 0; round < 20; ++round) {
    auto start = Clock::now();
    for (int i = 0; i < 100; ++i) pool.parallel(2, [](int, int) {});
    fork = std::min(fork, seconds_since(start) / 100);
    start = Clock::now();
    pool.parallel(2, [&](int, int) {
      for (int i = 0; i < 100; ++i) barrier.wait();
    });
    cross = std::min(cross, seconds_since(start) / 100);
  }
  std::printf("fork + join %.0f ns, barrier %.0f ns\n", fork * 1e9, cross * 1e9);
  EXPECT_LT(fork, 5e-3);  // busy neighbours may hold a core; the figure above is what to read
}

}  // namespace
}  // namespace nnc
