// Quick divisions: bit for bit those of the machine, and taken where the divider is what a loop waits for, no further.
#include <bit>
#include <cstdlib>
#include <numeric>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "ir/philox.h"
#include "tests/codegen/run_kernel.h"

namespace nnc {
namespace {

using loop::Builder;
using loop::Val;
using Body = std::function<Val(Builder&, Val, Val)>;

loop::Kernel kernel_of(const Body& body) {
  return test::map_kernel(
      {DType::F32, DType::F32}, {DType::F32}, 16,
      [&](Builder& b, std::span<const Val> in) { return std::vector{body(b, in[0], in[1])}; });
}

Val number(Builder& b, Val like, double x) {
  return b.broadcast(b.literal(Literal::from_double(DType::F32, x)), b.type(like).lanes);
}

Val quotient(Builder& b, Val x, Val y) { return b.apply(Op::Div, {x, y}); }

// The end of Adam's update, and of rmsprop's: a division beside a square root.
Val update(Builder& b, Val m, Val v) {
  return quotient(b, m, b.add(b.apply(Op::Sqrt, {v}), number(b, v, 1e-8)));
}

Val sigmoid(Builder& b, Val x, Val y) {
  Val e = b.apply(Op::Exp, {b.apply(Op::Neg, {b.mul(x, y)})});
  return quotient(b, number(b, x, 1), b.add(number(b, x, 1), e));
}

// A quotient in a loop that waits for memory.
Val stream(Builder& b, Val x, Val y) {
  b.prefetch(0, b.index(0), 1);
  return quotient(b, x, y);
}

// Sixteen at a time over the first element of the second buffer.
loop::Kernel over_one() {
  loop::Kernel kernel;
  Builder b(kernel);
  for (int i = 0; i < 3; ++i) {
    auto role = i < 2 ? loop::BufferRole::Operand : loop::BufferRole::Result;
    b.buffer({.name = "b", .dtype = DType::F32, .role = role, .count = Dim::symbol("N"), .alias_group = i});
  }
  Val divisor = b.broadcast(b.load(1, b.index(0)), 16);
  b.for_each(b.index(0), b.dim(Dim::symbol("N")), 16,
             [&](Val i) { b.store(2, i, quotient(b, b.load(0, i, 16), divisor)); });
  b.finish();
  return kernel;
}

bool is_quick(const loop::Kernel& kernel) {
  return assembly_text(kernel, Target::named("avx512")).find("vrcp14ps") != std::string::npos;
}

bool is_quick_on(const std::string& cpu) {
  Target target = Target::named("avx512");
  target.cpu = cpu;
  return assembly_text(kernel_of(update), target).find("vrcp14ps") != std::string::npos;
}

float from_bits(uint32_t bits) { return std::bit_cast<float>(bits); }

// Pairs are divided by the kernel as many at a time, and each compared with the machine's quotient.
class BalanceDivisions : public testing::Test {
 protected:
  static constexpr size_t kBatch = 1 << 16;

  void SetUp() override {
    Target host = Target::host();
    bool intel = host.cpu.find("lake") != std::string::npos || host.cpu.find("rapids") != std::string::npos;
    if (!intel || host.vector_bytes != 64)
      GTEST_SKIP() << host.cpu << " is no processor of Intel's with AVX-512";
    jit_.emplace(Target::named("avx512"));
  }

  void add(float a, float b) {
    a_.push_back(a);
    b_.push_back(b);
    if (a_.size() == kBatch) divide();
  }

  void divide() {
    while (a_.size() % 16 != 0) a_.push_back(1), b_.push_back(1);
    Tensor a = tensor(a_), b = tensor(b_), q(DType::F32, a.shape());
    test::run(*jit_, kernel_, {&a, &b, &q}, {{"N", a.count()}});
    for (size_t i = 0; i < a_.size(); ++i) check(a_[i], one_divisor_ ? b_[0] : b_[i], q.as<float>()[i]);
    a_.clear();
    b_.clear();
  }

  void over_one_divisor() {
    kernel_ = over_one();
    one_divisor_ = true;
  }

  loop::Kernel kernel_ = kernel_of(quotient);
  std::optional<Jit> jit_;
  int64_t wrong_ = 0;

 private:
  static Tensor tensor(const std::vector<float>& values) {
    Tensor t(DType::F32, {static_cast<int64_t>(values.size())});
    std::ranges::copy(values, t.as<float>().begin());
    return t;
  }

  void check(float a, float b, float got) {
    float want = a / b;
    if (std::bit_cast<uint32_t>(got) == std::bit_cast<uint32_t>(want) || ++wrong_ > 10) return;
    ADD_FAILURE() << fmt::format("{:a} / {:a} is {:a}, not {:a}", a, b, want, got);
  }

