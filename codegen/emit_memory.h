// A kernel's memory as LLVM IR: base pointers, loads and stores of every shape, and what LLVM may assume
// about aliasing. Private to codegen.
#pragma once

#include <map>
#include <vector>

#include "codegen/vec.h"

namespace nnc {

class KernelMemory {
 public:
  /// `call` and `scratch` are the function's arguments. Everything is read at the current position: the
  /// entry.
  KernelMemory(IR& ir, const loop::Kernel& kernel, llvm::Value* call, llvm::Value* scratch);

  llvm::Value* symbol(int64_t i) const { return symbols_[static_cast<size_t>(i)]; }
  llvm::Value* parameter(int64_t i) const { return parameters_[static_cast<size_t>(i)]; }

  /// The memory instructions of the loop form; `args` are its arguments' values.
  llvm::Value* load(const loop::Inst& inst, const std::vector<llvm::Value*>& args);
  void store(const loop::Inst& inst, const std::vector<llvm::Value*>& args);
  void prefetch(int buffer, llvm::Value* offset, int level);
  void report_index(llvm::Value* condition);
  /// Before the kernel returns: what went past the caches is seen by other threads as everything else is.
  void finish();

 private:
  llvm::Value* field(int i, llvm::Type* type);
  llvm::Value* slot(llvm::Value* array, llvm::Type* type, int64_t i);
  void read_buffers();
  void place_scratch(llvm::Value* scratch);
  void read_scalars();
  void make_scopes();
  llvm::Value* extent(const Dim& dim);
  llvm::Value* pointer(int buffer, llvm::Value* offset);
  llvm::Align alignment(int buffer) const;
  bool is_streamed(int buffer) const { return kernel_.buffers[static_cast<size_t>(buffer)].streamed; }
  void stream(int buffer, llvm::Value* value, llvm::Value* address);
  template <class I>
  I* annotate(I* access, int buffer);

  IR& ir_;
  const loop::Kernel& kernel_;
  llvm::Value* call_;
  llvm::Value* status_ = nullptr;
  std::vector<llvm::Value*> bases_, symbols_, parameters_;
  std::map<int, llvm::MDNode*> scope_of_, others_of_;  // by alias group
};

}  // namespace nnc
