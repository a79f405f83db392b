// The loop form: what a region becomes before LLVM. A kernel is a tree of counted loops and conditionals over
// SSA values, scalars or fixed-width vectors; addresses are element offsets into named buffers. It prints,
// and two kernels that print alike are one function (literals other than 0, ±1 and ±inf sit in a parameter
// block).
//
//   kernel relu(#0 in 0 f32, #1 out 0 f32; B) tasks ceil(784*B / 1024) {
//     %0 = task_begin : i64
//     for %3 = %0 to %2 step 16 carry () from () {
//       %4 = load #0 %3 : f32x16
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ir/op.h"
#include "ir/type.h"

namespace nnc::loop {

/// Type of a value. Indices are i64; masks are bool vectors.
struct VType {
  DType dtype = DType::I64;
  int lanes = 1;
  bool operator==(const VType&) const = default;
};

/// An SSA value of the kernel being built.
struct Val {
  uint32_t id = UINT32_MAX;
  bool valid() const { return id != UINT32_MAX; }
  bool operator==(const Val&) const = default;
};

enum class BufferRole : uint8_t { Operand, Result, Scratch };

/// Memory a kernel touches. Buffers of different alias groups never overlap; those of one group may be the
/// same memory (in-place results). Scratch is the thread's own and 64-byte aligned; its count may be
/// symbolic.
struct Buffer {
  std::string name;
  DType dtype = DType::F32;
  BufferRole role = BufferRole::Operand;
  int index = 0;  // operand or result number of the region
  Dim count;      // elements
  int alias_group = 0;
  bool streamed = false;  // a result too large to be found in a cache again: aligned vectors go past them
  bool operator==(const Buffer&) const = default;
};

enum class Code : uint8_t {
  Constant,   // `literal`, immediate
  Parameter,  // slot `imm` of the parameter block, as `type`
  Symbol,     // run-time extent number `imm`
  TaskBegin,  // first task of this call
  TaskEnd,    // one past the last
  Apply,      // `op` (elementwise primitive) lane by lane; Cast takes its target from `type`
  Fma,        // args a, b, c: a * b + c, rounded once
  IndexDiv,   // args a, b: non-negative a by positive b, i64
  IndexRem,
  IndexXor,     // args a, b: i64, bit by bit; keys of random streams
  Broadcast,    // scalar to every lane
  Iota,         // lane numbers 0, 1, … (i64 or i32)
  Extract,      // lane `imm` of args[0]
  Shuffle,      // lanes `mask` of args[0] followed by args[1]
  ReduceLanes,  // folds lanes by `op` (Add, Mul, Max, Min, And, Or) halving the width: a fixed tree
  Load,         // args offset: `type.lanes` neighbouring elements of `buffer`
  MaskedLoad,   // args offset, mask, fill vector
  GatherLoad,   // args offsets (i64 vector), mask, fill vector
  Prefetch,  // args offset: the line of that element, which need not exist, will be read; `imm`: into which cache
  Store,         // args offset, value
  MaskedStore,   // args offset, value, mask
  ScatterStore,  // args offsets (i64 vector), value, mask; equal offsets: the last lane wins
  Philox,       // args key, block, counter (i64, scalars or vectors): word `imm` (0–3) as an i64 below 2^32
  ReportIndex,  // args condition (scalar bool): sets kIndexOutOfRange in the status where true
  For,  // args lo, hi, then initial carried values; `step`; blocks[0]; results: carried values at the end
  If,   // args condition; blocks[0] then, blocks[1] else; results: what the blocks yield
};

struct Block;

struct Inst {
  Code code = Code::Constant;
  Op op = Op::Add;             // Apply, ReduceLanes
  VType type = {};             // of the result (of stores: of the value stored)
  int64_t imm = 0;             // Parameter slot, Symbol number, lane, Philox word
  int64_t step = 1;            // For
  int buffer = -1;             // memory
  Literal literal = {};        // Constant
  std::vector<int> mask = {};  // Shuffle
  std::vector<Val> args = {};
  std::vector<Val> results = {};  // none for stores; For and If may have many
  std::vector<Block> blocks;      // no initialiser: Block is incomplete here
};

/// Instructions in order. A For body's `params` are the induction variable, then the carried values.
struct Block {
  std::vector<Val> params;
  std::vector<Inst> insts;
  std::vector<Val> yields;
};

/// One factor of the number of tasks: ceil(extent / tile).
struct TaskAxis {
  Dim extent;
  int64_t tile = 1;
  bool operator==(const TaskAxis&) const = default;
};

struct Kernel {
  std::string name;  // for people: equality of functions ignores it
  std::string note;  // likewise: how it was decided to be computed
  std::vector<Buffer> buffers;
  std::vector<std::string> symbols;
  std::vector<Literal> literals;  // the parameter block: values differ between calls of one function
  std::vector<TaskAxis> tasks;    // independent of each other; task numbers are row-major over the axes
  Block body;
  std::vector<VType> types;  // of every Val
  Dim flops, bytes;  // one call's arithmetic and its least memory traffic, for profiles and thread counts

  const VType& type(Val v) const { return types[v.id]; }
};

/// The number of tasks at these extents.
int64_t task_count(const Kernel& kernel, const Bindings& dims);
/// Bytes of per-thread scratch at these extents; each scratch buffer begins on a 64-byte boundary, in order.
int64_t scratch_bytes(const Kernel& kernel, const Bindings& dims);
/// Text of the kernel; without `labels` names are left out, and equal text means the same function.
std::string print(const Kernel& kernel, bool labels = true);

}  // namespace nnc::loop
