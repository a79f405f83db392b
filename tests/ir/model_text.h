// Model files in tests: elaborated, and run by the interpreter on numbers any program can make up again.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "ir/bind.h"
#include "ir/interpreter.h"
#include "ir/module.h"
#include "ir/parser.h"

namespace nnc::test {

/// What the file gives, or every diagnostic as the text of an Error.
inline Module module_of(const std::string& source, const Overrides& overrides = {}) {
  Diagnostics diagnostics("model.nn", source);
  ast::File file = parse(diagnostics);
  std::optional<Module> module = elaborate(file, diagnostics, overrides);
  EXPECT_EQ(module.has_value(), !diagnostics.has_errors());
  if (!module) throw Error(diagnostics.render());
  return std::move(*module);
}

/// The diagnostics of a file that should have some.
inline std::string errors_of(const std::string& source, const Overrides& overrides = {}) {
  try {
    module_of(source, overrides);
  } catch (const Error& e) {
    return e.what();
  }
  return "no errors\n";
}

/// Element i is ((i * factor + offset) mod modulus - centre) / scale.
struct Pattern {
  int64_t factor, offset, modulus, centre;
  double scale;
};
inline constexpr Pattern kOperands{5, 1, 13, 6, 4}, kWeights{7, 3, 11, 5, 8}, kIndices{5, 1, 3, 0, 1};

inline Tensor patterned(const Type& type, const Pattern& p) {
  Tensor out(type.dtype, evaluate(type.shape, {}));
  for (int64_t i = 0; i < out.count(); ++i) {
    out.set(i, static_cast<double>((i * p.factor + p.offset) % p.modulus - p.centre) / p.scale);
  }
  return out;
}

/// Every input of the graph: numbers where it is float, indices below 3 where it is not.
inline NamedTensors patterned_inputs(const Graph& g) {
  NamedTensors out;
  for (NodeId id : g.inputs()) {
    const Type& type = g.node(id).results[0];
    out.emplace(g.node(id).as<InputAttrs>().name,
                patterned(type, is_float(type.dtype) ? kOperands : kIndices));
  }
  return out;
}

/// Every parameter of the graph; variances are positive, counters 0.
inline NamedTensors patterned_params(const Graph& g) {
  NamedTensors out;
  for (NodeId id : g.params()) {
    const ParamAttrs& p = g.node(id).as<ParamAttrs>();
    Tensor t = is_float(p.type.dtype) ? patterned(p.type, kWeights) : Tensor(p.type.dtype, {});
    bool variance = p.path.find("running_var") != std::string::npos;
    for (int64_t i = 0; variance && i < t.count(); ++i) t.set(i, std::abs(t.get(i)) + 0.5);
    out.emplace(p.path, std::move(t));
  }
  return out;
}

}  // namespace nnc::test
