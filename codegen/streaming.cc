#include "codegen/streaming.h"

#include <algorithm>

#include "codegen/region_kernel.h"

namespace nnc {
namespace {

// Kernels that write every element once, in order, and never look at it again.
bool writes_once(KernelKind kind) {
  switch (kind) {
    case KernelKind::Pointwise:
    case KernelKind::Row:
    case KernelKind::Reduce:
      return true;
    case KernelKind::Contraction:
    case KernelKind::Index:
    case KernelKind::Scan:
      return false;
  }
  return false;
}

// Slices and carries of scans are small and read again at the next step.
bool stays_in_place(const Slot& s) { return s.storage != Storage::Slice && s.storage != Storage::Carry; }

bool same_memory(const Slot& a, const Slot& b) {
  if (a.storage != b.storage) return false;
  return a.storage == Storage::Arena ? a.offset == b.offset : a.index == b.index;
}

// A line that was read a moment ago is in the cache: there is nothing to save.
bool overwrites_operand(const Program& p, const Call& call, const Slot& result) {
  return std::any_of(call.arguments.begin(), call.arguments.end(), [&](const Argument& a) {
    const Slot& s = p.slots[static_cast<size_t>(a.slot)];
    return !a.write && (!stays_in_place(s) || same_memory(s, result));
  });
}

bool is_streamed(const Program& p, const Call& call, const Argument& a, const Bindings& expected) {
  const Slot& s = p.slots[static_cast<size_t>(a.slot)];
  return a.write && stays_in_place(s) && bytes_of(s, expected) >= kStreamedBytes &&
         !overwrites_operand(p, call, s);
}

}  // namespace

void stream_results(ProgramBuilder& builder, const Bindings& expected) {
  const Program& p = builder.program();
  for (size_t i = 0; i < p.calls.size(); ++i) {
    const Call& call = p.calls[i];
    if (!writes_once(call.kind)) continue;
    for (size_t k = 0; k < call.arguments.size(); ++k) {  // scratch comes last
      if (is_streamed(p, call, call.arguments[k], expected)) builder.own_kernel(i).buffers[k].streamed = true;
    }
  }
}

}  // namespace nnc
