// The train block's `split`: a table of its forms and their arguments.
#include <variant>

#include <fmt/format.h>

#include "ir/elaborate/elaborator.h"

namespace nnc {
namespace {

struct SplitArg {
  const char* name;
  std::variant<double SplitSpec::*, int64_t SplitSpec::*> member;
  int64_t least = 0;  // of a whole number; the others are shares, from 0 to below 1
};

struct SplitForm {
  const char* name;
  SplitSpec::Kind kind;
  std::vector<SplitArg> args;
};

const std::vector<SplitForm>& split_forms() {
  static const std::vector<SplitForm> rows = {
      {"shares",
       SplitSpec::Kind::Shares,
       {{"validation", &SplitSpec::validation}, {"test", &SplitSpec::test}, {"seed", &SplitSpec::seed}}},
      {"folds",
       SplitSpec::Kind::Folds,
       {{"folds", &SplitSpec::folds, 2},
        {"fold", &SplitSpec::fold},
        {"validation", &SplitSpec::validation},
        {"seed", &SplitSpec::seed}}},
  };
  return rows;
}

const SplitForm* form_of(const SplitSpec& split) {
  for (const SplitForm& f : split_forms()) {
    if (f.kind == split.kind) return &f;
  }
  return nullptr;
}

std::vector<std::string> argument_names(const SplitForm& form) {
  std::vector<std::string> names;
  for (const SplitArg& a : form.args) names.emplace_back(a.name);
  return names;
}

/// What is wrong with the arguments together; empty when nothing is.
std::string fault(const SplitSpec& s) {
  if (s.kind == SplitSpec::Kind::Whole) return "";
  bool folds = s.kind == SplitSpec::Kind::Folds;
  if (folds && s.folds == 0) return "folds needs their number, as in: split folds(5, fold = 0)";
  if (folds && s.fold >= s.folds)
    return fmt::format("fold is {}, and the {} folds are 0 to {}", s.fold, s.folds, s.folds - 1);
  if (!folds && s.validation == 0 && s.test == 0)
    return "shares needs a part, as in: split shares(validation = 0.1, test = 0.2)";
  double apart = s.validation + (folds ? 1.0 / static_cast<double>(s.folds) : s.test);
  return apart < 1 ? "" : "the parts set apart leave nothing to train on";
}

}  // namespace

void Elaborator::read_split(TrainPlan& plan, const ast::TrainEntry& e) {
  const char* what = "shares(…) or folds(…), such as shares(test = 0.2)";
  const ast::Expr* value = single(e, what);
  if (value == nullptr) return;
  const ast::Call* call = value->as<ast::Call>();
  const ast::Ref* name = call ? call->callee->as<ast::Ref>() : nullptr;
  if (name == nullptr) {
    diag_.error("bad-value", value->loc, fmt::format("'split' takes {}", what));
    return;
  }
  SplitSpec& split = plan.spec.split;
  if (!set_split(split, name->name, call->callee->loc)) return;
  auto given = bind_numbers(name->name, argument_names(*form_of(split)), &call->args);
  if (!given) return static_cast<void>(split = {});  // reported: nothing more to find fault with
  for (const auto& [arg, val] : *given) set_split_arg(split, arg, val);
}

bool Elaborator::set_split(SplitSpec& split, const std::string& name, Loc loc) {
  std::vector<std::string> names;
  for (const SplitForm& f : split_forms()) {
    if (f.name == name) {
      split = {.kind = f.kind};
      return true;
    }
    names.emplace_back(f.name);
  }
  diag_.error("unknown-function", loc, fmt::format("there is no split '{}'", name)).suggest(name, names);
  return false;
}

void Elaborator::set_split_arg(SplitSpec& split, const std::string& name, const Val& value) {
  const SplitForm* form = form_of(split);
  for (size_t i = 0; form && i < form->args.size(); ++i) {
    const SplitArg& a = form->args[i];
    if (a.name != name) continue;
    std::string what = fmt::format("split's '{}'", name);
    if (const auto* whole = std::get_if<int64_t SplitSpec::*>(&a.member)) {
      split.** whole = whole_number(value, what, a.least, a.least);
    } else if (value.is_number() && real_of(value) >= 0 && real_of(value) < 1) {
      split.*std::get<double SplitSpec::*>(a.member) = real_of(value);
    } else {
      diag_.error("bad-value", value.loc,
                  fmt::format("{} is a share from 0 to below 1, not {}", what, describe(value)));
      split = {};
      return;
    }
  }
}

void Elaborator::override_split(TrainSpec& spec) {
  SplitSpec& split = spec.split;
  if (auto v = settings_.find("train.split"))
    set_split(split, v->as<std::string>() ? *v->as<std::string>() : describe(*v), {});
  const SplitForm* form = form_of(split);
  if (form == nullptr) return;
  for (const SplitArg& a : form->args) {
    if (auto v = settings_.find(fmt::format("train.split.{}", a.name))) set_split_arg(split, a.name, *v);
  }
  std::string wrong = fault(split);
  if (!wrong.empty()) diag_.error("bad-value", spec.locs["split"], wrong);
}

}  // namespace nnc
