// --remarks: what the compiler says of its decisions, at the places of the model that they are about.
#pragma once

#include <string>
#include <vector>

#include "passes/pipeline.h"
#include "tools/nnc/model_file.h"

namespace nnc::tool {

struct RemarkOptions {
  std::vector<std::string> kinds;

  void add_to(CLI::App& command);
  bool wanted() const { return !kinds.empty(); }
};

/// Prints remarks to standard error as diagnostics of the model's file.
void print_remarks(const std::vector<Diagnostic>& remarks, const ModelOptions& model);

/// Runs the pipeline on the graph for the remarks it makes, where any are wanted. Throws Error where nothing is fused.
void remark_on(const Graph& graph, PassContext context, const RemarkOptions& options,
               const ModelOptions& model);

}  // namespace nnc::tool
