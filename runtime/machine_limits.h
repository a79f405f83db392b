// What the machine can do at the moment, measured: the lines of a roofline. Shared machines drift, so measure close to
// whatever is compared.
#pragma once

#include <string>

#include "ir/dtype.h"

namespace nnc {

struct MachineLimits {
  double gflops = 0;             // fused multiply-adds in registers, two operations each
  double gbytes_per_second = 0;  // a = b + 3c over arrays far larger than the caches, three arrays counted
};

/// The limits of `threads` threads together on the target ("host", "avx2", …; see Target::named), from about a tenth
/// of a second each. `dtype` is f32 or f64: of the arithmetic.
MachineLimits measure_machine(int threads, const std::string& target = "host", DType dtype = DType::F32);

}  // namespace nnc
