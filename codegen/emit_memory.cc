#include "codegen/emit_memory.h"

#include <set>

#include <llvm/IR/IntrinsicsX86.h>
#include <llvm/IR/MDBuilder.h>

#include "codegen/kernel_abi.h"

namespace nnc {
namespace {

using loop::BufferRole;
using loop::Code;
using loop::Inst;

// Fields of KernelCall, in order.
enum CallField { kBuffers, kDims, kLiterals, kStatus };

llvm::Value* in_registers(IR& ir, DType dtype, llvm::Value* v) {
  return dtype == DType::Bool ? ir.CreateIsNotNull(v) : v;
}

llvm::Value* in_memory(IR& ir, loop::VType type, llvm::Value* v) {
  return type.dtype == DType::Bool ? ir.CreateZExt(v, memory_type(ir, type)) : v;
}

// LLVM's masked intrinsics know vectors only: a scalar becomes a vector of one.
llvm::Value* as_vector(IR& ir, llvm::Value* v) {
  if (v->getType()->isVectorTy()) return v;
  auto* type = llvm::FixedVectorType::get(v->getType(), 1);
  return ir.CreateInsertElement(llvm::PoisonValue::get(type), v, uint64_t{0});
}

llvm::Value* as_lanes(IR& ir, int lanes, llvm::Value* v) {
  return lanes == 1 ? ir.CreateExtractElement(v, uint64_t{0}) : v;
}

}  // namespace

KernelMemory::KernelMemory(IR& ir, const loop::Kernel& kernel, llvm::Value* call, llvm::Value* scratch)
    : ir_(ir), kernel_(kernel), call_(call) {
  read_scalars();
  read_buffers();
  place_scratch(scratch);
  make_scopes();
}

// What the caller hands over does not change while the kernel runs.
llvm::Value* KernelMemory::slot(llvm::Value* array, llvm::Type* type, int64_t i) {
  llvm::Value* address = ir_.CreateConstInBoundsGEP1_64(ir_.getInt64Ty(), array, static_cast<uint64_t>(i));
  llvm::LoadInst* load = ir_.CreateAlignedLoad(type, address, llvm::Align(8));
  load->setMetadata(llvm::LLVMContext::MD_invariant_load, llvm::MDNode::get(ir_.getContext(), {}));
  load->setMetadata(llvm::LLVMContext::MD_noundef, llvm::MDNode::get(ir_.getContext(), {}));
  return load;
}

llvm::Value* KernelMemory::field(int i, llvm::Type* type) { return slot(call_, type, i); }

void KernelMemory::read_scalars() {
  llvm::Value* dims = field(kDims, ir_.getPtrTy());
  for (size_t i = 0; i < kernel_.symbols.size(); ++i)
    symbols_.push_back(slot(dims, ir_.getInt64Ty(), static_cast<int64_t>(i)));
  llvm::Value* literals = field(kLiterals, ir_.getPtrTy());
  for (size_t i = 0; i < kernel_.literals.size(); ++i) {
    DType dtype = kernel_.literals[i].dtype;
    llvm::Value* v = slot(literals, memory_type(ir_, {dtype, 1}), static_cast<int64_t>(i));
    parameters_.push_back(in_registers(ir_, dtype, v));
  }
  status_ = field(kStatus, ir_.getPtrTy());
}

void KernelMemory::read_buffers() {
  llvm::Value* buffers = field(kBuffers, ir_.getPtrTy());
  int64_t next = 0;
  for (const loop::Buffer& b : kernel_.buffers)
    bases_.push_back(b.role == BufferRole::Scratch ? nullptr : slot(buffers, ir_.getPtrTy(), next++));
}

void KernelMemory::place_scratch(llvm::Value* scratch) {
  for (size_t i = 0; i < kernel_.buffers.size(); ++i) {
    const loop::Buffer& b = kernel_.buffers[i];
    if (b.role != BufferRole::Scratch) continue;
    bases_[i] = scratch;
    llvm::Value* bytes =
        ir_.CreateMul(extent(b.count), ir_.getInt64(static_cast<uint64_t>(size_of(b.dtype))));
    bytes = ir_.CreateAnd(ir_.CreateAdd(bytes, ir_.getInt64(63)), ir_.getInt64(~uint64_t{63}));
    scratch = ir_.CreateInBoundsGEP(ir_.getInt8Ty(), scratch, bytes);
  }
}

llvm::Value* KernelMemory::extent(const Dim& dim) {
  llvm::Value* sum = ir_.getInt64(0);
  for (const Dim::Term& term : dim.terms()) {
    llvm::Value* product = ir_.getInt64(static_cast<uint64_t>(term.coefficient));
    for (const std::string& name : term.symbols) {
      auto it = std::find(kernel_.symbols.begin(), kernel_.symbols.end(), name);
      assert(it != kernel_.symbols.end() && "a scratch extent's symbol is among the kernel's");
      product = ir_.CreateMul(product, symbols_[static_cast<size_t>(it - kernel_.symbols.begin())]);
    }
    sum = ir_.CreateAdd(sum, product);
  }
  return sum;
}

// One scope per alias group; an access is in its own and clear of all others.
void KernelMemory::make_scopes() {
  llvm::MDBuilder md(ir_.getContext());
  llvm::MDNode* domain = md.createAnonymousAliasScopeDomain("buffers");
  std::map<int, llvm::Metadata*> scopes;
  for (const loop::Buffer& b : kernel_.buffers) {
    if (!scopes.contains(b.alias_group)) scopes[b.alias_group] = md.createAnonymousAliasScope(domain);
  }
  for (auto& [group, scope] : scopes) {
    std::vector<llvm::Metadata*> others;
    for (auto& [other, other_scope] : scopes) {
      if (other != group) others.push_back(other_scope);
    }
    scope_of_[group] = llvm::MDNode::get(ir_.getContext(), {scope});
    others_of_[group] = llvm::MDNode::get(ir_.getContext(), others);
  }
}

template <class I>
I* KernelMemory::annotate(I* access, int buffer) {
  int group = kernel_.buffers[static_cast<size_t>(buffer)].alias_group;
  access->setMetadata(llvm::LLVMContext::MD_alias_scope, scope_of_[group]);
  access->setMetadata(llvm::LLVMContext::MD_noalias, others_of_[group]);
  return access;
}

llvm::Align KernelMemory::alignment(int buffer) const {
  return llvm::Align(static_cast<uint64_t>(size_of(kernel_.buffers[static_cast<size_t>(buffer)].dtype)));
}

llvm::Value* KernelMemory::pointer(int buffer, llvm::Value* offset) {
  DType dtype = kernel_.buffers[static_cast<size_t>(buffer)].dtype;
  return ir_.CreateGEP(memory_type(ir_, {dtype, 1}), bases_[static_cast<size_t>(buffer)], offset);
}

llvm::Value* KernelMemory::load(const Inst& inst, const std::vector<llvm::Value*>& args) {
  llvm::Type* type = memory_type(ir_, inst.type);
  llvm::Value* address = pointer(inst.buffer, args[0]);
  llvm::Align align = alignment(inst.buffer);
  if (inst.code == Code::Load) {
    auto* v = annotate(ir_.CreateAlignedLoad(type, address, align), inst.buffer);
    return in_registers(ir_, inst.type.dtype, v);
  }
  llvm::Value* mask = as_vector(ir_, args[1]);
  llvm::Value* fill = as_vector(ir_, in_memory(ir_, inst.type, args[2]));
  llvm::CallInst* v =
      inst.code == Code::MaskedLoad
          ? ir_.CreateMaskedLoad(fill->getType(), address, align, mask, fill)
          : ir_.CreateMaskedGather(fill->getType(), as_vector(ir_, address), align, mask, fill);
  return in_registers(ir_, inst.type.dtype, as_lanes(ir_, inst.type.lanes, annotate(v, inst.buffer)));
}

void KernelMemory::store(const Inst& inst, const std::vector<llvm::Value*>& args) {
  llvm::Value* value = in_memory(ir_, inst.type, args[1]);
  llvm::Value* address = pointer(inst.buffer, args[0]);
  llvm::Align align = alignment(inst.buffer);
  if (inst.code == Code::Store) {
    if (is_streamed(inst.buffer) && inst.type.lanes > 1) return stream(inst.buffer, value, address);
    annotate(ir_.CreateAlignedStore(value, address, align), inst.buffer);
    return;
  }
  llvm::Value* mask = as_vector(ir_, args[2]);
  value = as_vector(ir_, value);
  llvm::CallInst* call = inst.code == Code::MaskedStore
                             ? ir_.CreateMaskedStore(value, address, align, mask)
                             : ir_.CreateMaskedScatter(value, as_vector(ir_, address), align, mask);
  annotate(call, inst.buffer);
}

// The instruction wants its vector's own alignment, which views and rows of any length do not give. Every cache line
// must be written whole, or nearly: a store in place would first read it and then lose it from the cache.
void KernelMemory::stream(int buffer, llvm::Value* value, llvm::Value* address) {
  uint64_t bytes = value->getType()->getPrimitiveSizeInBits().getFixedValue() / 8;
  llvm::Align whole(std::min<uint64_t>(bytes, 64));
  llvm::Value* odd = ir_.CreateAnd(ir_.CreatePtrToInt(address, ir_.getInt64Ty()), whole.value() - 1);
  llvm::Function* function = ir_.GetInsertBlock()->getParent();
  auto block = [&](const char* name) { return llvm::BasicBlock::Create(ir_.getContext(), name, function); };
  llvm::BasicBlock *aligned = block("aligned"), *unaligned = block("unaligned"), *join = block("stored");
  ir_.CreateCondBr(ir_.CreateIsNull(odd), aligned, unaligned,
                   llvm::MDBuilder(ir_.getContext()).createLikelyBranchWeights());
  ir_.SetInsertPoint(aligned);
  llvm::StoreInst* past = annotate(ir_.CreateAlignedStore(value, address, whole), buffer);
  llvm::Metadata* one = llvm::ConstantAsMetadata::get(ir_.getInt32(1));
  past->setMetadata(llvm::LLVMContext::MD_nontemporal, llvm::MDNode::get(ir_.getContext(), {one}));
  ir_.CreateBr(join);
  ir_.SetInsertPoint(unaligned);
  annotate(ir_.CreateAlignedStore(value, address, alignment(buffer)), buffer);
  ir_.CreateBr(join);
  ir_.SetInsertPoint(join);
}

void KernelMemory::finish() {
  bool any = std::any_of(kernel_.buffers.begin(), kernel_.buffers.end(),
                         [](const loop::Buffer& b) { return b.streamed; });
  if (any) ir_.CreateIntrinsic(llvm::Intrinsic::x86_sse_sfence, {}, {});
}

// LLVM's arguments: for a read, how near (3 is the first cache), data.
void KernelMemory::prefetch(int buffer, llvm::Value* offset, int level) {
  llvm::Value* near = ir_.getInt32(static_cast<uint32_t>(4 - level));
  llvm::Value* args[] = {pointer(buffer, offset), ir_.getInt32(0), near, ir_.getInt32(1)};
  ir_.CreateIntrinsic(llvm::Intrinsic::prefetch, {ir_.getPtrTy()}, args);
}

// Threads may report at once.
void KernelMemory::report_index(llvm::Value* condition) {
  llvm::Value* bit = ir_.CreateSelect(condition, ir_.getInt32(kIndexOutOfRange), ir_.getInt32(0));
  ir_.CreateAtomicRMW(llvm::AtomicRMWInst::Or, status_, bit, llvm::Align(4), llvm::AtomicOrdering::Monotonic);
}

}  // namespace nnc
