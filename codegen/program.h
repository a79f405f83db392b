// A compiled graph as data: a table of kernel calls over numbered slots of memory. Made by compile_program(), walked by
// the runtime; it holds no LLVM type, so that running a program links without LLVM.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "codegen/kernel_abi.h"
#include "codegen/loop.h"
#include "ir/graph.h"

namespace nnc {

enum class Storage : uint8_t {
  Arena,  // at `offset` bytes of the program's arena
  Input,  // the caller's, input number `index`
  State,  // state number `index`
  Slice,  // slot `parent` advanced by `stride` bytes per iteration of loop `index`
  Carry,  // slot `parent` in iterations with (iteration + phase) even, else `other`; after the loop: as in the next
};

/// One piece of memory as a kernel sees it: dense, row-major.
struct Slot {
  Storage storage = Storage::Arena;
  Type type;
  int64_t offset = 0;
  int index = -1, parent = -1, other = -1, phase = 0;
  Dim stride;
  std::string name;  // for memory listings
};

/// What the caller of a kernel function must know of it.
struct KernelInfo {
  KernelFunction function = nullptr;
  std::vector<loop::TaskAxis> tasks;
  std::vector<loop::Buffer> scratch;
  std::vector<std::string> symbols;
  Dim flops, bytes;
};

/// One buffer a call passes. Arguments of one alias group may be the same memory: the kernel reads an element
/// before it writes it.
struct Argument {
  int slot = -1;
  bool write = false;
  int alias_group = 0;
};

struct Call {
  KernelInfo kernel;
  KernelKind kind = KernelKind::Pointwise;
  std::vector<Argument> arguments;  // in the order of the kernel's buffers
  std::vector<uint64_t> literals;
  std::string name;   // of the region
  std::string parts;  // what was fused into it, in the model's names: "h.linear: dot add, h.relu: le select"
  Loc loc;
};

/// Iterates entries [begin, end). With `reverse`, slices are visited last first.
struct Loop {
  Dim trip;
  bool reverse = false;
};

enum class EntryKind : uint8_t { Call, Copy, LoopBegin, LoopEnd };

struct Entry {
  EntryKind kind = EntryKind::Call;
  int index = 0;                // Call: of `calls`; loops: of `loops`
  int from = -1, to = -1;       // Copy: slots; LoopBegin/LoopEnd: `to` is the matching entry
  bool barrier_before = false;  // something it touches may still be in use by another thread
};

struct Port {
  std::string name;  // of an input or output, or the path of state
  Type type;
  int slot = -1;
};

struct Program {
  std::string name;
  std::vector<Slot> slots;
  std::vector<Call> calls;
  std::vector<Loop> loops;
  std::vector<Entry> entries;
  std::vector<Port> inputs, outputs, state;
  Bindings max_dims;  // what the arena is planned for
  int64_t arena_bytes = 0, arena_lower_bound = 0;
  std::shared_ptr<const void> code;  // keeps the functions alive
};

/// Bytes of a slot's contents at these extents.
int64_t bytes_of(const Slot& slot, const Bindings& dims);
/// One line per entry: what runs, over which memory; `nnc show --emit=memory` prints it.
std::string print_memory(const Program& program);

}  // namespace nnc
