// Which primitives share a kernel. A group is what becomes one region: a contraction with what follows it
// elementwise, a row of reductions over the same trailing axes with the arithmetic between, a pointwise
// graph. Views (movement ops), leaves without memory, and what takes more memory than all it is made of belong to no
// group: each consumer computes its own copy.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "ir/graph.h"
#include "passes/fusion_refusal.h"

namespace nnc {

enum class FusionMode : uint8_t {
  Fused,
  Unfused,  // one kernel per primitive; movement ops are still views
};

using GroupId = uint32_t;
inline constexpr GroupId kNoGroup = UINT32_MAX;

struct Group {
  KernelKind kind = KernelKind::Pointwise;
  std::vector<NodeId> nodes;    // ascending
  Shape space;                  // of the outputs; for rows outer dimensions, then inner ones
  size_t outer = 0;             // Row: how many dimensions of `space` are outer
  std::vector<int64_t> axes;    // Reduce: which axes of `folded` are folded
  Shape folded;                 // Reduce: shape of the operands
  bool feeds_unwindow = false;  // see FusionGroups::find_unwindow_feeders
  std::set<GroupId> reads;      // groups whose values it needs
};

/// What computes a node that belongs to a group, and which nodes need one.
class FusionGroups {
 public:
  FusionGroups(const Graph& graph, FusionMode mode);

  const std::vector<Group>& groups() const { return groups_; }
  GroupId group_of(NodeId id) const { return group_of_[id]; }
  /// Computed by one kernel (or a scan) and, if used outside it, stored; what belongs to no group is neither.
  bool is_computed(NodeId id) const { return group_of_[id] != kNoGroup; }
  /// What a value is made of, in memory or computed: itself, or what is behind it where it belongs to no group.
  std::vector<Value> sources(Value v) const;
  /// Every decision not to put an op beside what it reads, and not to take a group into what reads it.
  const std::vector<Refused>& refused() const { return refused_; }

 private:
  struct Source {
    Value value;     // what is stored or computed, behind every view
    bool identity;   // no view between that changes where an element is
    bool bijective;  // only permutes and reshapes between
  };

  void mark_materialised();
  void find_unwindow_feeders();
  bool needs_group(NodeId id) const;
  Source source_of(Value v) const;
  void place(NodeId id);
  std::vector<GroupId> producers(NodeId id) const;
  std::vector<GroupId> likes(NodeId id) const;
  Refusal join(NodeId id, GroupId g) const;
  Refusal join_pointwise(NodeId id, const Group& g, GroupId self) const;
  Refusal join_row(NodeId id, const Group& g, GroupId self) const;
  Refusal join_contraction(NodeId id, const Group& g, GroupId self) const;
  Refusal join_reduce(NodeId id, const Group& g, GroupId self) const;
  bool row_operand_fits(Value operand, const Shape& space, const Group& g, GroupId self) const;
  Refusal operands_from(NodeId id, GroupId g, bool Source::*property) const;
  bool reaches(GroupId from, GroupId to) const;
  Refusal between(NodeId id, GroupId g) const;
  Group make_group(NodeId id) const;
  void add_to(NodeId id, GroupId g);
  void absorb_producers();
  bool feeds_epilogue(GroupId producer, GroupId consumer) const;
  bool computes_alike(GroupId producer, GroupId consumer) const;
  Refusal absorb(GroupId producer, const std::set<GroupId>& users) const;
  bool widens(GroupId producer, const std::set<GroupId>& users) const;
  bool reads_narrow(GroupId g) const;
  bool is_dear(NodeId id) const;
  bool divides_bytes(NodeId id) const;
  void dissolve(GroupId producer, const std::set<GroupId>& users);
  void merge(GroupId from, GroupId into);
  std::vector<std::set<GroupId>> consumers() const;
  void remake_comparisons();
  std::optional<Value> compared_result(NodeId id) const;
  bool only_others_read(NodeId id, const std::vector<NodeId>& users) const;
  std::set<Value> stored_results(const std::vector<bool>& compares) const;

  const Graph& graph_;
  FusionMode mode_;
  std::vector<bool> live_;
  std::vector<bool> materialised_;  // views and leaves that something needs in memory
  std::vector<bool> feeds_unwindow_;
  std::vector<GroupId> group_of_;
  std::vector<Group> groups_;
  std::vector<Refused> refused_;
};

/// A movement op, or an identity that only matters to differentiation: read through, never stored.
bool is_view(Op op);
/// A leaf that costs nothing to make anew in every kernel.
bool is_free_leaf(Op op);

}  // namespace nnc
