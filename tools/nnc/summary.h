// A table of a model for people: layers by scope, what they give, how many parameters they hold.
#pragma once

#include <string>

#include "ir/module.h"

namespace nnc::tool {

std::string summary_of(const Module& module);

}  // namespace nnc::tool
