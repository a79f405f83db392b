// Samples in memory: a data set is a table to train on and perhaps others to test and to validate, a table is
// columns of equal length, a column is a tensor whose leading axis counts samples. Readers (data_source.h) make
// them, bind_data (bind.h) hands them to a model.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "ir/tensor.h"

namespace nnc {

/// What a column is for where no name says so: the images of an IDX folder are inputs, its labels are labels.
enum class ColumnRole : uint8_t { Any, Input, Label };

struct Column {
  std::string name;
  Tensor values;  // [samples, ...]
  ColumnRole role = ColumnRole::Any;
  std::vector<std::string> classes;  // of a text column, sorted; its values are i32 indices of them
  std::string place;                 // where its first value stands, "iris.csv:2"
  std::string problem;               // why it cannot be used, with the place; empty when it can
};

using Table = std::vector<Column>;

/// 0 for a table without columns.
inline int64_t sample_count(const Table& table) { return table.empty() ? 0 : table[0].values.shape()[0]; }

struct Dataset {
  Table train, test, validation;  // the last two are empty or have the columns of train
};

/// The listed rows of every column.
Table take_rows(const Table& table, const std::vector<int64_t>& rows);

}  // namespace nnc
