// Walks the tree of a kernel: plain instructions become values through emit_ops and emit_memory, loops become
// rotated loops with phis, conditionals diamonds.
#include "codegen/emit.h"

#include "codegen/emit_memory.h"
#include "codegen/emit_ops.h"

namespace nnc {
namespace {

using loop::Code;
using loop::Inst;
using loop::Val;

// No pass may touch the loops' shape: they are vectorised and blocked already.
llvm::MDNode* loop_metadata(llvm::LLVMContext& context) {
  auto flag = [&](const char* name) {
    return llvm::MDNode::get(context, {llvm::MDString::get(context, name)});
  };
  llvm::MDNode* node = llvm::MDNode::getDistinct(
      context,
      {nullptr, flag("llvm.loop.unroll.disable"),
       llvm::MDNode::get(context, {llvm::MDString::get(context, "llvm.loop.vectorize.enable"),
                                   llvm::ConstantAsMetadata::get(llvm::ConstantInt::getFalse(context))})});
  node->replaceOperandWith(0, node);
  return node;
}

class Emitter {
 public:
  Emitter(IR& ir, const loop::Kernel& kernel, llvm::Function* function)
      : ir_(ir),
        kernel_(kernel),
        function_(function),
        memory_(ir, kernel, function->getArg(0), function->getArg(3)),
        values_(kernel.types.size()) {}

  void run() {
    block(kernel_.body);
    memory_.finish();
    ir_.CreateRetVoid();
  }

 private:
  void block(const loop::Block& b) {
    for (const Inst& i : b.insts) inst(i);
  }

  void inst(const Inst& i) {
    if (i.code == Code::For) return for_loop(i);
    if (i.code == Code::If) return if_else(i);
    llvm::Value* result = plain(i);
    if (!i.results.empty()) values_[i.results[0].id] = result;
  }

  llvm::Value* plain(const Inst& i);
  llvm::Value* apply(const Inst& i);
  void for_loop(const Inst& i);
  void if_else(const Inst& i);
  std::vector<llvm::Value*> branch(const loop::Block& b, llvm::BasicBlock* at, llvm::BasicBlock* join);

  llvm::Value* value(Val v) const {
    assert(values_[v.id] != nullptr && "a value is used after it is made");
    return values_[v.id];
  }
  Vec vec(Val v) { return {&ir_, value(v)}; }
  std::vector<llvm::Value*> values(const std::vector<Val>& vals) const {
    std::vector<llvm::Value*> out;
    for (Val v : vals) out.push_back(value(v));
    return out;
  }
  llvm::BasicBlock* new_block(const char* name) {
    return llvm::BasicBlock::Create(ir_.getContext(), name, function_);
  }

