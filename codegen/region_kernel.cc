#include "codegen/region_kernel.h"

#include <algorithm>
#include <numeric>

#include "codegen/core_rates.h"
#include "codegen/monoid.h"

namespace nnc {

using loop::Val;

namespace {

const RegionAttrs& attrs_of(const Graph& graph, NodeId region) {
  return graph.node(region).as<RegionAttrs>();
}

std::vector<int> input_buffers(const Graph& body) {
  std::vector<int> out(body.inputs().size());
  std::iota(out.begin(), out.end(), 0);
  return out;
}

// Scalars (learning rates, counters) do not decide the width of what they are broadcast into.
int vector_lanes(const Graph& body, const Target& target) {
  bool wide = false;
  for (const Node& n : body.nodes()) {
    for (const Type& t : n.results) {
      bool counts = t.rank() > 0 && t.dtype != DType::Bool && t.dtype != DType::U8;
      if (counts && size_of(t.dtype) <= 4) return target.vector_bytes / 4;
      wide = wide || (counts && size_of(t.dtype) == 8);
    }
  }
  return target.vector_bytes / (wide ? 8 : 4);
}

void declare_buffers(const Graph& body, loop::Builder& b) {
  int group = 0;
  for (size_t i = 0; i < body.inputs().size(); ++i) {
    const Node& n = body.node(body.inputs()[i]);
    b.buffer({n.as<InputAttrs>().name, n.results[0].dtype, loop::BufferRole::Operand, static_cast<int>(i),
              element_count(n.results[0].shape), group++});
  }
  for (size_t i = 0; i < body.outputs().size(); ++i) {
    const Type& t = body.type(body.outputs()[i].value);
    b.buffer({body.outputs()[i].name, t.dtype, loop::BufferRole::Result, static_cast<int>(i),
              element_count(t.shape), group++});
  }
}

// One operation per element of every elementwise op and of every operand folded.
Dim operations(const Graph& body) {
  Dim sum = 0;
  std::vector<bool> live = live_nodes(body);
  for (NodeId id = 0; id < body.size(); ++id) {
    const Node& n = body.node(id);
    if (!live[id]) continue;
    if (is_elementwise(n.op)) sum = sum + element_count(n.results[0].shape);
    if (is_fold(n.op) || n.op == Op::Unwindow || n.op == Op::ScatterAdd) {
      sum = sum + element_count(body.type(n.operands.back()).shape);
    }
  }
  return sum;
}

}  // namespace

bool is_expensive(Op op) {
  switch (op) {
    case Op::Exp:
    case Op::Expm1:
    case Op::Log:
    case Op::Log1p:
    case Op::Sin:
    case Op::Cos:
    case Op::Tanh:
    case Op::Erf:
    case Op::Pow:
    case Op::Random:
    case Op::Gather:
      return true;
    case Op::Input:
    case Op::Param:
    case Op::Constant:
    case Op::Iota:
    case Op::Extent:
    case Op::Neg:
    case Op::Abs:
    case Op::Sqrt:
    case Op::Floor:
    case Op::IsFinite:
    case Op::Not:
    case Op::Cast:
    case Op::StopGradient:
    case Op::Barrier:
    case Op::Add:
    case Op::Sub:
    case Op::Mul:
    case Op::Div:
    case Op::Max:
    case Op::Min:
    case Op::Lt:
    case Op::Le:
    case Op::Eq:
    case Op::Ne:
    case Op::And:
    case Op::Or:
    case Op::Select:
    case Op::Reshape:
    case Op::Permute:
    case Op::Broadcast:
    case Op::Slice:
    case Op::Pad:
    case Op::Concat:
    case Op::Reverse:
    case Op::Window:
    case Op::Unwindow:
    case Op::ScatterAdd:
    case Op::Reduce:
    case Op::ArgMax:
    case Op::ArgMin:
    case Op::Dot:
    case Op::Scan:
    case Op::Region:
      return false;
  }
  return false;
}

RegionKernel::RegionKernel(const Graph& graph, NodeId region, const Target& target, const Bindings& expected)
    : body(*attrs_of(graph, region).body.graph),
      target(target),
      b(kernel),
      pull(b, body, input_buffers(body)),
      lanes(vector_lanes(body, target)),
      expected_(expected) {
  kernel.name = attrs_of(graph, region).name;
  declare_buffers(body, b);
}

int RegionKernel::scratch(const std::string& name, DType dtype, const Dim& count) {
  b.dim(count);  // its symbols must be the kernel's
  int group = static_cast<int>(kernel.buffers.size());
  return b.buffer({name, dtype, loop::BufferRole::Scratch, 0, count, group});
}

void RegionKernel::may_alias(NodeId input, size_t result) {
  auto at = std::find(body.inputs().begin(), body.inputs().end(), input) - body.inputs().begin();
  int& group = kernel.buffers[static_cast<size_t>(at)].alias_group;
  int from = group, to = kernel.buffers[static_cast<size_t>(result_buffer(result))].alias_group;
  for (loop::Buffer& buffer : kernel.buffers) {
    if (buffer.alias_group == from) buffer.alias_group = to;
  }
}

void RegionKernel::vector_loop(Val lo, Val hi, const Dim* length, const VectorBody& body) {
  bool known = length && length->is_constant();
  int64_t rest = known ? length->value() % lanes : 1;
  Val count = b.sub(hi, lo);
  Val whole = b.add(lo, b.sub(count, b.irem(count, b.index(lanes))));
  if (rest == 0) whole = hi;
  if (!known || length->value() >= lanes) b.for_each(lo, whole, lanes, [&](Val iv) { body(iv, {}); });
  if (rest == 0) return;
  b.if_then(b.lt(whole, hi), [&] { body(whole, b.lane_mask(b.sub(hi, whole), lanes)); });
}

void RegionKernel::unrolled_loop(Val lo, Val hi, int unroll, const VectorBody& body) {
  Val count = b.sub(hi, lo), rest = b.irem(count, b.index(int64_t{unroll} * lanes));
  Val whole = b.add(lo, b.sub(count, rest));
  b.for_each(lo, whole, int64_t{unroll} * lanes, [&](Val iv) {
    for (int u = 0; u < unroll; ++u) body(b.add(iv, b.index(u * lanes)), {});
  });
  b.for_each(whole, hi, lanes, [&](Val iv) { body(iv, b.lane_mask(b.sub(hi, iv), lanes)); });
}

void RegionKernel::store(size_t result, const std::vector<IndexExpr>& index, Val value, const Lanes& lanes) {
  IndexExpr offset = linearize(index, result_shape(result));
  int buffer = result_buffer(result);
  if (lanes.count == 1) return b.store(buffer, pull.scalar(offset), value);
  std::optional<Dim> step = offset.coefficient(lanes.variable);
  if (step && step->is(1)) {
    Val at = pull.scalar(offset);
    return lanes.active.valid() ? b.masked_store(buffer, at, value, lanes.active)
                                : b.store(buffer, at, value);
  }
  Val all = b.broadcast(b.immediate(Literal::from_int(DType::Bool, 1)), lanes.count);
  b.scatter(buffer, pull.index(offset, lanes), value, lanes.active.valid() ? lanes.active : all);
}

bool RegionKernel::requests_memory(int64_t row_bytes) const {
  return is_large() && (core_rates(target).requests_streams || row_bytes > target.l1_bytes);
}

Dim RegionKernel::bytes() const {
  Dim sum = 0;
  for (const loop::Buffer& buffer : kernel.buffers) {
    if (buffer.role != loop::BufferRole::Scratch) sum = sum + buffer.count * Dim(size_of(buffer.dtype));
  }
  return sum;
}

loop::Kernel RegionKernel::finish() {
  b.finish();
  kernel.flops = operations(body);
  kernel.bytes = bytes();
  return std::move(kernel);
}

}  // namespace nnc
