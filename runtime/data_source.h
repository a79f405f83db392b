// The readers as a table: one row each with its name, arguments and function. `data idx("mnist")` in a model
// file arrives as a DataSpec and is matched against the row called idx. To add a reader, write its file with
// a function that returns its row and name that function in data_source.cc.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ir/module.h"
#include "runtime/dataset.h"
#include "runtime/learnt.h"

namespace nnc {

struct DataArgument {
  std::string_view name;
  DataArg fallback;  // its alternative is the argument's type; an integer is taken for a double
  bool required = false;
  bool is_path = false;  // an existing file or folder, relative to the folder of the model file
  std::string_view doc;
};

class DataArguments;

/// A kind of data. Its files are told by the bytes they begin with, or else by the ending of their names.
struct DataSource {
  std::string_view name;
  std::string_view doc;
  std::vector<DataArgument> arguments;
  Dataset (*load)(const DataArguments& arguments);
  std::string_view ending = {};  // of the names of its files
  std::string_view magic = {};   // what they begin with
  /// What a file holds that is to be predicted from: nothing is left out, no target need be there, and a column without a
  /// name is the input it is given for. Null where no file is read.
  Table (*samples)(std::string content, const std::string& place, const DataArguments& arguments) = nullptr;
};

/// The value of each argument of a source, in the order of its row; paths are joined with the folder.
class DataArguments {
 public:
  DataArguments(const DataSource& source, std::vector<DataArg> values, const Learnt& known)
      : source_(source), values_(std::move(values)), known_(known) {}

  int64_t integer(std::string_view name) const { return std::get<int64_t>(at(name)); }
  double number(std::string_view name) const { return std::get<double>(at(name)); }
  const std::string& text(std::string_view name) const { return std::get<std::string>(at(name)); }
  /// The same within limits, which are part of it; an Error otherwise.
  int64_t integer(std::string_view name, int64_t least, int64_t most) const;
  double number(std::string_view name, double least, double most) const;
  /// What is known about such data from weights that they are for; empty where they are the first.
  const Learnt& known() const { return known_; }

 private:
  const DataArg& at(std::string_view name) const;
  const DataSource& source_;
  std::vector<DataArg> values_;
  const Learnt& known_;
};

std::span<const DataSource> data_sources();

/// Reads the data a model file asks for; `folder` is the one that holds the model file. Throws Error on an
/// unknown reader or argument (with a suggestion), a value of the wrong type, and whatever the reader finds
/// wrong. With `known`, from weights that these data are for, what was text then is text.
Dataset load_data(const DataSpec& spec, const std::string& folder, const Learnt& known = {});

/// Samples to predict from. The content says what kind of file it is of; where it does not, it is of the kind of the
/// model's data, with the arguments they have, or of the one that the ending of `place` belongs to.
Table read_samples(std::string content, const std::string& place, const std::optional<DataSpec>& spec,
                   const Learnt& known);

/// Reports what is wrong with the specification, missing files included, at its places; reads no data.
void check_data(const DataSpec& spec, const std::string& folder, Diagnostics& diagnostics);

/// The specification with its path replaced, as a command line's --data asks for; where there is none, one
/// made from what lies at `path`: a folder is of idx or, where such files are in it, of npy; a file is of the source
/// that its name's ending belongs to, or else of csv. Throws Error when the reader takes no path.
DataSpec with_path(const std::optional<DataSpec>& spec, const std::string& path);

// The rows, each in the file of its reader.
DataSource idx_source();
DataSource csv_source();
DataSource npy_source();
DataSource npz_source();
DataSource text_source();
DataSource digits_source();
DataSource spirals_source();
DataSource moons_source();
DataSource linear_source();

}  // namespace nnc
