#include "codegen/parallel_for.h"

#include <atomic>
#include <vector>

#include <gtest/gtest.h>

#include "ir/error.h"

namespace nnc {
namespace {

TEST(ParallelFor, CallsEachOnceOnThreadsThatExist) {
  for (int threads : {0, 1, 3}) {
    std::vector<std::atomic<int>> calls(20);
    std::atomic<size_t> last_thread = 0;
    parallel_for(threads, calls.size(), [&](size_t i, size_t thread) {
      ++calls[i];
      for (size_t last = last_thread; last < thread && !last_thread.compare_exchange_weak(last, thread);) {
      }
    });
    for (const std::atomic<int>& c : calls) EXPECT_EQ(c, 1);
    EXPECT_LT(last_thread, static_cast<size_t>(std::max(threads, 1)));
  }
}

TEST(ParallelFor, ThrowsWhatTheFirstOneThrewAfterAllRan) {
  std::atomic<int> calls = 0;
  auto body = [&](size_t i, size_t) {
    ++calls;
    if (i >= 3) throw Error("number " + std::to_string(i));
  };
  try {
    parallel_for(2, 8, body);
    FAIL() << "it throws";
  } catch (const Error& e) {
    EXPECT_STREQ(e.what(), "number 3");
  }
  EXPECT_EQ(calls, 8);
}

}  // namespace
}  // namespace nnc
