// The dataflow graph. Nodes are appended after their operands, so ascending id is a topological order; equal
// nodes (op, operands, attributes) are one node. No op has an effect: state is read by `param` leaves, which give
// the value at the start, and written by outputs marked `state_write`. A pass builds a new graph from an old one.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "ir/op.h"

namespace nnc {

/// Where in the model file a node came from; line 0 is nowhere. Lines and columns count from 1.
struct Loc {
  uint32_t line = 0, column = 0, length = 0;
  bool operator==(const Loc&) const = default;
};

using NodeId = uint32_t;
using ScopeId = uint32_t;  // 0 is the root

/// One result of a node.
struct Value {
  NodeId node = UINT32_MAX;
  uint32_t index = 0;
  bool valid() const { return node != UINT32_MAX; }
  auto operator<=>(const Value&) const = default;
};

struct Node {
  Op op;
  Attrs attrs;
  std::vector<Value> operands;
  std::vector<Type> results;
  ScopeId scope = 0;
  Loc loc;

  template <class A>
  const A& as() const {
    return std::get<A>(attrs);
  }
};

/// A label for people (`h1.linear`): names, messages, profiles; never semantics.
struct Scope {
  ScopeId parent = 0;
  std::string name;
  bool operator==(const Scope&) const = default;
};

struct Output {
  std::string name;  // for a state write, the path of the param
  Value value;
  bool state_write = false;
  bool operator==(const Output&) const = default;
};

class Graph {
 public:
  explicit Graph(std::string name = "main") : name_(std::move(name)) { scopes_.push_back({0, ""}); }

  /// Appends the node, or returns the equal one that exists. Throws Error when the operand types do not fit.
  NodeId add(Op op, Attrs attrs, std::vector<Value> operands, ScopeId scope = 0, Loc loc = {});
  void add_output(Output output) { outputs_.push_back(std::move(output)); }

  const std::string& name() const { return name_; }
  void set_name(std::string name) { name_ = std::move(name); }
  size_t size() const { return nodes_.size(); }
  const Node& node(NodeId id) const { return nodes_[id]; }
  const Node& node(Value v) const { return nodes_[v.node]; }
  const Type& type(Value v) const { return nodes_[v.node].results[v.index]; }
  std::span<const Node> nodes() const { return nodes_; }
  /// `input` nodes in the order they were added: the signature.
  const std::vector<NodeId>& inputs() const { return inputs_; }
  const std::vector<NodeId>& params() const { return params_; }
  const std::vector<Output>& outputs() const { return outputs_; }
  /// The output of that name; state writes are looked up apart from the others.
  const Output* find_output(std::string_view name, bool state_write = false) const;
  /// Every symbol that occurs in a type, sorted.
  std::vector<std::string> symbols() const;

  ScopeId scope(ScopeId parent, const std::string& name);
  const std::vector<Scope>& scopes() const { return scopes_; }
  /// "blocks.3.qkv"; empty for the root.
  std::string scope_path(ScopeId id) const;

  /// Equality of nodes and outputs in order; scopes, locations and the name are labels and do not count.
  bool same_structure(const Graph& other) const;
  size_t structure_hash() const;

 private:
  std::string name_;
  std::vector<Node> nodes_;
  std::vector<Scope> scopes_;
  std::map<std::pair<ScopeId, std::string>, ScopeId> scope_ids_;
  std::vector<NodeId> inputs_, params_;
  std::vector<Output> outputs_;
  std::unordered_multimap<size_t, NodeId> interned_;
};

/// users[v.node]: ids of nodes that read any result of it (ascending, once each).
std::vector<std::vector<NodeId>> users_of(const Graph& graph);
/// live[id]: some output depends on the node. Inputs and params count as live only if read.
std::vector<bool> live_nodes(const Graph& graph);

/// The result types of an op, or an Error that names the op, the operand types and what does not fit.
std::vector<Type> infer(Op op, const Attrs& attrs, std::span<const Type> operands);

}  // namespace nnc
