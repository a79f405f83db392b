// One line per elementwise primitive.
#include "codegen/emit_ops.h"

#include <cassert>
#include <limits>

#include "codegen/avx512.h"
#include "codegen/vector_math.h"

namespace nnc {
namespace {

// a / b of integers, b not 0. There is no vector instruction for it: types that a float holds exactly are divided as
// floats, where the quotient is too far from the next whole number to be rounded up to it. (LLVM 19 also drops the
// division of bytes by some constant vectors.)
Vec quotient(Vec a, Vec b, bool is_signed) {
  IR& ir = *a.ir;
  unsigned bits = a.value->getType()->getScalarSizeInBits();
  if (bits > 32) return a.with(is_signed ? ir.CreateSDiv(a.value, b.value) : ir.CreateUDiv(a.value, b.value));
  llvm::Type* type = a.value->getType()->getWithNewType(bits <= 8 ? ir.getFloatTy() : ir.getDoubleTy());
  auto widen = [&](Vec x) {
    return is_signed ? ir.CreateSIToFP(x.value, type) : ir.CreateUIToFP(x.value, type);
  };
  llvm::Value* q = ir.CreateFDiv(widen(a), widen(b));
  return a.with(is_signed ? ir.CreateFPToSI(q, a.value->getType()) : ir.CreateFPToUI(q, a.value->getType()));
}

// Division by 0 gives 0 and the smallest by -1 wraps; neither may reach the machine's instruction, which
// traps.
Vec integer_div(Vec a, Vec b, bool is_signed) {
  IR& ir = *a.ir;
  Vec zero = a.with(ir.CreateICmpEQ(b.value, b.integer(0).value));
  if (!is_signed) return select(zero, a.integer(0), quotient(a, select(zero, b.integer(1), b), false));
  Vec minus_one = a.with(ir.CreateICmpEQ(b.value, b.integer(-1).value));
  Vec divisor = select(zero | minus_one, b.integer(1), b);
  return select(zero, a.integer(0), select(minus_one, a.integer(0) - a, quotient(a, divisor, true)));
}

Vec binary_intrinsic(llvm::Intrinsic::ID id, Vec a, Vec b) {
  return a.with(a.ir->CreateBinaryIntrinsic(id, a.value, b.value));
}

Vec emit_abs(Vec x, bool is_signed) {
  if (x.is_float()) return abs(x);
  if (!is_signed) return x;
  return x.with(x.ir->CreateBinaryIntrinsic(llvm::Intrinsic::abs, x.value, x.ir->getFalse()));
}

// `usual`, and NaN where one of the two is: a mask for what makes it, and a register's copy.
Vec unless_nan(Vec a, Vec b, Vec usual) {
  llvm::Value* ordered = a.ir->CreateFCmpORD(a.value, b.value);
  return select(a.with(ordered), usual, a.with(llvm::ConstantFP::getNaN(a.type())));
}

Vec emit_max(Vec a, Vec b, bool is_signed) {
  if (is_avx512(a)) return unless_nan(a, b, larger(a, b));
  if (a.is_float()) return binary_intrinsic(llvm::Intrinsic::maximum, a, b);
  return binary_intrinsic(is_signed ? llvm::Intrinsic::smax : llvm::Intrinsic::umax, a, b);
}

Vec emit_min(Vec a, Vec b, bool is_signed) {
  if (is_avx512(a)) return unless_nan(a, b, smaller(a, b));
  if (a.is_float()) return binary_intrinsic(llvm::Intrinsic::minimum, a, b);
  return binary_intrinsic(is_signed ? llvm::Intrinsic::smin : llvm::Intrinsic::umin, a, b);
}

Vec emit_div(Vec a, Vec b, bool is_signed) { return a.is_float() ? a / b : integer_div(a, b, is_signed); }

Vec compare(Op op, Vec a, Vec b, bool is_signed) {
  using P = llvm::CmpInst::Predicate;
  struct Row {
    Op op;
    P on_float, on_signed, on_unsigned;
  };
  static constexpr Row rows[] = {{Op::Lt, P::FCMP_OLT, P::ICMP_SLT, P::ICMP_ULT},
                                 {Op::Le, P::FCMP_OLE, P::ICMP_SLE, P::ICMP_ULE},
                                 {Op::Eq, P::FCMP_OEQ, P::ICMP_EQ, P::ICMP_EQ},
                                 {Op::Ne, P::FCMP_UNE, P::ICMP_NE, P::ICMP_NE}};
  const Row* row = std::find_if(std::begin(rows), std::end(rows), [&](const Row& r) { return r.op == op; });
  assert(row != std::end(rows));
  P predicate = a.is_float() ? row->on_float : is_signed ? row->on_signed : row->on_unsigned;
  return a.with(a.ir->CreateCmp(predicate, a.value, b.value));
}

}  // namespace

Vec emit_apply(Op op, DType from, DType to, std::span<const Vec> args) {
  assert(is_elementwise(op));
  const Vec& a = args[0];
  const Vec& b = args[args.size() > 1 ? 1 : 0];
  const Vec& c = args.back();
  bool is_signed = from == DType::I32 || from == DType::I64;
  bool orders = has_trait(op, kPredicate) && args.size() == 2;
  // bf16 is compared as the numbers its bits stand for.
  if (orders && from == DType::BF16) {
    return compare(op, emit_cast(a, from, DType::F32), emit_cast(b, from, DType::F32), true);
  }
  switch (op) {
    case Op::Neg:
      return a.is_float() ? -a : a.integer(0) - a;
    case Op::Abs:
      return emit_abs(a, is_signed);
    case Op::Exp:
      return emit_exp(a);
    case Op::Expm1:
      return emit_expm1(a);
    case Op::Log:
      return emit_log(a);
    case Op::Log1p:
      return emit_log1p(a);
    case Op::Sqrt:
      return sqrt(a);
    case Op::Sin:
      return emit_sin(a);
    case Op::Cos:
      return emit_cos(a);
    case Op::Tanh:
      return emit_tanh(a);
    case Op::Erf:
      return emit_erf(a);
    case Op::Floor:
      return floor(a);
    case Op::IsFinite:
      return abs(a) < std::numeric_limits<double>::infinity();
    case Op::Not:
      return !a;
    case Op::Cast:
      return emit_cast(a, from, to);
    case Op::StopGradient:
    case Op::Barrier:
      return a;
    case Op::Add:
      return a + b;
    case Op::Sub:
      return a - b;
    case Op::Mul:
      return a * b;
    case Op::Div:
      return emit_div(a, b, is_signed);
    case Op::Max:
      return emit_max(a, b, is_signed);
    case Op::Min:
      return emit_min(a, b, is_signed);
    case Op::Pow:
      return emit_pow(a, b);
    case Op::Lt:
    case Op::Le:
    case Op::Eq:
    case Op::Ne:
      return compare(op, a, b, is_signed);
    case Op::And:
      return a & b;
    case Op::Or:
      return a | b;
    case Op::Select:
      return select(a, b, c);
    case Op::Input:
    case Op::Param:
    case Op::Constant:
    case Op::Iota:
    case Op::Extent:
    case Op::Random:
    case Op::Reshape:
    case Op::Permute:
    case Op::Broadcast:
    case Op::Slice:
    case Op::Pad:
    case Op::Concat:
    case Op::Reverse:
    case Op::Window:
    case Op::Unwindow:
    case Op::Gather:
    case Op::ScatterAdd:
    case Op::Reduce:
    case Op::ArgMax:
    case Op::ArgMin:
    case Op::Dot:
    case Op::Scan:
    case Op::Region:
      break;
  }
  assert(false && "not an elementwise primitive");
  return a;
}

// Of whole vectors for AVX-512: NaN is looked for once, not at every step.
Vec extremum_of_lanes(Op op, Vec x) {
  Vec nan = any_of(is_nan(x));
  for (int half = x.lanes() / 2; half >= 1; half /= 2) {
    std::vector<int> other;
    for (int i = 0; i < x.lanes(); ++i) other.push_back(i ^ half);
    Vec turned = x.with(x.ir->CreateShuffleVector(x.value, other));
    x = op == Op::Max ? larger(x, turned) : smaller(x, turned);
  }
  Vec first = x.with(x.ir->CreateExtractElement(x.value, uint64_t{0}));
  return select(nan, std::numeric_limits<double>::quiet_NaN(), first);
}

Vec emit_reduce_lanes(Op op, DType dtype, Vec x) {
  if (x.lanes() == 1 && !x.type()->isVectorTy()) return x;
  if (op == Op::And) return all_of(x);
  if (op == Op::Or) return any_of(x);
  if ((op == Op::Max || op == Op::Min) && is_avx512(x)) return extremum_of_lanes(op, x);
  for (int half = x.lanes() / 2; half >= 1; half /= 2) {
    std::vector<int> low, high;
    for (int i = 0; i < half; ++i) low.push_back(i), high.push_back(i + half);
    Vec halves[] = {x.with(x.ir->CreateShuffleVector(x.value, low)),
                    x.with(x.ir->CreateShuffleVector(x.value, high))};
    x = emit_apply(op, dtype, dtype, halves);
  }
  return x.with(x.ir->CreateExtractElement(x.value, uint64_t{0}));
}

}  // namespace nnc
