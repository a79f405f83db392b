// Which outputs score the classes of a target: the loss says so, and predictions are then classes and probabilities.
#include <algorithm>

#include "ir/elaborate/elaborator.h"

namespace nnc {
namespace {

/// A loss between scores and classes: its arguments, and how its scores become probabilities.
struct ScoringLoss {
  std::string_view name, scores, target;
  ClassScores::Kind kind;
};

constexpr ScoringLoss kLosses[] = {
    {"cross_entropy", "logits", "target", ClassScores::Kind::Softmax},
    {"focal", "logits", "target", ClassScores::Kind::Softmax},
    {"nll", "log_probs", "target", ClassScores::Kind::Exp},
    {"binary_cross_entropy_with_logits", "x", "y", ClassScores::Kind::Sigmoid},
    {"binary_cross_entropy", "x", "y", ClassScores::Kind::Probability},
};

/// The argument of that name or place where it is a name itself; empty otherwise.
std::string name_given(const ast::Call& call, std::string_view name, size_t place) {
  for (size_t i = 0; i < call.args.size(); ++i) {
    const ast::Arg& arg = call.args[i];
    const ast::Ref* ref = arg.value->as<ast::Ref>();
    if (ref != nullptr && (arg.name.text.empty() ? i == place : arg.name.text == name)) return ref->name;
  }
  return "";
}

/// Calls of such losses among the terms of a sum, with factors or without.
void collect(const ast::Expr& e, std::vector<ClassScores>& out) {
  if (const ast::Binary* b = e.as<ast::Binary>()) {
    collect(*b->lhs, out);
    collect(*b->rhs, out);
  }
  const ast::Call* call = e.as<ast::Call>();
  const ast::Ref* callee = call ? call->callee->as<ast::Ref>() : nullptr;
  if (callee == nullptr) return;
  auto loss = std::ranges::find(kLosses, callee->name, &ScoringLoss::name);
  if (loss == std::end(kLosses)) return;
  out.push_back({name_given(*call, loss->scores, 0), name_given(*call, loss->target, 1), loss->kind});
}

}  // namespace

void Elaborator::note_scores(TrainSpec& spec, const ast::Expr& loss) {
  std::vector<ClassScores> found;
  collect(loss, found);
  for (ClassScores& scores : found) {
    auto output = std::ranges::find(outputs_, scores.output, [](const auto& o) { return o.first.text; });
    auto target = std::ranges::find(spec.targets, scores.target, &TargetSpec::name);
    if (output == outputs_.end() || target == spec.targets.end() || output->second.poisoned()) continue;
    // Of one shape with the target, focal's logits are those of labels; cross_entropy's target is a distribution.
    bool labels = type_of(output->second).rank() == target->type.rank() && !is_float(target->type.dtype);
    if (labels && scores.kind == ClassScores::Kind::Softmax) scores.kind = ClassScores::Kind::Sigmoid;
    spec.scores.push_back(std::move(scores));
  }
}

}  // namespace nnc
