// One block of memory for a program's temporaries, on 2 MiB boundaries so that the system can back it with huge
// pages.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

namespace nnc {

class Arena {
 public:
  /// Every page is touched, so that no step faults. Throws Error when there is no such memory.
  explicit Arena(int64_t bytes);
  std::byte* data() const { return memory_.get(); }

 private:
  struct Free {
    void operator()(std::byte* p) const;
  };
  std::unique_ptr<std::byte, Free> memory_;
};

}  // namespace nnc
