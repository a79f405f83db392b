// What values are called in text: an input by its name, a param by its path, any other node by scope + op +
// ordinal within the scope (`h.linear.dot`, `h.linear.dot.1`), and the results of a node with several by
// `.r0`, `.r1` behind. There is no counter over the whole graph, so a change in one scope renames nothing
// elsewhere.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ir/graph.h"

namespace nnc {

class Names {
 public:
  explicit Names(const Graph& graph);
  /// The name of a node; of its only result too.
  const std::string& operator[](NodeId id) const { return names_[id]; }
  std::string operator()(Value v) const;

 private:
  const Graph& graph_;
  std::vector<std::string> names_;
};

/// The scope path in a name that Names gave to a node of `op` with `results` results: "h.linear" of
/// "h.linear.dot.1". Of any other name, what stands before the last dot.
std::string scope_of_name(std::string_view name, Op op, size_t results);

/// As it is written in text: in quotes where it is not a plain name.
std::string name_text(std::string_view name);

}  // namespace nnc
