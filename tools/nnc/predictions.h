// What a model predicts, as a table for people and programs: where an output scores classes, the class by its name and
// each class's probability; else the numbers that the model puts out.
//
//   species,p(Adelie),p(Chinstrap),p(Gentoo)
//   Gentoo,1.4e-05,0.00094,0.99905
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ir/module.h"
#include "runtime/learnt.h"
#include "runtime/safetensors.h"

namespace nnc::tool {

struct PredictionColumn {
  std::string name;
  Tensor values;                   // [samples]
  std::vector<std::string> names;  // of indices; numbers without
};
using Predictions = std::vector<PredictionColumn>;

/// `outputs` have a leading axis of samples.
Predictions tabulate(const std::vector<NamedTensor>& outputs, const std::vector<ClassScores>& scores,
                     const Learnt& learnt);

/// A header and a record per sample.
std::string to_csv(const Predictions& table);
/// A list of objects, one a line. What is no finite number is null.
std::string to_json(const Predictions& table);

}  // namespace nnc::tool
