// A confusion matrix as a table of a page, its cells the darker the larger their share of the row.
#pragma once

#include <string>
#include <vector>

#include "runtime/measures.h"

namespace nnc::tool {

/// Rows are targets, columns predictions. More than forty classes are left to confusion_text().
std::string confusion_table(const ConfusionMatrix& matrix, const std::vector<std::string>& names);

/// The page's rules for such tables.
extern const char* const kConfusionStyle;

}  // namespace nnc::tool