  std::vector<float> a_, b_;
  bool one_divisor_ = false;
};

// Zeros, denormals and their border, powers of two, the largest and their neighbours, infinities and NaN; sixteen of each
// exponent, for zeros are not to be tried beside NaN alone, where no division is quick.
std::vector<float> special_numbers() {
  std::vector<float> out;
  for (uint32_t exponent : {0, 1, 2, 23, 24, 63, 64, 126, 127, 128, 190, 191, 192, 252, 253, 254, 255}) {
    for (uint32_t mantissa : {0, 1, 2, 0x3fffff, 0x400000, 0x400001, 0x7ffffe, 0x7fffff}) {
      for (uint32_t sign : {0, 1}) out.push_back(from_bits(sign << 31 | exponent << 23 | mantissa));
    }
  }
  return out;
}

// Others estimate reciprocals by other bits, and divide in less time.
TEST(BalanceDivisionsOn, IntelsProcessorsAlone) {
  if (Target::host().vector_bytes != 64) GTEST_SKIP() << "this machine has no AVX-512";
  for (const char* cpu : {"icelake-server", "sapphirerapids"}) EXPECT_TRUE(is_quick_on(cpu)) << cpu;
  for (const char* cpu : {"znver4", "znver5", "x86-64-v4"}) EXPECT_FALSE(is_quick_on(cpu)) << cpu;
}

TEST_F(BalanceDivisions, KeepSpecialNumbers) {
  ASSERT_TRUE(is_quick(kernel_));
  for (float a : special_numbers()) {
    for (float b : special_numbers()) add(a, b);
  }
  divide();
}

TEST_F(BalanceDivisions, KeepSpecialNumbersOverOneDivisor) {
  over_one_divisor();
  ASSERT_TRUE(is_quick(kernel_));
  for (float b : special_numbers()) {
    for (float a : special_numbers()) add(a, b);
    divide();
  }
}

TEST_F(BalanceDivisions, KeepRandomBits) {
  RandomStream random("division", 1, 2);
  for (uint64_t i = 0; i < 500'000; ++i) {
    PhiloxCounter words = random.block(i);
    add(from_bits(words[0]), from_bits(words[1]));
    // Quotients around the smallest numbers: the exponents 126 to 153 apart.
    uint32_t low = words[2] >> 23 & 31, high = low + 126 + words[3] % 28;
    add(from_bits((words[2] & 0x807fffff) | low << 23), from_bits((words[3] & 0x807fffff) | high << 23));
  }
  divide();
}

// x with a x = 1 modulo m, of which a is no divisor.
int64_t inverse(int64_t a, int64_t m) {
  int64_t r = m, x = 1, y = 0;
  for (a %= m; r != 0;) {
    int64_t q = a / r;
    a = std::exchange(r, a - q * r);
    x = std::exchange(y, x - q * y);
  }
  return x < 0 ? x + m : x;
}

// The hardest pairs of mantissas: a 2^shift is a multiple of b but for a remainder of at most 10. Where it is an odd multiple,
// which is where rounding turns, what is rounded is nearer than 6.1 to the true quotient.
template <class Add>
void for_each_hard(int64_t b, const Add& add) {
  int64_t odd = b >> std::countr_zero(static_cast<uint64_t>(b));
  if (odd == 1) return;
  for (int shift : {24, 25}) {
    int64_t first = shift == 24 ? b : 1 << 23, end = shift == 24 ? 1 << 24 : b;
    int64_t per_remainder = inverse((int64_t{1} << shift) % odd, odd);
    for (int64_t remainder = -10; remainder <= 10; ++remainder) {
      if (remainder == 0 || remainder % (b / odd) != 0) continue;
      int64_t a = per_remainder * (remainder + odd * 10) % odd;
      for (a += (first - a + odd - 1) / odd * odd; a < end; a += odd) add(a);
    }
  }
}

// NNC_DIVISORS=all tries the 105 million pairs of all mantissas.
TEST_F(BalanceDivisions, RoundTheHardestRight) {
  const char* wanted = std::getenv("NNC_DIVISORS");
  int64_t step = wanted != nullptr && std::string(wanted) == "all" ? 1 : 61;
  int64_t pairs = 0;
  for (int64_t b = 1 << 23; b < 1 << 24; b += step) {
    for_each_hard(b, [&](int64_t a) {
      ++pairs;
      add(static_cast<float>(a), static_cast<float>(b));
    });
  }
  divide();
  EXPECT_GT(pairs, 100'000'000 / step);
}

TEST_F(BalanceDivisions, AreQuickWhereTheDividerIsWaitedFor) {
  EXPECT_TRUE(is_quick(kernel_of(quotient)));
  EXPECT_TRUE(is_quick(kernel_of(update)));
  EXPECT_FALSE(is_quick(kernel_of(sigmoid)));
  EXPECT_FALSE(is_quick(kernel_of(stream)));
  EXPECT_TRUE(is_quick(over_one()));
}

TEST_F(BalanceDivisions, KeepTheBitsOfAnUpdate) {
  constexpr int64_t kCount = 1 << 12;
  Tensor m(DType::F32, {kCount}), v(DType::F32, {kCount}), got(DType::F32, {kCount}), want = got;
  RandomStream random("moments", 3, 4);
  for (int64_t i = 0; i < kCount; ++i) {
    PhiloxCounter words = random.block(static_cast<uint64_t>(i));
    m.set(i, i % 5 == 0 ? 0.0 : uniform_f32(words[0]) - 0.5);
    v.set(i, i % 5 == 0 ? 0.0 : uniform_f32(words[1]));
  }
  test::run(*jit_, kernel_of(update), {&m, &v, &got}, {{"N", kCount}});
  for (int64_t i = 0; i < kCount; ++i) {
    float root = std::sqrt(v.as<float>()[static_cast<size_t>(i)]) + 1e-8F;
    want.as<float>()[static_cast<size_t>(i)] = m.as<float>()[static_cast<size_t>(i)] / root;
  }
  EXPECT_EQ(got, want);
}

}  // namespace
}  // namespace nnc
