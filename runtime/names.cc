#include "runtime/names.h"

#include <cmath>
#include <set>
#include <unordered_map>

#include <fmt/format.h>

namespace nnc {
namespace {

std::string number_text(double value) { return fmt::format("{}", value); }

using Index = std::unordered_map<std::string_view, int32_t>;

Index index_of(const std::vector<std::string>& names) {
  Index out;
  for (size_t i = 0; i < names.size(); ++i) out.emplace(names[i], static_cast<int32_t>(i));
  return out;
}

/// Sets the sample's index where its name has one.
class Indexer {
 public:
  Indexer(Column& column, const std::vector<std::string>& names, const std::string& remedy, int32_t unknown)
      : column_(column), index_(index_of(names)), remedy_(remedy), unknown_(unknown) {}

  int32_t find(int64_t sample, const std::string& name) const {
    auto found = index_.find(name);
    if (found != index_.end()) return found->second;
    if (unknown_ < 0)
      column_.spoil(sample, fmt::format("'{}' does not occur in the training data{}", name, remedy_));
    return unknown_;
  }

 private:
  Column& column_;
  Index index_;
  std::string remedy_;
  int32_t unknown_;
};

void index_text(Column& column, const Indexer& indexer) {
  std::span<int32_t> values = column.values.as<int32_t>();
  for (size_t i = 0; i < values.size(); ++i) {
    // What is new may have an index behind all names already.
    if (values[i] >= 0 && static_cast<size_t>(values[i]) < column.classes.size())
      values[i] = indexer.find(column.values.rank() == 1 ? static_cast<int64_t>(i) : 0,
                               column.classes[static_cast<size_t>(values[i])]);
  }
}

/// What bytes stand for changes, and the bytes stay.
void index_codes(Column& column, const Indexer& indexer) {
  ByteCodes codes = *column.codes;
  for (int32_t& code : codes) {
    if (code >= 0) code = indexer.find(0, column.classes[static_cast<size_t>(code)]);
  }
  column.codes = std::make_shared<const ByteCodes>(codes);
}

void index_numbers(Column& column, const Indexer& indexer) {
  Tensor out(DType::I32, column.values.shape());
  for (int64_t i = 0; i < column.samples(); ++i) {
    bool missing = column.is_missing(i);
    out.set_int(i, missing ? -1 : indexer.find(i, number_text(column.values.get(i))));
  }
  column.values = std::move(out);
}

}  // namespace

std::vector<std::string> names_in(const Column& column) {
  std::set<double> seen;  // of text, indices: its classes are sorted
  for (int64_t i = 0; i < column.samples(); ++i) {
    double value = column.values.get(i);
    if (!column.is_missing(i) && !std::isnan(value)) seen.insert(value);
  }
  std::vector<std::string> out;
  for (double value : seen)
    out.push_back(column.is_text() ? column.classes[static_cast<size_t>(value)] : number_text(value));
  return out;
}

void index_by(const std::vector<std::string>& names, Column& column, const std::string& remedy,
              int32_t unknown) {
  Indexer indexer(column, names, column.codes ? "; replace it in the text" : remedy, unknown);
  if (column.codes)
    index_codes(column, indexer);
  else
    column.is_text() ? index_text(column, indexer) : index_numbers(column, indexer);
  column.classes = names;
}

}  // namespace nnc
