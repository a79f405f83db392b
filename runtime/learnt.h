// What a run learnt about its data, and whoever uses its weights must know: which columns make an input, what the
// indices of a column stand for, and how columns are prepared, with what was fitted to the training part. Weights files
// and checkpoints keep it as one JSON text among their metadata.
//
//   {"fields": {"x": ["bill_length_mm", "sex"], "species": ["species"]},
//    "names":  {"species": ["Adelie", "Chinstrap", "Gentoo"]},
//    "preparations": [{"kind": "standardize", "column": "bill_length_mm", "numbers": {"mean": 43.9, "deviation": 5.4}},
//                     {"kind": "one_hot", "column": "sex", "names": ["FEMALE", "MALE"]}], …}
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

namespace nnc {

/// One column and what becomes of it (runtime/preparations.h).
struct Preparation {
  std::string kind, column;
  std::map<std::string, double> numbers = {};
  std::vector<std::string> names = {};  // categories
  bool operator==(const Preparation&) const = default;
};

struct Learnt {
  /// The columns each input and target is made of, in order.
  std::map<std::string, std::vector<std::string>> fields = {};
  /// Of a column whose values are indices: what 0, 1, … are called. Class names, categories, a vocabulary.
  std::map<std::string, std::vector<std::string>> names = {};
  /// In the order in which they are applied.
  std::vector<Preparation> preparations = {};
  /// The model file's `columns` that they come from.
  std::string columns = {};
  /// Columns that came as text.
  std::vector<std::string> text = {};

  bool empty() const { return fields.empty() && names.empty(); }
  /// The names of the input's or target's indices; none where they have no names.
  std::vector<std::string> names_of(const std::string& field) const;
  /// Columns of the fields that did not come as text.
  std::vector<std::string> numbers() const;
  bool operator==(const Learnt&) const = default;
};

using Metadata = std::map<std::string, std::string>;

/// Adds the entry. Throws Error where a name is not UTF-8, which JSON could not hold.
void add_learnt(Metadata& metadata, const Learnt& learnt);
/// Nothing where the metadata have no such entry. Throws Error, naming the file, where it is damaged.
std::optional<Learnt> find_learnt(const Metadata& metadata, const std::string& path);

}  // namespace nnc
