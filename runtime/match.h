// Which columns the inputs and targets of a model are made of.
//
// An input or target takes the columns it took when the weights were trained, else the column of its name. What is left
// over: a single target takes the column marked as the label; an input takes the column marked as input (the images of
// idx and digits), or, where it is [B, k], the columns nobody else has claimed, in the order of the file.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "ir/graph.h"
#include "ir/type.h"
#include "runtime/dataset.h"
#include "runtime/learnt.h"

namespace nnc {

/// An input or a target: its leading axis counts samples, the others are numbers or symbols.
struct DataField {
  std::string name;
  Type type;
  bool classes = false;  // a target whose values are class indices
  Loc loc = {};          // of its declaration; line 0: what does not fit it is no fault of the model file
};

/// The columns, by index in the table, that a field is made of: one, or several side by side. None where there are none.
using Claim = std::vector<size_t>;

struct Claims {
  std::vector<Claim> inputs, targets;
};

/// What does not fit is added to `problems`.
Claims match_columns(const Table& table, std::span<const DataField> inputs,
                     std::span<const DataField> targets, const Learnt& known,
                     std::vector<std::string>& problems);

}  // namespace nnc
