// The base of graph-to-graph passes: walk the live nodes of an old graph in order, emit what stands for each
// into a new graph, and re-create the outputs. Inputs survive even when dead, since they are the signature;
// scopes keep their ids, and what is emitted carries the scope and location of the node it stands for.
#pragma once

#include <functional>
#include <vector>

#include "ir/builder.h"

namespace nnc {

/// A graph being built from another.
class Rebuild {
 public:
  explicit Rebuild(const Graph& source);

  const Graph& source() const { return source_; }
  Builder& builder() { return builder_; }
  /// What stands for a value of the source; it must have been emitted.
  Value operator()(Value old) const { return images_[old.node].at(old.index); }
  bool has(NodeId id) const { return !images_[id].empty(); }
  const std::vector<Value>& images(NodeId id) const { return images_[id]; }
  std::vector<Value> operands_of(NodeId id) const;

  /// Scope and location for what is built next: those of the old node.
  void enter(NodeId id);
  /// Emits the node as it is over its mapped operands, with other attributes where given.
  void keep(NodeId id);
  void keep(NodeId id, Attrs attrs);
  void replace(NodeId id, std::vector<Value> images) { images_[id] = std::move(images); }

  /// Re-creates the outputs and hands the graph over.
  Graph finish();

 private:
  const Graph& source_;
  Graph graph_;
  Builder builder_;
  std::vector<std::vector<Value>> images_;
};

/// What stands for a node, given its mapped operands: one value per result, or none to keep the node as it
/// is.
using Emit = std::function<std::vector<Value>(Builder& b, const Node& n, const std::vector<Value>& operands)>;

/// Whether a pass also rewrites the bodies of scans and regions.
enum class Bodies { Keep, Visit };

Graph rebuild(const Graph& source, const Emit& emit, Bodies bodies = Bodies::Keep);

/// `attrs` with its body, where it has one, replaced by fn(body).
Attrs map_body(const Attrs& attrs, const std::function<Graph(const Graph&)>& fn);
/// The body of a scan or region; null for every other op.
const Graph* body_of(const Node& n);

/// ancestors[id]: the node is one of `ends` or some of them depends on it.
std::vector<bool> ancestors(const Graph& graph, const std::vector<Value>& ends);

/// The graph without what no output depends on. Bodies too.
Graph eliminate_dead_code(const Graph& source);

}  // namespace nnc
