// A CSV file with a header as a table: each column as f64 numbers or, where its first value is none, as text, whose
// distinct values in sorted order are its classes. A value that does not fit its column spoils the column, not the
// file: the Error comes when a model uses that column, so that columns nobody asks for may hold anything.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "runtime/dataset.h"

namespace nnc {

struct CsvOptions {
  std::vector<std::string> missing;     // texts that mean no value, beside an empty cell
  std::vector<std::string> text;        // columns that are text, whatever their first value looks like
  std::vector<std::string> known_text;  // the same, where there are such columns
  std::vector<std::string> known_numbers;
  std::vector<std::string> drop;  // columns to leave out
  bool skip_missing = false;      // records without a value in some column that is not left out
  std::string needed;             // records without a value in this column are left out
  bool strict = false;            // columns named by `text` and `drop` exist
};

/// `content` is what the file called `path` holds. Throws Error, naming the place, for a text that is no CSV, names that
/// are missing or twice there, and no samples.
Table read_csv(std::string content, const std::string& path, const CsvOptions& options = {});

/// "a, b" -> a, b.
std::vector<std::string> comma_list(std::string_view text);

/// The Error for a column that is not among `names`, with a suggestion.
void check_column(const std::vector<std::string>& names, const std::string& name, const std::string& path);

}  // namespace nnc
