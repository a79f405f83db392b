#include "passes/strip.h"

#include "passes/rewrite.h"

namespace nnc {

Graph strip_stop_gradients(const Graph& source) {
  auto emit = [](Builder&, const Node& n, const std::vector<Value>& operands) {
    return n.op == Op::StopGradient ? operands : std::vector<Value>{};
  };
  return rebuild(source, emit, Bodies::Visit);
}

}  // namespace nnc
