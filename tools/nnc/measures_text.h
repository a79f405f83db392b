// Measures for people and as JSON.
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "runtime/trainer.h"

namespace nnc::tool {

/// "prefix" + name: value, of each measure; a confusion matrix as rows of counts where it is all there is.
void add_measures(nlohmann::ordered_json& line, const std::vector<Measure>& measures,
                  const std::string& prefix = "");
nlohmann::ordered_json json_of(const ConfusionMatrix& matrix);
/// Those whose confusion matrix was asked for; where none was, the first that counted classes.
std::vector<const Measure*> shown_confusions(const std::vector<Measure>& measures);
/// The name in at most `longest` bytes, cut between characters, not within one.
std::string shortened(const std::string& name, size_t longest);
/// What the measure's classes are called; empty where the data do not say.
std::vector<std::string> class_names(const Measure& measure, const Trainer& trainer);

/// A table in 80 columns: rows are targets, columns predictions, and each row's share of hits. Where it is too wide for
/// that, the confusions that happened most often. Classes without a name go by their number.
std::string confusion_text(const ConfusionMatrix& matrix, const std::vector<std::string>& names);

}  // namespace nnc::tool
