// Differentiate, cross the seam, update.
#include "passes/training_step.h"

#include <algorithm>

#include <fmt/format.h>

#include "ir/error.h"
#include "ir/net.h"
#include "passes/differentiate.h"
#include "passes/merge_scans.h"
#include "passes/rewrite.h"
#include "passes/scan_hoist.h"

namespace nnc {
namespace {

Value loss_of(const Graph& g) {
  const Output* loss = g.find_output(kLossOutput);
  if (loss == nullptr) throw Error("nothing to train: the graph has no output 'loss'");
  const Type& type = g.type(loss->value);
  if (!type.is_scalar() || !is_float(type.dtype)) {
    throw Error(fmt::format("the loss must be one float, and is {}", type.str()));
  }
  return loss->value;
}

std::vector<ParamGradient> param_gradients(Builder& b, Value loss) {
  const Graph& g = b.graph();
  std::vector<bool> read = ancestors(g, {loss});
  std::vector<ParamGradient> out;
  std::vector<Value> params;
  for (NodeId id : g.params()) {
    const auto& attrs = g.node(id).as<ParamAttrs>();
    if (!attrs.trainable || !read[id] || !is_float(attrs.type.dtype)) continue;
    params.push_back({id, 0});
    out.push_back({attrs.path, {id, 0}, {}});
  }
  if (params.empty()) throw Error("nothing to train: the loss depends on no trainable parameter");
  std::vector<Value> found = gradients(b, loss, params);
  for (size_t i = 0; i < out.size(); ++i) out[i].gradient = found[i];
  return out;
}

// State writes that hold on to the old value unless `finite`.
class StateWriter {
 public:
  StateWriter(Builder& b, Value finite) : b_(b), finite_(finite) {}

  void write(const std::string& path, Value old, Value next) {
    b_.graph().add_output({path, b_.select(finite_, next, old), true});
  }
  void write_state(const std::string& path, Value next) {
    write(path, b_.param(path, b_.type(next), false), next);
  }

 private:
  Builder& b_;
  Value finite_;
};

// "update.h.linear.weight", a scope per part.
ScopeId update_scope(Graph& g, const std::string& path) {
  ScopeId scope = g.scope(0, "update");
  for (size_t at = 0; at < path.size();) {
    size_t end = std::min(path.find('.', at), path.size());
    scope = g.scope(scope, path.substr(at, end - at));
    at = end + 1;
  }
  return scope;
}

void update(Builder& b, const Seam& seam, const OptimizerSpec& optimizer, Value next_step,
            StateWriter& writer) {
  Value rate = b.input(kLearningRateInput, {DType::F64, {}});
  for (const ParamGradient& p : seam.gradients) {
    b.set_scope(update_scope(b.graph(), p.path));
    Update u = apply_optimizer(b, optimizer, p.param, p.gradient, rate, next_step);
    writer.write(p.path, p.param, u.param);
    for (const auto& [path, value] : u.state) writer.write_state(path, value);
  }
  b.set_scope(0);
}

}  // namespace

// Scans are hoisted first: what has left a scan before differentiation needs no saving and no way back.
Graph training_step(const Graph& model, const OptimizerSpec& optimizer,
                    const std::vector<GradientTransform>& transforms) {
  Graph train = hoist_scans(model);
  Rebuild to(train);
  for (NodeId id = 0; id < train.size(); ++id) to.keep(id);
  Builder& b = to.builder();
  b.set_scope(0);
  b.set_loc({});

  Seam seam{to(loss_of(train)), {}};
  seam.gradients = param_gradients(b, seam.loss);
  for (const GradientTransform& transform : transforms) transform(b, seam);

  for (const Output& out : train.outputs()) {
    if (!out.state_write) b.graph().add_output({out.name, to(out.value), false});
  }
  StateWriter writer(b, b.unary(Op::IsFinite, seam.loss));
  Value step = b.param(kStepParam, {DType::I64, {}}, false);
  Value next_step = b.add(step, b.constant(Literal::from_int(DType::I64, 1)));
  update(b, seam, optimizer, next_step, writer);
  for (const Output& out : train.outputs()) {
    if (out.state_write) writer.write_state(out.name, to(out.value));
  }
  writer.write(kStepParam, step, next_step);
  return eliminate_dead_code(merge_scans(b.graph()));
}

}  // namespace nnc
