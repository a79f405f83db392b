#include "tests/codegen/machines.h"

namespace nnc::test {

Target sapphire_rapids() {
  return {.cpu = "sapphirerapids",
          .features = {},
          .vector_bytes = 64,
          .vector_registers = 32,
          .fma = true,
          .streams = true,
          .l1_bytes = 48 << 10,
          .l2_bytes = 2 << 20};
}

Target zen4() {
  Target target = sapphire_rapids();
  target.cpu = "znver4";
  target.l1_bytes = 32 << 10;
  target.l2_bytes = 1 << 20;
  return target;
}

void as_zen4(Target& target) {
  if (target.vector_bytes < zen4().vector_bytes) return;
  target.cpu = zen4().cpu;
  target.l1_bytes = zen4().l1_bytes;
  target.l2_bytes = zen4().l2_bytes;
}

}  // namespace nnc::test
