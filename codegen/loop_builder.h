// Writes kernels in loop form. Pure instructions are value-numbered within the enclosing blocks, index
// arithmetic with constants folds, and literals are placed (immediate or parameter block) as the form
// requires.
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "codegen/loop.h"

namespace nnc::loop {

class Builder {
 public:
  explicit Builder(Kernel& kernel);
  /// Closes the outermost block into the kernel; call once, at the end.
  void finish();

  Kernel& kernel() { return kernel_; }
  VType type(Val v) const { return kernel_.types[v.id]; }

  /// Declares a buffer; returns its number. The extents of scratch become run-time symbols.
  int buffer(Buffer b);

  // Values from nowhere
  Val index(int64_t value);
  /// 0, ±1 and ±inf (and every integer and bool) are immediate; others go to the parameter block.
  Val literal(Literal value);
  /// A slot of the parameter block whatever the value: for keys.
  Val parameter(Literal value);
  /// An immediate whatever its value: for numbers that belong to the code, not to the model.
  Val immediate(Literal value);
  /// The value of an index or a scalar condition that is a constant.
  std::optional<int64_t> constant(Val v) const;
  /// An extent from the run-time symbols.
  Val dim(const Dim& d);
  Val task_begin();
  Val task_end();
  Val iota(int lanes, DType dtype = DType::I64);

  // Arithmetic; a scalar operand beside a vector one is broadcast
  Val apply(Op op, std::vector<Val> args);
  Val cast(Val x, DType to);
  Val fma(Val a, Val b, Val c);
  Val add(Val a, Val b) { return apply(Op::Add, {a, b}); }
  Val sub(Val a, Val b) { return apply(Op::Sub, {a, b}); }
  Val mul(Val a, Val b) { return apply(Op::Mul, {a, b}); }
  Val imin(Val a, Val b) { return apply(Op::Min, {a, b}); }
  Val lt(Val a, Val b) { return apply(Op::Lt, {a, b}); }
  Val select(Val c, Val a, Val b) { return apply(Op::Select, {c, a, b}); }
  Val idiv(Val a, Val b);
  Val irem(Val a, Val b);
  Val ixor(Val a, Val b);
  /// ceil(a / b) of indices.
  Val ceil_div(Val a, int64_t b) { return idiv(add(a, index(b - 1)), index(b)); }

  // Lanes
  Val broadcast(Val x, int lanes);
  Val extract(Val x, int lane);
  Val shuffle(Val a, Val b, std::vector<int> mask);
  Val reduce_lanes(Op op, Val x);
  /// Lane i is set where i < count.
  Val lane_mask(Val count, int lanes) { return lt(iota(lanes), broadcast(count, lanes)); }

  // Memory: offsets count elements
  Val load(int buffer, Val offset, int lanes = 1);
  Val masked_load(int buffer, Val offset, Val mask, Val fill);
  Val gather(int buffer, Val offsets, Val mask, Val fill);
  /// Into the cache of that level, 1 or 2.
  void prefetch(int buffer, Val offset, int level);
  void store(int buffer, Val offset, Val value);
  void masked_store(int buffer, Val offset, Val value, Val mask);
  void scatter(int buffer, Val offsets, Val value, Val mask);

  Val philox(Val key, Val block, Val counter, int word);
  void report_index(Val condition);

  // Structure
  using Body = std::function<std::vector<Val>(Val iv, std::span<const Val> carried)>;
  /// for iv = lo; iv < hi; iv += step. Returns the carried values after the last iteration. What is known to run once or
  /// never is no loop.
  std::vector<Val> for_loop(Val lo, Val hi, int64_t step, std::vector<Val> inits, const Body& body);
  /// The same without carried values.
  void for_each(Val lo, Val hi, int64_t step, const std::function<void(Val iv)>& body);
  std::vector<Val> if_else(Val condition, const std::function<std::vector<Val>()>& then_body,
                           const std::function<std::vector<Val>()>& else_body);
  void if_then(Val condition, const std::function<void()>& then_body);

 private:
  int64_t symbol(const std::string& name);
  Val fresh(VType type);
  Val emit(Inst inst, VType type);
  Val pure(Inst inst, VType type);
  void effect(Inst inst) { open_.back().insts.push_back(std::move(inst)); }
  std::vector<Val> begin_block(const std::vector<VType>& params);
  Block end_block(std::vector<Val> yields);
  std::vector<Val> unify_lanes(std::vector<Val> args);
  Val fold_index(Op op, std::vector<Val>& args);

  Kernel& kernel_;
  std::vector<Block> open_;
  std::unordered_map<std::string, Val> numbered_;    // pure instructions of the open blocks
  std::vector<std::vector<std::string>> open_keys_;  // which of them each block added
  std::unordered_map<uint32_t, int64_t> constants_;  // of indices and conditions
};

}  // namespace nnc::loop
