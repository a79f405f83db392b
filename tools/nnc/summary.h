// The layers of a model as a table.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "ir/module.h"

namespace nnc::tool {

/// What one layer gives and costs when it predicts, per example: the batch is 1 in every number.
struct LayerSummary {
  std::string layer, output;
  Dim parameters, state;  // trainable numbers, and the others it keeps
  Dim bytes;              // of what it gives
  Dim flops;
};

/// In the order of the model; what no scope holds is called (model).
std::vector<LayerSummary> summarize(const Module& module);
/// The same for people: a row of headings, the layers, the sums; and what there is to say below.
struct SummaryTable {
  std::vector<std::array<std::string, 5>> rows;
  std::string notes;  // a line each
};
SummaryTable summary_table(const Module& module);
/// As text for 80 columns and more.
std::string summary_of(const Module& module);
/// "1.23 M"; a size that depends on symbols as it is.
std::string short_count(const Dim& count);

}  // namespace nnc::tool
