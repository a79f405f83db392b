// Machines that plans are made for wherever the tests run, by their numbers.
#pragma once

#include "codegen/target.h"

namespace nnc::test {

/// Two multiply-adds of 512 bits a cycle.
Target sapphire_rapids();
/// One of 512 bits, two of 256.
Target zen4();

/// Plans as on Zen 4, where the vectors are those of AVX-512.
void as_zen4(Target& target);

}  // namespace nnc::test
