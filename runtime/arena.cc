#include "runtime/arena.h"

#include <sys/mman.h>

#include <cstdlib>
#include <cstring>

#include <fmt/format.h>

#include "ir/error.h"

namespace nnc {

Arena::Arena(int64_t bytes) {
  constexpr int64_t kPage = int64_t{2} << 20;
  if (bytes == 0) return;
  size_t size = static_cast<size_t>((bytes + kPage - 1) / kPage * kPage);
  memory_.reset(static_cast<std::byte*>(std::aligned_alloc(kPage, size)));
  if (!memory_) throw Error(fmt::format("no memory for the {} bytes of this program's temporaries", size));
  madvise(memory_.get(), size, MADV_HUGEPAGE);  // a wish: without it the step is only slower
  std::memset(memory_.get(), 0, size);
}

void Arena::Free::operator()(std::byte* p) const { std::free(p); }

}  // namespace nnc
