// The passes as an ordered table, and the one place that runs them: named, disabled, timed, shown and verified there
// and nowhere else.
//
//   PipelineOptions options;
//   options.context.update = spec.update;                 // a training graph: include the step
//   Graph fused = run_pipeline(module.train, options);
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ir/graph.h"
#include "ir/update_spec.h"
#include "ir/verify.h"
#include "passes/fuse.h"

namespace nnc {

/// What passes are told beside the graph.
struct PassContext {
  std::optional<UpdateSpec> update;  // without one, there is no training step to make
  std::optional<Loc> loss;           // where errors of the loss are shown: as PlacedErrors
  FusionMode fusion = FusionMode::Fused;
  std::vector<Diagnostic>* remarks = nullptr;  // where passes say what they decided, if anywhere
};

struct Pass {
  std::string_view name;  // several rows may share one: the same pass at another place
  Graph (*run)(const Graph&, const PassContext&);
  Stage needs, gives;
  bool training;  // only for graphs that are trained
  std::string_view doc;
};

/// In the order they run.
std::span<const Pass> all_passes();

/// One pass that has run.
struct PassRun {
  const Pass& pass;
  const Graph &before, &after;
  double seconds;
};

#ifdef NDEBUG
inline constexpr bool kVerifyByDefault = false;
#else
inline constexpr bool kVerifyByDefault = true;
#endif

struct PipelineOptions {
  PassContext context;
  std::vector<std::string> only;      // these passes in this order, instead of the table's
  std::vector<std::string> disabled;  // passes to leave out
  bool verify = kVerifyByDefault;     // after each: types, stage, and that the printed graph parses to itself
  std::function<void(const PassRun&)> after;
};

/// Throws Error for a name that is no pass, with a suggestion, and for a list that runs a pass where its stage is
/// past.
Graph run_pipeline(Graph graph, const PipelineOptions& options);

}  // namespace nnc
