// What --remarks=fuse prints: for every two neighbouring kernels, why they are not one. The reasons are those on which
// FusionGroups decided.
#pragma once

#include <string>
#include <vector>

#include "ir/diagnostics.h"
#include "passes/fusion_groups.h"

namespace nnc {

/// What a person calls a group: its name, and the node it is named after.
struct GroupLabel {
  std::string name;
  NodeId node = 0;
};

/// One remark for two groups of which the first reads the second, or for a group that all its readers have to find in
/// memory; each at the place in the model of what reads. `labels` by group.
std::vector<Diagnostic> fusion_remarks(const Graph& graph, const FusionGroups& groups,
                                       const std::vector<GroupLabel>& labels);

}  // namespace nnc
