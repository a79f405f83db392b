// Every instruction of the loop form other than the elementwise primitives: small kernels with known results.
#include <cmath>
#include <limits>
#include <numeric>

#include <gtest/gtest.h>

#include "ir/philox.h"
#include "tests/codegen/run_kernel.h"

namespace nnc {
namespace {

using loop::Buffer;
using loop::BufferRole;
using loop::Builder;
using loop::Val;

class Instructions : public testing::TestWithParam<std::string> {
 protected:
  Jit jit{Target::named(GetParam())};

  // Runs what `body` writes over `buffers` (dtypes, all in alias groups of their own), `tensors` in the same
  // order.
  uint32_t run(const std::vector<Tensor*>& tensors, const std::function<void(Builder&)>& body,
               const Bindings& dims = {}) {
    loop::Kernel kernel;
    Builder b(kernel);
    for (size_t i = 0; i < tensors.size(); ++i) {
      b.buffer({.name = "b",
                .dtype = tensors[i]->dtype(),
                .role = BufferRole::Result,
                .index = static_cast<int>(i),
                .count = tensors[i]->count(),
                .alias_group = static_cast<int>(i)});
    }
    body(b);
    b.finish();
    return test::run(jit, kernel, tensors, dims);
  }
};

std::vector<double> counting(int64_t n, double first = 0) {
  std::vector<double> v(static_cast<size_t>(n));
  std::iota(v.begin(), v.end(), first);
  return v;
}

Tensor count_up(DType dtype, int64_t n, double first = 0) {
  return Tensor::from(dtype, {n}, counting(n, first));
}

TEST_P(Instructions, FmaRoundsOnce) {
  for (DType dtype : {DType::F32, DType::F64}) {
    double e = dtype == DType::F32 ? 0x1p-23 : 0x1p-52;
    for (int lanes : {1, 8, 16}) {
      Tensor y(dtype, {16});
      run({&y}, [&](Builder& b) {
        auto splat = [&](double x) { return b.broadcast(b.literal(Literal::from_double(dtype, x)), lanes); };
        b.store(0, b.index(0), b.fma(splat(1 + e), splat(1 - e), splat(-1)));
      });
      EXPECT_EQ(y.get(lanes - 1), -e * e);
    }
  }
}

TEST_P(Instructions, DividesIndices) {
  const int64_t numbers[] = {0, 1, 2, 3, 7, 8, 255, 1000, 1023, 1 << 20, 123456789, (int64_t{1} << 51) - 1};
  std::vector<std::pair<int64_t, int64_t>> pairs;
  for (int64_t a : numbers) {
    for (int64_t b : numbers) {
      if (b > 0) pairs.emplace_back(a, b);
    }
  }
  for (int lanes : {1, 4, 8}) {
    int64_t n = static_cast<int64_t>(pairs.size()) / lanes * lanes;
    Tensor x(DType::I64, {n}), y(DType::I64, {n}), q(DType::I64, {n}), r(DType::I64, {n});
    for (int64_t i = 0; i < n; ++i) {
      x.set_int(i, pairs[static_cast<size_t>(i)].first);
      y.set_int(i, pairs[static_cast<size_t>(i)].second);
    }
    run({&x, &y, &q, &r}, [&](Builder& b) {
      b.for_each(b.index(0), b.index(n), lanes, [&](Val i) {
        Val a = b.load(0, i, lanes), d = b.load(1, i, lanes);
        b.store(2, i, b.idiv(a, d));
        b.store(3, i, b.irem(a, d));
      });
    });
    for (int64_t i = 0; i < n; ++i) {
      auto [a, d] = pairs[static_cast<size_t>(i)];
      EXPECT_EQ(q.get_int(i), a / d) << a << " / " << d;
      EXPECT_EQ(r.get_int(i), a % d) << a << " % " << d;
    }
  }
}

TEST_P(Instructions, DividesVectorsByPowersOfTwo) {
  const std::vector<int64_t> numbers = {0, 1, 3, 255, 256, 257, (int64_t{1} << 52) - 1, int64_t{1} << 40};
  const auto n = static_cast<int64_t>(numbers.size());
  for (int64_t divisor : {int64_t{1}, int64_t{2}, int64_t{256}, int64_t{1} << 31}) {
    Tensor x(DType::I64, {n}), q(DType::I64, {n}), r(DType::I64, {n});
    for (int64_t i = 0; i < n; ++i) x.set_int(i, numbers[static_cast<size_t>(i)]);
    run({&x, &q, &r}, [&](Builder& b) {
      Val a = b.load(0, b.index(0), static_cast<int>(n));
      b.store(1, b.index(0), b.idiv(a, b.index(divisor)));
      b.store(2, b.index(0), b.irem(a, b.index(divisor)));
    });
    for (int64_t i = 0; i < n; ++i) {
      EXPECT_EQ(q.get_int(i), x.get_int(i) / divisor) << x.get_int(i) << " / " << divisor;
      EXPECT_EQ(r.get_int(i), x.get_int(i) % divisor) << x.get_int(i) << " % " << divisor;
    }
  }
}

TEST_P(Instructions, MovesLanes) {
  Tensor x = count_up(DType::F32, 16, 1), y(DType::F32, {8}), z(DType::F32, {1}), w(DType::I32, {8});
  run({&x, &y, &z, &w}, [&](Builder& b) {
    Val lo = b.load(0, b.index(0), 8), hi = b.load(0, b.index(8), 8);
    Val mixed = b.shuffle(lo, hi, {0, 8, 1, 9, 15, 7, 3, 3});
    b.store(1, b.index(0), mixed);
    b.store(2, b.index(0), b.extract(mixed, 4));
    b.store(3, b.index(0), b.iota(8, DType::I32));
  });
  EXPECT_EQ(y, Tensor::from(DType::F32, {8}, {1, 9, 2, 10, 16, 8, 4, 4}));
  EXPECT_EQ(z.get(0), 16);
  EXPECT_EQ(w, count_up(DType::I32, 8));
}

TEST_P(Instructions, ReducesLanesInATree) {
  // Halving: (0 + 4) + (2 + 6) ... with numbers whose sum depends on the order.
  std::vector<float> v = {1e8f, 1, -1e8f, 1, 1, 1e8f, 1, -1e8f};
  float want = ((v[0] + v[4]) + (v[2] + v[6])) + ((v[1] + v[5]) + (v[3] + v[7]));
  Tensor x(DType::F32, {8}), y(DType::F32, {4}), flags(DType::Bool, {2});
  for (int64_t i = 0; i < 8; ++i) x.set(i, v[static_cast<size_t>(i)]);
  run({&x, &y, &flags}, [&](Builder& b) {
    Val a = b.load(0, b.index(0), 8);
    int64_t at = 0;
    for (Op op : {Op::Add, Op::Max, Op::Min, Op::Mul}) b.store(1, b.index(at++), b.reduce_lanes(op, a));
    Val positive = b.lt(b.broadcast(b.immediate(Literal::from_double(DType::F32, 0)), 8), a);
    b.store(2, b.index(0), b.reduce_lanes(Op::And, positive));
    b.store(2, b.index(1), b.reduce_lanes(Op::Or, positive));
  });
  EXPECT_EQ(y, Tensor::from(DType::F32, {4}, {want, 1e8f, -1e8f, 1e8f * 1e8f * 1e8f * 1e8f}));
  EXPECT_EQ(flags, Tensor::from(DType::Bool, {2}, {0, 1}));
}

// The first three lanes only: the tensor ends there, and whatever follows must stay as it was.
// The largest and the smallest of zeros of both signs and, in any lane, of NaN and what is less than all.
TEST_P(Instructions, ExtremaOfLanesKnowNanAndZeros) {
  const double none = std::numeric_limits<double>::quiet_NaN(), inf = std::numeric_limits<double>::infinity();
  for (DType dtype : {DType::F32, DType::F64}) {
    for (int lanes : {2, 4, 8, 16}) {
      for (int at = 0; at < lanes; ++at) {
        for (double odd : {0.0, none, -inf}) {
          std::vector<double> v(static_cast<size_t>(lanes), -0.0);
          v[static_cast<size_t>(at)] = odd;
          Tensor x = Tensor::from(dtype, {lanes}, v), y(dtype, {2});
          run({&x, &y}, [&](Builder& b) {
            Val a = b.load(0, b.index(0), lanes);
            b.store(1, b.index(0), b.reduce_lanes(Op::Max, a));
            b.store(1, b.index(1), b.reduce_lanes(Op::Min, a));
          });
          SCOPED_TRACE(std::to_string(lanes) + " lanes, " + std::to_string(odd) + " in " +
                       std::to_string(at));
          EXPECT_EQ(std::isnan(y.get(0)), std::isnan(odd));
          EXPECT_EQ(std::isnan(y.get(1)), std::isnan(odd));
          if (std::isnan(odd)) continue;
          EXPECT_EQ(y.get(0), 0);
          EXPECT_EQ(std::signbit(y.get(0)), odd != 0);
          EXPECT_EQ(y.get(1), odd == 0 ? 0 : odd);
          EXPECT_TRUE(std::signbit(y.get(1)));
        }
      }
    }
  }
}

TEST_P(Instructions, MasksLoadsAndStores) {
  for (DType dtype : kAllDTypes) {
    if (dtype == DType::Bool) continue;
    for (int lanes : {1, 4, 8, 16}) {
      int64_t valid = std::min(3, lanes);
      Tensor x = count_up(dtype, 64, 1), y = Tensor::filled({64}, Literal::from_int(dtype, 9)),
             full(dtype, {64});
      run({&x, &y, &full}, [&](Builder& b) {
        Val mask = b.lane_mask(b.index(valid), lanes);
        Val fill = b.literal(Literal::from_int(dtype, 7));
        Val v = b.masked_load(0, b.index(5), mask, fill);
        b.masked_store(1, b.index(1), v, mask);
        b.store(2, b.index(0), v);
      });
      for (int64_t i = 0; i < 64; ++i) {
        bool written = i >= 1 && i < 1 + valid;
        EXPECT_EQ(y.get(i), written ? 5 + i : 9) << name_of(dtype) << " x" << lanes << " at " << i;
        EXPECT_EQ(full.get(i), i >= lanes  ? 0
                               : i < valid ? 6 + i
                                           : 7)
            << name_of(dtype) << " x" << lanes << " at " << i;
      }
    }
  }
}

TEST_P(Instructions, GathersAndScatters) {
  for (DType dtype : kAllDTypes) {
    if (dtype == DType::Bool) continue;
    for (int lanes : {1, 8, 16}) {
      Tensor x = count_up(dtype, 64), y(dtype, {64}), z = Tensor::filled({64}, Literal::from_int(dtype, 99));
      run({&x, &y, &z}, [&](Builder& b) {
        Val offsets = b.mul(b.iota(lanes), b.broadcast(b.index(3), lanes));
        Val mask = b.lane_mask(b.index(lanes == 1 ? 1 : lanes - 1), lanes);
        Val v = b.gather(0, offsets, mask, b.literal(Literal::from_int(dtype, 77)));
        b.store(1, b.index(0), v);
        b.scatter(2, offsets, v, mask);
      });
      for (int64_t i = 0; i < lanes; ++i) {
        bool on = lanes == 1 || i + 1 < lanes;
        EXPECT_EQ(y.get(i), on ? 3 * i : 77);
        EXPECT_EQ(z.get(3 * i), on ? 3 * i : 99);
        EXPECT_EQ(z.get(3 * i + 1), 99);
      }
    }
  }
}

TEST_P(Instructions, ScattersTheLastOfEqualOffsets) {
  Tensor y(DType::F32, {4}), x = count_up(DType::F32, 8, 1);
  run({&x, &y}, [&](Builder& b) {
    Val offsets = b.irem(b.iota(8), b.broadcast(b.index(2), 8));
    Val on = b.lane_mask(b.index(8), 8);
    b.scatter(1, offsets, b.load(0, b.index(0), 8), on);
  });
  EXPECT_EQ(y, Tensor::from(DType::F32, {4}, {7, 8, 0, 0}));
}

TEST_P(Instructions, KeepsBoolsAsBytes) {
  Tensor x = Tensor::from(DType::Bool, {16}, {1, 0, 0, 1, 1, 1, 0, 1, 0, 1, 1, 0, 1, 0, 0, 0}),
         y(DType::Bool, {16}), z = y;
  run({&x, &y, &z}, [&](Builder& b) {
    b.store(1, b.index(0), b.apply(Op::Not, {b.load(0, b.index(0), 16)}));
    Val mask = b.lane_mask(b.index(3), 16);
    Val v = b.masked_load(0, b.index(0), mask, b.immediate(Literal::from_int(DType::Bool, 1)));
    b.masked_store(2, b.index(0), v, b.lane_mask(b.index(5), 16));
  });
  for (int64_t i = 0; i < 16; ++i) {
    EXPECT_EQ(y.get(i), 1 - x.get(i));
    EXPECT_EQ(z.get(i), i < 3 ? x.get(i) : i < 5);
  }
}

TEST_P(Instructions, DrawsPhiloxWords) {
  const uint64_t key = 0xa4093822299f31d0, counter = 0x0370734413198a2e, block = 0x85a308d3243f6a88;
  for (int lanes : {1, 8}) {
    Tensor y(DType::I64, {32});
    run({&y}, [&](Builder& b) {
      auto number = [&](uint64_t x) { return b.immediate({DType::I64, x}); };
      Val blocks = b.add(b.broadcast(number(block), lanes), b.iota(lanes));
      for (int w = 0; w < 4; ++w)
        b.store(0, b.index(w * lanes), b.philox(number(key), blocks, number(counter), w));
    });
    for (int64_t i = 0; i < lanes; ++i) {
      uint64_t at = block + static_cast<uint64_t>(i);
      PhiloxCounter c{static_cast<uint32_t>(at), static_cast<uint32_t>(at >> 32),
                      static_cast<uint32_t>(counter), static_cast<uint32_t>(counter >> 32)};
      PhiloxCounter want = philox4x32(c, {static_cast<uint32_t>(key), static_cast<uint32_t>(key >> 32)});
      for (int64_t w = 0; w < 4; ++w) EXPECT_EQ(y.get_int(w * lanes + i), want[static_cast<size_t>(w)]);
    }
  }
}

TEST_P(Instructions, ReportsIndices) {
  for (bool bad : {false, true}) {
    Tensor y(DType::F32, {1});
    uint32_t status =
        run({&y}, [&](Builder& b) { b.report_index(b.lt(b.task_begin(), b.index(bad ? 1 : 0))); });
    EXPECT_EQ(status, bad ? uint32_t{kIndexOutOfRange} : 0u);
  }
}

TEST_P(Instructions, LoopsCarryValues) {
  for (int64_t n : {0, 1, 5}) {
    Tensor y(DType::I64, {2});
    run({&y},
        [&](Builder& b) {
          Val end = b.dim(Dim::symbol("N"));
          // Fibonacci: a loop of which the body swaps what it carries.
          auto out =
              b.for_loop(b.index(0), end, 1, {b.index(0), b.index(1)}, [&](Val, std::span<const Val> c) {
                return std::vector<Val>{c[1], b.add(c[0], c[1])};
              });
          b.store(0, b.index(0), out[0]);
          b.store(0, b.index(1), out[1]);
        },
        {{"N", n}});
    const int64_t fibonacci[] = {0, 1, 1, 2, 3, 5, 8};
    EXPECT_EQ(y.get_int(0), fibonacci[n]);
    EXPECT_EQ(y.get_int(1), fibonacci[n + 1]);
  }
}

TEST_P(Instructions, NestsLoopsAndConditionals) {
  Tensor y(DType::I64, {12});
  run({&y}, [&](Builder& b) {
    b.for_each(b.index(0), b.index(3), 1, [&](Val i) {
      b.for_each(b.index(0), b.index(4), 1, [&](Val j) {
        auto value = b.if_else(
            b.lt(j, i), [&] { return std::vector{b.mul(i, b.index(10))}; }, [&] { return std::vector{j}; });
        b.if_then(b.lt(b.index(0), b.add(i, j)),
                  [&] { b.store(0, b.add(b.mul(i, b.index(4)), j), value[0]); });
      });
    });
  });
  EXPECT_EQ(y, Tensor::from(DType::I64, {12}, {0, 1, 2, 3, 10, 1, 2, 3, 20, 20, 2, 3}));
}

TEST_P(Instructions, PlacesScratchOnCacheLines) {
  Tensor y(DType::F32, {32});
  run({&y},
      [&](Builder& b) {
        int first = b.buffer({.name = "s",
                              .dtype = DType::F32,
                              .role = BufferRole::Scratch,
                              .count = Dim::symbol("N"),
                              .alias_group = 1});
        int second = b.buffer(
            {.name = "t", .dtype = DType::F32, .role = BufferRole::Scratch, .count = 16, .alias_group = 2});
        Val n = b.dim(Dim::symbol("N"));
        b.for_each(b.index(0), b.index(16), 1, [&](Val i) { b.store(second, i, b.cast(i, DType::F32)); });
        b.for_each(b.index(0), n, 1,
                   [&](Val i) { b.store(first, i, b.immediate(Literal::from_double(DType::F32, -1))); });
        b.store(0, b.index(0), b.load(second, b.index(0), 16));
        b.store(0, b.index(16), b.load(first, b.index(0), 16));
      },
      {{"N", 17}});
  for (int64_t i = 0; i < 16; ++i) {
    EXPECT_EQ(y.get(i), i);
    EXPECT_EQ(y.get(16 + i), -1);
  }
}

// Results may be the operands' memory where the alias group says so.
TEST_P(Instructions, RespectsAliasGroups) {
  loop::Kernel kernel;
  Builder b(kernel);
  for (BufferRole role : {BufferRole::Operand, BufferRole::Result})
    b.buffer({.name = "x", .dtype = DType::F32, .role = role, .count = 2, .alias_group = 0});
  Val before = b.load(0, b.index(0));
  b.store(1, b.index(0), b.add(before, before));
  b.store(1, b.index(1), b.load(0, b.index(0)));
  b.finish();
  Tensor x = Tensor::from(DType::F32, {2}, {3, 4});
  test::run(jit, kernel, {&x, &x});
  EXPECT_EQ(x, Tensor::from(DType::F32, {2}, {6, 6}));
}

TEST_P(Instructions, SplitsTasks) {
  loop::Kernel kernel;
  Builder b(kernel);
  b.buffer({.name = "y", .dtype = DType::I64, .role = BufferRole::Result, .count = 5});
  kernel.tasks = {{Dim::symbol("N"), 2}};
  b.for_each(b.task_begin(), b.task_end(), 1, [&](Val t) { b.store(0, t, b.add(t, b.index(1))); });
  b.finish();
  Tensor y(DType::I64, {5});
  EXPECT_EQ(task_count(kernel, {{"N", 9}}), 5);
  KernelFunction function = jit.compile(kernel);
  void* buffers[] = {y.bytes().data()};
  uint32_t status = 0;
  KernelCall call{buffers, nullptr, nullptr, &status};
  function(&call, 1, 3, nullptr);
  EXPECT_EQ(y, Tensor::from(DType::I64, {5}, {0, 2, 3, 0, 0}));
}

INSTANTIATE_TEST_SUITE_P(Targets, Instructions, testing::ValuesIn(test::testable_targets()),
                         [](const auto& info) { return info.param; });

}  // namespace
}  // namespace nnc
