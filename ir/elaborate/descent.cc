// Keys of the train block that say how to descend: groups of parameters, clipping, accumulation, averaging.
#include <algorithm>

#include <fmt/format.h>

#include "ir/clips.h"
#include "ir/elaborate/arguments.h"
#include "ir/elaborate/elaborator.h"
#include "ir/path_pattern.h"

namespace nnc {
namespace {

std::string check_group(const CallSpec& call) {
  bool frozen = call.flag("frozen"), decays = call.given("weight_decay");
  if (frozen && (decays || call.real("rate") != 1)) return "what is frozen has no rate and no weight decay";
  if (!frozen && !decays && call.real("rate") == 1)
    return "this group changes nothing: give rate, weight_decay or frozen";
  std::string rate = above_zero(call, "rate");
  return rate.empty() ? at_least(call, "weight_decay", 0) : rate;
}

constexpr CallRow kGroups[] = {
    {"params", "pattern: text, rate: real = 1, weight_decay: real = none, frozen: flag = false", check_group,
     "the parameters whose paths match"}};

std::vector<CallRow> clip_rows() {
  std::vector<CallRow> out;
  for (const ClipRow& row : all_clips()) out.push_back(row.call);
  return out;
}

}  // namespace

void Elaborator::read_group(TrainPlan& plan, const ast::TrainEntry& e) {
  const char* example = "params(\"*.bias\", weight_decay = 0)";
  for (const CallSpec& call : read_calls(e, kGroups, "a group", example)) {
    ParamGroup group{.pattern = call.text("pattern"),
                     .rate = call.real("rate"),
                     .frozen = call.flag("frozen"),
                     .loc = call.loc};
    if (call.given("weight_decay")) group.weight_decay = call.real("weight_decay");
    plan.spec.update.groups.push_back(std::move(group));
  }
}

void Elaborator::read_clip(TrainPlan& plan, const ast::TrainEntry& e) {
  plan.spec.update.clips = read_calls(e, clip_rows(), "a clip", "norm(1)");
}

void Elaborator::read_accumulate(TrainPlan& plan, const ast::TrainEntry& e) {
  if (const ast::Expr* value = single(e, "a number of batches")) {
    plan.spec.update.accumulate = whole_number(constant(*value, "the number of batches"), "accumulate", 1, 1);
  }
}

void Elaborator::read_average(TrainPlan& plan, const ast::TrainEntry& e) {
  if (const ast::Expr* value = single(e, "a decay, such as 0.999"))
    set_average(plan.spec.update, constant(*value, "the decay"));
}

void Elaborator::set_average(UpdateSpec& update, const Val& decay) {
  if (decay.is_number() && real_of(decay) > 0 && real_of(decay) < 1) {
    update.average = real_of(decay);
  } else if (!decay.poisoned()) {
    diag_.error("bad-value", decay.loc,
                fmt::format("average is a decay between 0 and 1, not {}", describe(decay)));
  }
}

void Elaborator::override_descent(TrainSpec& spec) {
  if (auto v = settings_.find("train.accumulate"))
    spec.update.accumulate = whole_number(*v, "train.accumulate", 1, 1);
  if (auto v = settings_.find("train.average")) set_average(spec.update, *v);
  override_calls("clip", spec.update.clips, clip_rows());
}

// A pattern that means nothing is a slip, and so is a net with nothing left to train.
void Elaborator::check_groups(const UpdateSpec& update) {
  std::vector<std::string> paths;
  for (const ParamDecl& p : net_.declared()) {
    if (p.trainable) paths.push_back(p.path);
  }
  for (const ParamGroup& g : update.groups) {
    auto matches = [&](const std::string& path) { return path_matches(g.pattern, path); };
    if (std::ranges::none_of(paths, matches)) report_no_such_param(g.pattern, g.loc, paths);
  }
  auto frozen = [&](const std::string& path) {
    const ParamGroup* group = group_of(update, path);
    return group != nullptr && group->frozen;
  };
  if (!paths.empty() && std::ranges::all_of(paths, frozen))
    diag_.error("bad-value", update.groups.back().loc, "nothing is left to train: every parameter is frozen");
}

}  // namespace nnc
