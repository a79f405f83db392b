// Samples in memory: a data set is a table to train on and perhaps others to test and to validate, a table is
// columns of equal length, a column is a tensor whose leading axis counts samples. Readers (data_source.h) make
// them, bind_data (bind.h) hands them to a model.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "ir/tensor.h"
#include "runtime/field_values.h"

namespace nnc {

/// What a column is for where no name says so: the images of an IDX folder are inputs, its labels are labels.
enum class ColumnRole : uint8_t { Any, Input, Label };

struct Column {
  std::string name;
  Tensor values;  // [samples, ...]
  ColumnRole role = ColumnRole::Any;
  std::vector<std::string> classes;  // of a text column, sorted; its values are i32 indices of them
  std::string place;                 // where it comes from, "iris.csv"
  std::string problem;               // why it cannot be used, with the place; empty when it can
  bool gaps = false;                 // NaN, or -1 of a text column, is a sample without a value
  std::vector<uint32_t> lines = {};  // of each sample in its file, where it has lines
  RowList rows = {};                 // of values that are a view, which are the samples; null: all
  std::shared_ptr<const ByteCodes> codes = {};  // of text, what its bytes stand for: indices of classes

  int64_t samples() const { return rows ? static_cast<int64_t>(rows->size()) : values.shape()[0]; }
  bool is_text() const { return !classes.empty(); }
  bool is_missing(int64_t sample) const;
  /// "iris.csv:7".
  std::string place_of(int64_t sample) const;
  /// The first value of a text column.
  const std::string& name_of_first() const;
  /// Notes that the sample is why the column cannot be used, unless there is a reason already.
  void spoil(int64_t sample, const std::string& why);
};

using Table = std::vector<Column>;

/// 0 for a table without columns.
inline int64_t sample_count(const Table& table) { return table.empty() ? 0 : table[0].samples(); }
/// The column of that name, or null.
Column* find_column(Table& table, const std::string& name);
/// The first sample of a column with gaps that has no value.
std::optional<int64_t> first_missing(const Column& column);

struct Dataset {
  Table train, test, validation;  // the last two may be empty
  bool in_order = false;          // samples follow one another: a split takes its parts as they stand
};

/// The listed rows of every column. Those of a view are not copied.
Table take_rows(const Table& table, const std::vector<int64_t>& rows);

}  // namespace nnc
