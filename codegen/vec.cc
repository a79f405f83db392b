#include "codegen/vec.h"

#include <llvm/IR/Module.h>

namespace nnc {

namespace {

llvm::Type* element_type(IR& ir, DType dtype) {
  switch (dtype) {
    case DType::F32:
      return ir.getFloatTy();
    case DType::F64:
      return ir.getDoubleTy();
    case DType::BF16:
      return ir.getInt16Ty();
    case DType::I32:
      return ir.getInt32Ty();
    case DType::I64:
      return ir.getInt64Ty();
    case DType::U8:
      return ir.getInt8Ty();
    case DType::Bool:
      return ir.getInt1Ty();
  }
  return nullptr;
}

llvm::Type* with_lanes(llvm::Type* scalar, int lanes) {
  return lanes == 1 ? scalar : llvm::FixedVectorType::get(scalar, static_cast<unsigned>(lanes));
}

Vec unary(llvm::Intrinsic::ID id, Vec a) { return a.with(a.ir->CreateUnaryIntrinsic(id, a.value)); }

llvm::FunctionCallee libm_function(IR& ir, const char* name, size_t arity) {
  llvm::Module* module = ir.GetInsertBlock()->getModule();
  std::vector<llvm::Type*> params(arity, ir.getDoubleTy());
  // A name LLVM does not know: it must neither fold the call nor turn it into another.
  auto callee = module->getOrInsertFunction(std::string("nnc_libm_") + name,
                                            llvm::FunctionType::get(ir.getDoubleTy(), params, false));
  auto* function = llvm::cast<llvm::Function>(callee.getCallee());
  function->setDoesNotThrow();
  function->setWillReturn();
  function->setDoesNotAccessMemory();
  return callee;
}

// The mask as one number.
llvm::Value* mask_bits(Vec mask) {
  return mask.ir->CreateBitCast(mask.value, mask.ir->getIntNTy(static_cast<unsigned>(mask.lanes())));
}

}  // namespace

llvm::Type* register_type(IR& ir, loop::VType type) {
  return with_lanes(element_type(ir, type.dtype), type.lanes);
}

llvm::Type* memory_type(IR& ir, loop::VType type) {
  return with_lanes(type.dtype == DType::Bool ? ir.getInt8Ty() : element_type(ir, type.dtype), type.lanes);
}

llvm::Constant* constant(IR& ir, const Literal& literal) {
  llvm::Type* type = element_type(ir, literal.dtype);
  llvm::APInt bits(64, literal.bits);
  if (type->isIntegerTy()) return llvm::ConstantInt::get(type, bits.trunc(type->getIntegerBitWidth()));
  bits = bits.trunc(type->getPrimitiveSizeInBits().getFixedValue());
  return llvm::ConstantFP::get(ir.getContext(), llvm::APFloat(type->getFltSemantics(), bits));
}

llvm::Type* with_element(llvm::Type* like, llvm::Type* scalar) {
  auto* vector = llvm::dyn_cast<llvm::FixedVectorType>(like);
  return vector ? llvm::FixedVectorType::get(scalar, vector->getNumElements()) : scalar;
}

int Vec::lanes() const {
  auto* vector = llvm::dyn_cast<llvm::FixedVectorType>(type());
  return vector ? static_cast<int>(vector->getNumElements()) : 1;
}

Vec operator+(Vec a, Vec b) {
  return a.with(a.is_float() ? a.ir->CreateFAdd(a.value, b.value) : a.ir->CreateAdd(a.value, b.value));
}
Vec operator-(Vec a, Vec b) {
  return a.with(a.is_float() ? a.ir->CreateFSub(a.value, b.value) : a.ir->CreateSub(a.value, b.value));
}
Vec operator*(Vec a, Vec b) {
  return a.with(a.is_float() ? a.ir->CreateFMul(a.value, b.value) : a.ir->CreateMul(a.value, b.value));
}
Vec operator/(Vec a, Vec b) { return a.with(a.ir->CreateFDiv(a.value, b.value)); }
Vec operator-(Vec a) { return a.with(a.ir->CreateFNeg(a.value)); }
Vec fma(Vec a, Vec b, Vec c) {
  return a.with(a.ir->CreateIntrinsic(llvm::Intrinsic::fma, {a.type()}, {a.value, b.value, c.value}));
}
Vec abs(Vec a) { return unary(llvm::Intrinsic::fabs, a); }
Vec sqrt(Vec a) { return unary(llvm::Intrinsic::sqrt, a); }
Vec floor(Vec a) { return unary(llvm::Intrinsic::floor, a); }
Vec copysign(Vec magnitude, Vec sign) {
  return sign.with(sign.ir->CreateBinaryIntrinsic(llvm::Intrinsic::copysign, magnitude.value, sign.value));
}

Vec bits(Vec a) {
  llvm::Type* integer = a.ir->getIntNTy(a.type()->getScalarSizeInBits());
  return a.with(a.ir->CreateBitCast(a.value, with_element(a.type(), integer)));
}
Vec as_float(Vec a) {
  bool wide = a.type()->getScalarSizeInBits() == 64;
  llvm::Type* element = wide ? a.ir->getDoubleTy() : a.ir->getFloatTy();
  return a.with(a.ir->CreateBitCast(a.value, with_element(a.type(), element)));
}
Vec to_f64(Vec a) { return a.with(a.ir->CreateFPExt(a.value, with_element(a.type(), a.ir->getDoubleTy()))); }
Vec to_f32(Vec a) { return a.with(a.ir->CreateFPTrunc(a.value, with_element(a.type(), a.ir->getFloatTy()))); }

Vec operator<(Vec a, Vec b) { return a.with(a.ir->CreateFCmpOLT(a.value, b.value)); }
Vec operator>(Vec a, Vec b) { return a.with(a.ir->CreateFCmpOGT(a.value, b.value)); }
Vec eq(Vec a, Vec b) { return a.with(a.ir->CreateFCmpOEQ(a.value, b.value)); }
Vec ne(Vec a, Vec b) { return a.with(a.ir->CreateFCmpUNE(a.value, b.value)); }
Vec is_nan(Vec a) { return a.with(a.ir->CreateFCmpUNO(a.value, a.value)); }

Vec operator&(Vec a, Vec b) { return a.with(a.ir->CreateAnd(a.value, b.value)); }
Vec operator|(Vec a, Vec b) { return a.with(a.ir->CreateOr(a.value, b.value)); }
Vec operator^(Vec a, Vec b) { return a.with(a.ir->CreateXor(a.value, b.value)); }
Vec operator!(Vec mask) { return mask.with(mask.ir->CreateNot(mask.value)); }
Vec shift_left(Vec a, int n) { return a.with(a.ir->CreateShl(a.value, static_cast<uint64_t>(n))); }
Vec shift_right(Vec a, int n) { return a.with(a.ir->CreateLShr(a.value, static_cast<uint64_t>(n))); }
Vec shift_right_arithmetic(Vec a, int n) {
  return a.with(a.ir->CreateAShr(a.value, static_cast<uint64_t>(n)));
}

Vec select(Vec mask, Vec a, Vec b) { return a.with(a.ir->CreateSelect(mask.value, a.value, b.value)); }

Vec all_of(Vec mask) { return mask.with(mask.ir->CreateIsNull(mask.ir->CreateNot(mask_bits(mask)))); }
Vec any_of(Vec mask) { return mask.with(mask.ir->CreateIsNotNull(mask_bits(mask))); }

Vec replace_where(Vec mask, Vec usual, const std::function<Vec()>& rare) {
  IR& ir = *usual.ir;
  llvm::BasicBlock* before = ir.GetInsertBlock();
  llvm::Function* function = before->getParent();
  llvm::BasicBlock* on_rare = llvm::BasicBlock::Create(ir.getContext(), "rare", function);
  llvm::BasicBlock* join = llvm::BasicBlock::Create(ir.getContext(), "join", function);
  ir.CreateCondBr(any_of(mask).value, on_rare, join);
  ir.SetInsertPoint(on_rare);
  Vec replaced = select(mask, rare(), usual);
  on_rare = ir.GetInsertBlock();
  ir.CreateBr(join);
  ir.SetInsertPoint(join);
  llvm::PHINode* result = ir.CreatePHI(usual.type(), 2);
  result->addIncoming(usual.value, before);
  result->addIncoming(replaced.value, on_rare);
  return usual.with(result);
}

Vec libm(const char* name, std::initializer_list<Vec> args) {
  Vec first = *args.begin();
  IR& ir = *first.ir;
  llvm::FunctionCallee callee = libm_function(ir, name, args.size());
  auto call = [&](auto&& lane_of) {
    std::vector<llvm::Value*> operands;
    for (Vec v : args) operands.push_back(lane_of(v.value));
    return ir.CreateCall(callee, operands);
  };
  if (!first.type()->isVectorTy()) return first.with(call([](llvm::Value* v) { return v; }));
  llvm::Value* result = llvm::PoisonValue::get(first.type());
  for (int i = 0; i < first.lanes(); ++i) {
    auto lane = static_cast<uint64_t>(i);
    result = ir.CreateInsertElement(
        result, call([&](llvm::Value* v) { return ir.CreateExtractElement(v, lane); }), lane);
  }
  return first.with(result);
}

}  // namespace nnc
