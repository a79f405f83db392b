#include "ir/column_rows.h"

#include <fmt/format.h>

namespace nnc {
namespace {

std::string check_nothing(const CallSpec&) { return ""; }

std::string check_impute(const CallSpec& call) {
  return one_of(call, "by", {"mean", "median", "most_frequent"});
}

std::string check_range(const CallSpec& call) {
  if (call.real("low") < call.real("high")) return "";
  return fmt::format("min_max's 'low' is below its 'high', and {} is not below {}", call.real("low"),
                     call.real("high"));
}

std::string check_one_hot(const CallSpec& call) {
  std::string unknown = one_of(call, "unknown", {"error", "zeros"});
  return unknown.empty() ? at_least(call, "size", 1) : unknown;
}

std::string check_index(const CallSpec& call) { return one_of(call, "unknown", {"error", "last"}); }

constexpr CallRow kRows[] = {
    {"impute", "columns: texts, by: text = none", check_impute,
     "missing values become the mean, the median or the most frequent value"},
    {"standardize", "columns: texts", check_nothing, "(x - mean) / standard deviation"},
    {"min_max", "columns: texts, low: real = 0, high: real = 1", check_range,
     "the smallest value becomes low, the largest high"},
    {"one_hot", "columns: texts, unknown: text = \"error\", size: int = none", check_one_hot,
     "a column of 0 and 1 for each category"},
    {"index", "columns: texts, unknown: text = \"error\"", check_index, "the index of the category, from 0"},
};

}  // namespace

std::span<const CallRow> all_column_rows() { return kRows; }

}  // namespace nnc
