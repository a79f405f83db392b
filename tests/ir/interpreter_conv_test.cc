// Convolution and max pooling as the composites write them, against PyTorch's conv2d and max_pool2d.
#include <cmath>

#include <gtest/gtest.h>

#include "tests/support/eval.h"

namespace nnc::test {
namespace {

using Values = std::vector<Value>;

// i % period - offset, in row-major order.
Tensor sawtooth(std::vector<int64_t> shape, int64_t period, int64_t offset) {
  Tensor out(DType::F64, std::move(shape));
  for (int64_t i = 0; i < out.count(); ++i) out.set(i, static_cast<double>(i % period - offset));
  return out;
}

Value pad_image(Builder& b, Value x, double value) {
  return b.pad(x, {0, 0, 1, 1}, {0, 0, 1, 1}, {0, 0, 0, 0}, Literal::from_double(DType::F64, value));
}

// torch.nn.functional.conv2d(x, w, stride=(2, 1), padding=1, dilation=(1, 2))
TEST(InterpretConvolution, IsDotOfWindowOfPad) {
  Tensor x = sawtooth({2, 2, 5, 6}, 7, 3), w = sawtooth({3, 2, 3, 2}, 5, 2);
  Tensor y = eval({x, w}, [](Builder& b, const Values& v) {
    Value windows = b.window(pad_image(b, v[0], 0), {{2, 3, 2, 1}, {3, 2, 1, 2}});
    return b.permute(b.dot(windows, v[1], {{}, {}, {1, 4, 5}, {1, 2, 3}, DType::F64}), {0, 3, 1, 2});
  });
  EXPECT_EQ(y, f64({2, 3, 3, 6},
                   {5,  14,  1,   2,   -11, -1, 1,   -18, 21,  18,  1,   -5,  5,  -10, 4,   -10, 4,   3,
                    3,  -6,  -2,  -5,  -1,  -4, -12, 10,  11,  -2,  6,   0,   -9, -3,  -16, 13,  14,  -4,
                    -4, -1,  -5,  -2,  -6,  3,  15,  28,  -14, -7,  -14, -5,  2,  -11, 14,  11,  -6,  -1,
                    -9, -3,  -16, 13,  14,  -4, 4,   -2,  -19, -1,  -18, 15,  -1, 4,   4,   4,   -10, 2,
                    2,  -11, 14,  11,  -6,  -1, 6,   -7,  1,   -19, 10,  7,   5,  1,   2,   -11, -3,  -7,
                    -7, 11,  14,  -11, -1,  -3, -7,  -7,  -14, 28,  28,  -11, 1,  -2,  -5,  -1,  -11, 9}));
}

// torch.nn.functional.max_pool2d(x, 3, stride=2, padding=1): overlapping windows.
TEST(InterpretMaxPool, IsReduceMaxOfWindowOfPad) {
  Tensor y = eval({sawtooth({2, 2, 5, 6}, 7, 3)}, [](Builder& b, const Values& v) {
    return b.reduce_max(b.window(pad_image(b, v[0], -INFINITY), {{2, 3, 2}, {3, 3, 2}}), {4, 5});
  });
  EXPECT_EQ(y, f64({2, 2, 3, 3}, {3, 0, 2, 3, 3, 1, 2,  3, 3, 0, 2, 3, 3, 1, 3, 3, 3, 1,
                                  2, 3, 3, 1, 3, 3, -1, 1, 3, 3, 3, 1, 3, 3, 3, 1, 3, 3}));
}

}  // namespace
}  // namespace nnc::test
