// Differentiate, cross the seam, update.
#include "passes/training_step.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "ir/error.h"
#include "ir/net.h"
#include "ir/placed_error.h"
#include "passes/differentiate.h"
#include "passes/gradient_rules.h"
#include "passes/gradient_seam.h"
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

bool is_frozen(const UpdateSpec& update, const std::string& path) {
  const ParamGroup* group = group_of(update, path);
  return group != nullptr && group->frozen;
}

[[noreturn]] void refuse_constant(const std::vector<std::string>& frozen) {
  if (frozen.empty()) {
    throw Error("nothing to train: the loss depends on no trainable parameter",
                {"make it of an output of the model, as in `loss cross_entropy(logits, digit)`"});
  }
  throw Error(fmt::format("nothing to train: every parameter that the loss depends on is frozen: {}",
                          fmt::join(frozen, ", ")),
              {"leave one of them out of the groups with `frozen = true`"});
}

// At least one parameter must be reached on the way back; else: the ops where it ends.
void check_flow(const Graph& g, Value loss, const std::vector<bool>& read, const std::vector<Value>& params) {
  std::vector<bool> varies = varying(g, params);
  if (varies[loss.node]) return;
  std::vector<std::string> notes;
  for (NodeId id = 0; id < g.size(); ++id) {
    const std::vector<Value>& operands = g.node(id).operands;
    if (read[id] && !varies[id] && std::ranges::any_of(operands, [&](Value v) { return varies[v.node]; }))
      notes.push_back(fmt::format("nothing flows back through {}", describe(g, id)));
  }
  notes.push_back(
      "make it of numbers that change with the parameters, as scores do and the index of the best does not: "
      "`loss cross_entropy(logits, digit)`");
  throw Error("nothing to train: the loss depends on trainable parameters only by ways that pass no gradient",
              std::move(notes));
}

std::vector<ParamGradient> param_gradients(Builder& b, Value loss, const UpdateSpec& update) {
  const Graph& g = b.graph();
  std::vector<bool> read = ancestors(g, {loss});
  std::vector<ParamGradient> out;
  std::vector<Value> params;
  std::vector<std::string> frozen;
  for (NodeId id : g.params()) {
    const auto& attrs = g.node(id).as<ParamAttrs>();
    if (!attrs.trainable || !read[id] || !is_float(attrs.type.dtype)) continue;
    if (is_frozen(update, attrs.path)) {
      frozen.push_back(attrs.path);
      continue;
    }
    params.push_back({id, 0});
    out.push_back({attrs.path, {id, 0}, {}});
  }
  if (params.empty()) refuse_constant(frozen);
  check_flow(g, loss, read, params);
  std::vector<Value> found = gradients(b, loss, params);
  for (size_t i = 0; i < out.size(); ++i) out[i].gradient = found[i];
  return out;
}

// State writes that hold on to the old value unless the condition is met.
class StateWriter {
 public:
  StateWriter(Builder& b, Value condition) : b_(b), condition_(condition) {}

  void write(const std::string& path, Value old, Value next) {
    b_.graph().add_output({path, b_.select(condition_, next, old), true});
  }
  void write_state(const std::string& path, Value next) {
    write(path, b_.param(path, b_.type(next), false), next);
  }

 private:
  Builder& b_;
  Value condition_;
};

Value next_integer(Builder& b, Value x) { return b.add(x, b.constant(Literal::from_int(DType::I64, 1))); }

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

// average += (1 - decay) (new - average), in the arithmetic's type.
Value next_average(Builder& b, const std::string& path, Value param, double decay) {
  Type type{average_type(b.dtype(param)), b.shape(param)};
  Value average = b.param(average_path(path), type, false);
  Value distance = b.sub(b.cast(param, type.dtype), average);
  return b.add(average, b.mul(b.scalar(type.dtype, 1 - decay), distance));
}

Value rate_for(Builder& b, Value rate, const UpdateSpec& update, const std::string& path) {
  const ParamGroup* group = group_of(update, path);
  return group && group->rate != 1 ? b.mul(rate, b.scalar(DType::F64, group->rate)) : rate;
}

// `count` is the number of this update, from 1.
void write_updates(Builder& b, const Seam& seam, const UpdateSpec& update, Value count, StateWriter& writer) {
  b.set_loc(update.loc);
  Value rate = b.input(kLearningRateInput, {DType::F64, {}});
  for (const ParamGradient& p : seam.gradients) {
    b.set_scope(update_scope(b.graph(), p.path));
    OptimizerSpec optimizer = optimizer_for(update, p.path);
    Update u = apply_optimizer(b, optimizer, p.param, p.gradient, rate_for(b, rate, update, p.path), count);
    writer.write(p.path, p.param, u.param);
    for (const auto& [path, value] : u.state) writer.write_state(path, value);
    if (update.average)
      writer.write_state(average_path(p.path), next_average(b, p.path, u.param, *update.average));
  }
  b.set_scope(0);
  b.set_loc({});
}

Seam cross_seam(Builder& b, Value loss, const UpdateSpec& update,
                const std::vector<GradientTransform>& further) {
  Seam seam{loss, param_gradients(b, loss, update), {}, {}};
  std::vector<GradientTransform> transforms = seam_transforms(update);
  transforms.insert(transforms.end(), further.begin(), further.end());
  for (const GradientTransform& transform : transforms) {
    ScopeGuard scope(b, "update");
    transform(b, seam);
  }
  return seam;
}

}  // namespace

// Scans are hoisted first: what has left a scan before differentiation needs no saving and no way back.
Graph training_step(const Graph& model, const UpdateSpec& update,
                    const std::vector<GradientTransform>& transforms) {
  Graph train = hoist_scans(model);
  Rebuild to(train);
  for (NodeId id = 0; id < train.size(); ++id) to.keep(id);
  Builder& b = to.builder();
  b.set_scope(0);
  b.set_loc({});
  Seam seam = cross_seam(b, to(loss_of(train)), update, transforms);

  for (const Output& out : train.outputs()) {
    if (!out.state_write) b.graph().add_output({out.name, to(out.value), false});
  }
  Value finite = b.unary(Op::IsFinite, seam.loss);
  StateWriter every_step(b, finite);
  Value step = b.param(kStepParam, {DType::I64, {}}, false), next_step = next_integer(b, step);
  if (seam.updates.valid()) {
    StateWriter last_step(b, b.binary(Op::And, finite, seam.updates));
    Value count = b.param(kUpdatesParam, {DType::I64, {}}, false), next_count = next_integer(b, count);
    write_updates(b, seam, update, next_count, last_step);
    last_step.write(kUpdatesParam, count, next_count);
  } else {
    write_updates(b, seam, update, next_step, every_step);
  }
  for (const auto& [path, value] : seam.state) b.graph().add_output({path, value, true});
  for (const Output& out : train.outputs()) {
    if (out.state_write) every_step.write_state(out.name, to(out.value));
  }
  every_step.write(kStepParam, step, next_step);
  return eliminate_dead_code(merge_scans(b.graph()));
}

Graph training_step(const Graph& model, const UpdateSpec& update, Loc loss) {
  try {
    return training_step(model, update);
  } catch (const Error& e) {
    throw PlacedError("no-gradient", loss, e.what(), e.notes());
  }
}

Loc loss_place(const TrainSpec& spec) {
  auto loss = spec.locs.find(kLossOutput);
  return loss == spec.locs.end() ? spec.loc : loss->second;
}

Graph training_step(const Module& module) {
  return training_step(module.train, module.spec->update, loss_place(*module.spec));
}

}  // namespace nnc