  IR& ir_;
  const loop::Kernel& kernel_;
  llvm::Function* function_;
  KernelMemory memory_;
  std::vector<llvm::Value*> values_;
};

llvm::Value* iota(IR& ir, loop::VType type) {
  std::vector<llvm::Constant*> lanes;
  for (int i = 0; i < type.lanes; ++i) lanes.push_back(constant(ir, Literal::from_int(type.dtype, i)));
  return type.lanes == 1 ? lanes[0] : llvm::ConstantVector::get(lanes);
}

llvm::Value* splat(IR& ir, int lanes, llvm::Value* v) {
  return lanes == 1 ? v : ir.CreateVectorSplat(static_cast<unsigned>(lanes), v);
}

llvm::Value* shuffle(IR& ir, llvm::Value* a, llvm::Value* b, const std::vector<int>& mask) {
  if (!a->getType()->isVectorTy()) {
    a = splat(ir, 2, a);
    b = splat(ir, 2, b);
  }
  return ir.CreateShuffleVector(a, b, mask);
}

llvm::Value* Emitter::apply(const Inst& i) {
  std::vector<Vec> args;
  for (Val v : i.args) args.push_back(vec(v));
  return emit_apply(i.op, kernel_.type(i.args.back()).dtype, i.type.dtype, args).value;
}

llvm::Value* Emitter::plain(const Inst& i) {
  switch (i.code) {
    case Code::Constant:
      return splat(ir_, i.type.lanes, constant(ir_, i.literal));
    case Code::Parameter:
      return memory_.parameter(i.imm);
    case Code::Symbol:
      return memory_.symbol(i.imm);
    case Code::TaskBegin:
      return function_->getArg(1);
    case Code::TaskEnd:
      return function_->getArg(2);
    case Code::Apply:
      return apply(i);
    case Code::Fma:
      return fma(vec(i.args[0]), vec(i.args[1]), vec(i.args[2])).value;
    case Code::IndexDiv:
      return emit_index_div(vec(i.args[0]), vec(i.args[1])).value;
    case Code::IndexRem:
      return emit_index_rem(vec(i.args[0]), vec(i.args[1])).value;
    case Code::IndexXor:
      return ir_.CreateXor(value(i.args[0]), value(i.args[1]));
    case Code::Broadcast:
      return splat(ir_, i.type.lanes, value(i.args[0]));
    case Code::Iota:
      return iota(ir_, i.type);
    case Code::Extract:
      return ir_.CreateExtractElement(value(i.args[0]), static_cast<uint64_t>(i.imm));
    case Code::Shuffle:
      return shuffle(ir_, value(i.args[0]), value(i.args[1]), i.mask);
    case Code::ReduceLanes:
      return emit_reduce_lanes(i.op, i.type.dtype, vec(i.args[0])).value;
    case Code::Load:
    case Code::MaskedLoad:
    case Code::GatherLoad:
      return memory_.load(i, values(i.args));
    case Code::Prefetch:
      memory_.prefetch(i.buffer, value(i.args[0]), static_cast<int>(i.imm));
      return nullptr;
    case Code::Store:
    case Code::MaskedStore:
    case Code::ScatterStore:
      memory_.store(i, values(i.args));
      return nullptr;
    case Code::Philox:
      return emit_philox(vec(i.args[0]), vec(i.args[1]), vec(i.args[2]), static_cast<int>(i.imm)).value;
    case Code::ReportIndex:
      memory_.report_index(value(i.args[0]));
      return nullptr;
    case Code::For:
    case Code::If:
      break;
  }
  assert(false && "structured instructions are no plain ones");
  return nullptr;
}

// if (lo < hi) do { body } while ((iv += step) < hi): the test at the bottom, the entry guarded.
void Emitter::for_loop(const Inst& i) {
  const loop::Block& body = i.blocks[0];
  std::vector<llvm::Value*> args = values(i.args);
  llvm::BasicBlock* before = ir_.GetInsertBlock();
  llvm::BasicBlock* loop = new_block("loop");
  llvm::BasicBlock* exit = llvm::BasicBlock::Create(ir_.getContext(), "exit");
  ir_.CreateCondBr(ir_.CreateICmpSLT(args[0], args[1]), loop, exit);

  ir_.SetInsertPoint(loop);
  std::vector<llvm::PHINode*> phis;
  for (size_t k = 0; k < body.params.size(); ++k) {
    llvm::Value* init = args[k == 0 ? 0 : k + 1];
    phis.push_back(ir_.CreatePHI(init->getType(), 2));
    phis[k]->addIncoming(init, before);
    values_[body.params[k].id] = phis[k];
  }
  block(body);
  llvm::BasicBlock* latch = ir_.GetInsertBlock();
  std::vector<llvm::Value*> next = values(body.yields);
  llvm::Value* step = ir_.getInt64(static_cast<uint64_t>(i.step));
  next.insert(next.begin(), ir_.CreateAdd(phis[0], step, "", false, true));
  for (size_t k = 0; k < phis.size(); ++k) phis[k]->addIncoming(next[k], latch);
  llvm::BranchInst* back = ir_.CreateCondBr(ir_.CreateICmpSLT(next[0], args[1]), loop, exit);
  back->setMetadata(llvm::LLVMContext::MD_loop, loop_metadata(ir_.getContext()));

  exit->insertInto(function_);
  ir_.SetInsertPoint(exit);
  for (size_t k = 0; k < i.results.size(); ++k) {
    llvm::PHINode* result = ir_.CreatePHI(next[k + 1]->getType(), 2);
    result->addIncoming(args[k + 2], before);
    result->addIncoming(next[k + 1], latch);
    values_[i.results[k].id] = result;
  }
}

std::vector<llvm::Value*> Emitter::branch(const loop::Block& b, llvm::BasicBlock* at,
                                          llvm::BasicBlock* join) {
  ir_.SetInsertPoint(at);
  block(b);
  ir_.CreateBr(join);
  return values(b.yields);
}

void Emitter::if_else(const Inst& i) {
  llvm::BasicBlock* on_true = new_block("then");
  llvm::BasicBlock* on_false = new_block("else");
  llvm::BasicBlock* join = llvm::BasicBlock::Create(ir_.getContext(), "join");
  ir_.CreateCondBr(value(i.args[0]), on_true, on_false);
  std::vector<llvm::Value*> a = branch(i.blocks[0], on_true, join);
  llvm::BasicBlock* end_true = ir_.GetInsertBlock();
  std::vector<llvm::Value*> b = branch(i.blocks[1], on_false, join);
  llvm::BasicBlock* end_false = ir_.GetInsertBlock();

  join->insertInto(function_);
  ir_.SetInsertPoint(join);
  for (size_t k = 0; k < i.results.size(); ++k) {
    llvm::PHINode* result = ir_.CreatePHI(a[k]->getType(), 2);
    result->addIncoming(a[k], end_true);
    result->addIncoming(b[k], end_false);
    values_[i.results[k].id] = result;
  }
}

// The arguments of kernel_abi.h's KernelFunction, and what may be assumed of them.
llvm::Function* declare(llvm::Module& module, const Target& target, const std::string& symbol) {
  llvm::LLVMContext& context = module.getContext();
  llvm::Type* ptr = llvm::PointerType::getUnqual(context);
  llvm::Type* i64 = llvm::Type::getInt64Ty(context);
  auto* type = llvm::FunctionType::get(llvm::Type::getVoidTy(context), {ptr, i64, i64, ptr}, false);
  auto* function = llvm::Function::Create(type, llvm::Function::ExternalLinkage, symbol, module);
  function->setDoesNotThrow();
  function->addFnAttr("target-cpu", target.cpu);
  function->addFnAttr("target-features", target.features);
  std::string width = std::to_string(8 * target.vector_bytes);
  function->addFnAttr("prefer-vector-width", width);
  function->addFnAttr("min-legal-vector-width", width);
  for (unsigned i : {0u, 3u}) function->addParamAttr(i, llvm::Attribute::NoAlias);
  function->addParamAttr(0, llvm::Attribute::ReadOnly);
  function->addParamAttr(0, llvm::Attribute::getWithDereferenceableBytes(context, 32));
  function->addParamAttr(3, llvm::Attribute::getWithAlignment(context, llvm::Align(64)));
  return function;
}

}  // namespace

std::unique_ptr<llvm::Module> emit(const loop::Kernel& kernel, const Target& target,
                                   const std::string& symbol, llvm::LLVMContext& context) {
  auto module = std::make_unique<llvm::Module>(symbol, context);
  llvm::Function* function = declare(*module, target, symbol);
  IR ir(llvm::BasicBlock::Create(context, "entry", function));
  Emitter(ir, kernel, function).run();
  return module;
}

}  // namespace nnc
