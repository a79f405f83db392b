#include "codegen/avx512.h"

#include <llvm/IR/IntrinsicsX86.h>

namespace nnc {
namespace {

constexpr uint32_t kCurrentRounding = 4;

llvm::Value* all_lanes(Vec x) {
  return llvm::Constant::getAllOnesValue(x.ir->getIntNTy(static_cast<unsigned>(x.lanes())));
}

// vrange: bits 0 and 1 say which of the two, 2 that its sign is kept.
Vec range(Vec a, Vec b, uint32_t which) {
  bool wide = a.type()->getScalarSizeInBits() == 64;
  auto id =
      wide ? llvm::Intrinsic::x86_avx512_mask_range_pd_512 : llvm::Intrinsic::x86_avx512_mask_range_ps_512;
  IR& ir = *a.ir;
  llvm::Value* args[] = {a.value, b.value,      ir.getInt32(which | 4),
                         a.value, all_lanes(a), ir.getInt32(kCurrentRounding)};
  return a.with(ir.CreateIntrinsic(id, {}, args));
}

}  // namespace

bool is_avx512(Vec x) {
  if (!x.is_float() || x.type()->getPrimitiveSizeInBits().getFixedValue() != 512) return false;
  llvm::Function* function = x.ir->GetInsertBlock()->getParent();
  return function->getFnAttribute("min-legal-vector-width").getValueAsString() == "512" &&
         function->getFnAttribute("target-features").getValueAsString().contains("+avx512dq");
}

Vec scale_by_power(Vec x, Vec n) {
  IR& ir = *x.ir;
  llvm::Value* args[] = {x.value, n.value, x.value, all_lanes(x), ir.getInt32(kCurrentRounding)};
  return x.with(ir.CreateIntrinsic(llvm::Intrinsic::x86_avx512_mask_scalef_ps_512, {}, args));
}

Vec smaller(Vec a, Vec b) { return range(a, b, 0); }
Vec larger(Vec a, Vec b) { return range(a, b, 1); }

}  // namespace nnc
