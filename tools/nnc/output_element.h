// The element of an output that `nnc explain` explains.
#pragma once

#include <string>
#include <vector>

#include "runtime/trainer.h"

namespace nnc::tool {

/// The output of that name, the first one for none. Throws Error, listing them, where there is no such one.
const NamedTensor& find_output(const std::vector<NamedTensor>& outputs, const std::string& name);

/// What an output's elements are called: the classes of a target, where there are as many. Else nothing.
std::vector<std::string> element_names(const Trainer& trainer, int64_t elements);

struct OutputElement {
  int64_t index = 0;  // row-major
  std::string name;   // "logits[3]", "logits of class 'cat'"
};
/// `wanted` is a name, or an index per axis behind the first, "3" or "2,5"; empty for the largest element of a vector.
/// `output` is that of one sample.
OutputElement find_element(const NamedTensor& output, const std::vector<std::string>& names,
                           const std::string& wanted);

}  // namespace nnc::tool
