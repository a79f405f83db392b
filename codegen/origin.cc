#include "codegen/origin.h"

namespace nnc {

Value origin(const Graph& body, Value v) {
  for (;;) {
    const Node& n = body.node(v);
    if (n.op != Op::Broadcast && n.op != Op::Reshape && n.op != Op::Permute && n.op != Op::Slice) return v;
    v = n.operands[0];
  }
}

std::optional<Literal> literal_everywhere(const Graph& body, Value v) {
  const Node& n = body.node(origin(body, v));
  if (n.op != Op::Constant) return std::nullopt;
  return n.as<ConstantAttrs>().value;
}

}  // namespace nnc
