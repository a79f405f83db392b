// Calls of blocks: numbers bound to its parameters, tensors matched against the types of its inputs, whose
// symbols take the extents they meet.
#include <algorithm>

#include <fmt/format.h>

#include "ir/elaborate/elaborator.h"
#include "ir/error.h"

namespace nnc {
namespace {

std::string declared_type(const ast::TypedName& t) {
  std::string out(name_of(t.type.dtype));
  return fmt::format("{}: {} with {} axes", t.name.text, out, t.type.dims.size());
}

}  // namespace

Val Elaborator::call_block(const ast::Block& block, const std::vector<ast::Arg>& formals,
                           const std::vector<ast::Arg>& inputs, Loc loc) {
  const std::string& name = block.name.text;
  if (std::find(active_.begin(), active_.end(), &block) != active_.end()) {
    diag_.error("recursion", loc, fmt::format("block {} calls itself, and would never end", name))
        .note(block.name.loc, "it is defined here");
    return poison(loc);
  }
  Environment inside;
  inside.opaque = true;
  bool good = bind_block_formals(block, formals, loc, inside);
  std::vector<Val> actual;
  for (const ast::Arg& arg : inputs) actual.push_back(eval(*arg.value));
  if (inputs.size() != block.inputs.size()) {
    diag_
        .error("argument-count", loc,
               fmt::format("{} takes {} tensors, not {}", name, block.inputs.size(), inputs.size()))
        .note(block.name.loc, "it is defined here");
    return poison(loc);
  }
  if (!good || std::any_of(actual.begin(), actual.end(), [](const Val& v) { return v.poisoned(); }))
    return poison(loc);
  Many results{run_block(block, std::move(inside), actual, inputs, loc)};
  if (results.items.empty()) return poison(loc);
  if (results.items.size() == 1) return results.items[0];
  return {std::move(results), loc};
}

// The results of the body; none where something is wrong.
std::vector<Val> Elaborator::run_block(const ast::Block& block, Environment inside,
                                       const std::vector<Val>& actual, const std::vector<ast::Arg>& inputs,
                                       Loc loc) {
  NetScope scope(net_, net_.unique(block.name.text));
  env_.push_back(std::move(inside));
  active_.push_back(&block);
  contexts_.push_back({Context::kBlock, {}, false});
  for (const ast::Formal& f : block.formals) {
    if (f.default_value && !env_.back().names.count(f.name.text)) define(f.name, eval(*f.default_value));
  }
  bool good = true;
  for (size_t i = 0; i < actual.size(); ++i)
    good = match_input(block.inputs[i], actual[i], inputs[i].value->loc) && good;
  std::vector<Val> results;
  if (good) {
    run(block.body);
    results = std::move(contexts_.back().values);
    if (!contexts_.back().filled) {
      diag_.error("no-result", block.name.loc, fmt::format("block {} returns nothing", block.name.text));
      results = {poison(loc)};
    }
    good = match_results(block, results, loc);
  }
  contexts_.pop_back();
  active_.pop_back();
  env_.pop_back();
  return good ? results : std::vector<Val>();
}

bool Elaborator::bind_block_formals(const ast::Block& block, const std::vector<ast::Arg>& args, Loc loc,
                                    Environment& into) {
  bool good = true;
  size_t position = 0;
  std::vector<std::string> names;
  for (const ast::Formal& f : block.formals) names.push_back(f.name.text);
  for (const ast::Arg& arg : args) {
    Val val = eval(*arg.value);
    std::string name = arg.name.text;
    if (name.empty() && position < names.size()) name = names[position++];
    if (std::find(names.begin(), names.end(), name) == names.end()) {
      Diagnostic& d =
          diag_.error("unknown-argument", arg.value->loc,
                      name.empty() ? fmt::format("{} has {} parameters", block.name.text, names.size())
                                   : fmt::format("{} has no parameter '{}'", block.name.text, name));
      d.suggest(name, names).note(block.name.loc, "it is defined here");
      good = false;
      continue;
    }
    if (val.as<TensorVal>()) {
      diag_
          .error("bad-argument", arg.value->loc,
                 fmt::format("{}'s parameter '{}' is a number, not {}", block.name.text, name, describe(val)))
          .with_help(fmt::format("tensors go into the second brackets: {}(…)(x)", block.name.text));
      good = false;
    }
    good = good && !val.poisoned();
    into.names[name] = val;
  }
  for (const ast::Formal& f : block.formals) {
    if (!good || into.names.count(f.name.text) || f.default_value) continue;
    diag_.error("missing-argument", loc, fmt::format("{} needs '{}'", block.name.text, f.name.text))
        .note(f.name.loc, "it has no default");
    good = false;
  }
  return good;
}

bool Elaborator::match_input(const ast::TypedName& declared, const Val& actual, Loc at) {
  if (!actual.as<TensorVal>()) {
    diag_
        .error("type", actual.loc,
               fmt::format("'{}' is a tensor, not {}", declared.name.text, describe(actual)))
        .note(declared.name.loc, "it is declared here");
    return false;
  }
  Type type = type_of(actual);
  if (type.dtype != declared.type.dtype || type.shape.size() != declared.type.dims.size()) {
    diag_.error("shape", at, fmt::format("{} does not fit {}", type.str(), declared_type(declared)))
        .note(declared.type.loc, "it is declared here");
    return false;
  }
  if (!match_dims(declared, type, at)) return false;
  define(declared.name, actual);
  return true;
}

bool Elaborator::match_dims(const ast::TypedName& declared, const Type& actual, Loc at) {
  for (size_t i = 0; i < actual.shape.size(); ++i) {
    const ast::Expr& pattern = *declared.type.dims[i];
    const ast::Ref* symbol = pattern.as<ast::Ref>();
    const Val* bound = symbol ? lookup(symbol->name) : nullptr;
    if (symbol && bound == nullptr) {
      env_.back().names[symbol->name] = {actual.shape[i], pattern.loc};
      continue;
    }
    std::optional<Dim> wanted = eval_dim(pattern);
    if (!wanted) return false;
    if (*wanted == actual.shape[i]) continue;
    Diagnostic& d = diag_.error("shape", at,
                                fmt::format("axis {} of {} is {}, and '{}' wants {}", i, actual.str(),
                                            actual.shape[i].str(), declared.name.text, wanted->str()));
    d.note(pattern.loc, "the size is declared here");
    if (bound && bound->loc != pattern.loc)
      d.note(bound->loc, fmt::format("{} is {} since here", symbol->name, wanted->str()));
    return false;
  }
  return true;
}

bool Elaborator::match_results(const ast::Block& block, const std::vector<Val>& results, Loc loc) {
  if (block.results.empty()) return true;
  if (results.size() != block.results.size()) {
    diag_.error("result-count", block.name.loc,
                fmt::format("block {} declares {} results and returns {}", block.name.text,
                            block.results.size(), results.size()));
    return false;
  }
  for (size_t i = 0; i < results.size(); ++i) {
    if (results[i].poisoned()) return true;
    std::optional<Type> wanted = eval_type(block.results[i], false);
    if (!wanted) return false;
    if (results[i].as<TensorVal>() && type_of(results[i]) == *wanted) continue;
    diag_
        .error("shape", results[i].loc,
               fmt::format("block {} declares {} and returns {}", block.name.text, wanted->str(),
                           describe(results[i])))
        .note(block.results[i].loc, "declared here")
        .note(loc, "called here");
    return false;
  }
  return true;
}

}  // namespace nnc
