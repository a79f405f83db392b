#include "codegen/parallel_for.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <thread>
#include <vector>

namespace nnc {

void parallel_for(int threads, size_t count, const std::function<void(size_t i, size_t thread)>& body) {
  std::atomic<size_t> next = 0;
  std::vector<std::exception_ptr> failures(count);
  auto work = [&](size_t thread) {
    for (size_t i; (i = next++) < count;) {
      try {
        body(i, thread);
      } catch (...) {
        failures[i] = std::current_exception();
      }
    }
  };
  std::vector<std::thread> helpers;
  for (size_t t = 1; t < std::min(count, static_cast<size_t>(std::max(threads, 1))); ++t)
    helpers.emplace_back(work, t);
  work(0);
  for (std::thread& t : helpers) t.join();
  for (const std::exception_ptr& failure : failures) {
    if (failure) std::rethrow_exception(failure);
  }
}

}  // namespace nnc
