// An LSTM over T steps, the recurrence that tests of scans share.
#pragma once

#include "tests/support/eval.h"

namespace nnc::test {

/// Results: the last h and c, and every h. Operands: x [T, B, I], h and c [B, H], w [I + H, 4 H], bias [4 H], in f64.
std::vector<Value> lstm(Builder& b, const std::vector<Value>& v);

/// T 4, B 2, I 3, H 2.
std::vector<Tensor> lstm_inputs();

}  // namespace nnc::test
