#include "codegen/avx512.h"

#include <algorithm>
#include <numeric>

#include <llvm/IR/IntrinsicsX86.h>

namespace nnc {
namespace {

constexpr uint32_t kCurrentRounding = 4, kUpward = 8 | 2;

llvm::Value* all_lanes(Vec x) {
  return llvm::Constant::getAllOnesValue(x.ir->getIntNTy(static_cast<unsigned>(x.lanes())));
}

// vrange: bits 0 and 1 say which of the two, 2 and 3 whose sign.
constexpr uint32_t kSmaller = 0, kLarger = 1, kNearerToZero = 2, kItsSign = 4;

Vec range(Vec a, Vec b, uint32_t which) {
  bool wide = a.type()->getScalarSizeInBits() == 64;
  auto id =
      wide ? llvm::Intrinsic::x86_avx512_mask_range_pd_512 : llvm::Intrinsic::x86_avx512_mask_range_ps_512;
  IR& ir = *a.ir;
  llvm::Value* args[] = {a.value, b.value,      ir.getInt32(which),
                         a.value, all_lanes(a), ir.getInt32(kCurrentRounding)};
  return a.with(ir.CreateIntrinsic(id, {}, args));
}

bool has_avx512(Vec x) { return is_for_avx512(*x.ir->GetInsertBlock()->getParent()); }

// vfpclass: a bit for each kind of number.
constexpr uint32_t kDenormal = 0x20, kNotFinite = 0x01 | 0x08 | 0x10 | 0x80;

Vec is_of_class(Vec x, uint32_t classes) {
  IR& ir = *x.ir;
  return x.with(
      ir.CreateIntrinsic(llvm::Intrinsic::x86_avx512_fpclass_ps_512, {}, {x.value, ir.getInt32(classes)}));
}

uint64_t bits_of(Vec x) { return x.type()->getPrimitiveSizeInBits().getFixedValue(); }

// The first lanes of x, or all of it and more without a value.
Vec with_lanes(Vec x, int lanes) {
  std::vector<int> taken(static_cast<size_t>(lanes), llvm::PoisonMaskElem);
  std::iota(taken.begin(), taken.begin() + std::min(lanes, x.lanes()), 0);
  return x.with(x.ir->CreateShuffleVector(x.value, taken));
}

llvm::Constant* register_of(IR& ir, std::span<const float> numbers) {
  return llvm::ConstantDataVector::get(ir.getContext(), llvm::ArrayRef(numbers.data(), numbers.size()));
}

}  // namespace

bool is_for_avx512(const llvm::Function& function) {
  return function.getFnAttribute("min-legal-vector-width").getValueAsString() == "512" &&
         function.getFnAttribute("target-features").getValueAsString().contains("+avx512dq");
}

bool is_avx512(Vec x) { return x.is_float() && bits_of(x) == 512 && has_avx512(x); }

bool fits_avx512(Vec x) {
  return x.type()->getScalarType()->isFloatTy() && bits_of(x) <= 512 && has_avx512(x);
}

Vec on_whole_vector(Vec x, const std::function<Vec(Vec)>& f) {
  if (bits_of(x) == 512) return f(x);
  if (x.type()->isVectorTy()) return with_lanes(f(with_lanes(x, 16)), x.lanes());
  llvm::Value* none = llvm::PoisonValue::get(llvm::FixedVectorType::get(x.type(), 16));
  Vec wide = f(x.with(x.ir->CreateInsertElement(none, x.value, uint64_t{0})));
  return x.with(x.ir->CreateExtractElement(wide.value, uint64_t{0}));
}

Vec scale_by_power(Vec x, Vec n) {
  IR& ir = *x.ir;
  llvm::Value* args[] = {x.value, n.value, x.value, all_lanes(x), ir.getInt32(kCurrentRounding)};
  return x.with(ir.CreateIntrinsic(llvm::Intrinsic::x86_avx512_mask_scalef_ps_512, {}, args));
}

Vec smaller(Vec a, Vec b) { return range(a, b, kSmaller | kItsSign); }
Vec larger(Vec a, Vec b) { return range(a, b, kLarger | kItsSign); }
Vec nearer_to_zero(Vec x, double magnitude) { return range(x, x.number(magnitude), kNearerToZero); }

Vec lookup(Vec place, std::span<const float> table) {
  IR& ir = *place.ir;
  llvm::Value *index = bits(place).value, *low = register_of(ir, table.first(16));
  if (table.size() == 16)
    return place.with(ir.CreateIntrinsic(llvm::Intrinsic::x86_avx512_permvar_sf_512, {}, {low, index}));
  llvm::Value* args[] = {low, index, register_of(ir, table.last(16))};
  return place.with(ir.CreateIntrinsic(llvm::Intrinsic::x86_avx512_vpermi2var_ps_512, {}, args));
}

Vec estimated_reciprocal(Vec x) {
  return x.with(
      x.ir->CreateIntrinsic(llvm::Intrinsic::x86_avx512_rcp14_ps_512, {}, {x.value, x.value, all_lanes(x)}));
}

Vec fma_upward(Vec a, Vec b, Vec c) {
  return a.with(a.ir->CreateIntrinsic(llvm::Intrinsic::x86_avx512_vfmadd_ps_512, {},
                                      {a.value, b.value, c.value, a.ir->getInt32(kUpward)}));
}

Vec is_denormal(Vec x) { return is_of_class(x, kDenormal); }
Vec is_denormal_or_not_finite(Vec x) { return is_of_class(x, kDenormal | kNotFinite); }

}  // namespace nnc
