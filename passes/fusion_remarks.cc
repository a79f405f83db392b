#include "passes/fusion_remarks.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace nnc {
namespace {

// Of a pointwise group and all that read it, and so said once.
bool concerns_producer(Apart why) {
  return why == Apart::Stored || why == Apart::Readers || why == Apart::Dear || why == Apart::Long;
}

class Remarks {
 public:
  Remarks(const Graph& graph, const FusionGroups& groups, const std::vector<GroupLabel>& labels)
      : graph_(graph), groups_(groups), labels_(labels) {}

  std::vector<Diagnostic> run() {
    for (GroupId p = 0; p < labels_.size(); ++p) {
      if (const Refused* r = find(p, kNoGroup)) add_producer(p, *r);
    }
    for (GroupId c = 0; c < labels_.size(); ++c) {
      for (GroupId p : groups_.groups()[c].reads) {
        const Refused* r = find(p, kNoGroup) ? nullptr : find(p, c);
        if (r) add_pair(p, c, *r);
      }
    }
    return std::move(out_);
  }

 private:
  // The decision about a group and one that reads it; without one, about the group and all that read it.
  const Refused* find(GroupId producer, GroupId consumer) const {
    for (const Refused& r : groups_.refused()) {
      if (groups_.group_of(r.producer) != producer || groups_.group_of(r.reader) == producer) continue;
      if (concerns_producer(r.refusal.why) != (consumer == kNoGroup)) continue;
      if (consumer == kNoGroup || groups_.group_of(r.reader) == consumer) return &r;
    }
    return nullptr;
  }

  void add_producer(GroupId p, const Refused& r) {
    std::string reason = why_stored(p, r);
    out_.push_back({Severity::Remark,
                    RemarkKind::Fuse,
                    graph_.node(labels_[p].node).loc,
                    fmt::format("{} stays apart from what reads it: {}", name(p), reason),
                    {},
                    {}});
  }

  void add_pair(GroupId p, GroupId c, const Refused& r) {
    Loc at = graph_.node(r.reader).loc, from = graph_.node(labels_[p].node).loc;
    if (at.line == 0) at = graph_.node(labels_[c].node).loc;
    Diagnostic& d = out_.emplace_back(Diagnostic{
        Severity::Remark,
        RemarkKind::Fuse,
        at,
        fmt::format("{} stays apart from its operand {}: {}", name(c), name(p), why_apart(p, c, r)),
        {},
        {}});
    if (from.line != 0 && from != at) d.note(from, name(p) + " is computed here");
  }

  std::string name(GroupId g) const { return fmt::format("'{}'", labels_[g].name); }
  // By the kernel that computes it; what each of its readers computes again has none.
  std::string name_of_node(NodeId id) const {
    return groups_.is_computed(id) ? name(groups_.group_of(id)) : fmt::format("a {}", op(id));
  }
  std::string_view op(NodeId id) const { return info(graph_.node(id).op).name; }

  std::vector<GroupId> readers(GroupId p) const {
    std::vector<GroupId> out;
    for (GroupId g = 0; g < labels_.size(); ++g) {
      if (groups_.groups()[g].reads.contains(p)) out.push_back(g);
    }
    return out;
  }

  std::string kernels(const std::vector<GroupId>& all) const {
    constexpr size_t kNamed = 4;
    std::vector<std::string> names;
    for (size_t i = 0; i < std::min(all.size(), kNamed); ++i) names.push_back(name(all[i]));
    std::string more = all.size() > kNamed ? ", …" : "";
    return fmt::format("{}{}", fmt::join(names, ", "), more);
  }

  // Why something else than its readers' kernel must find the group's values in memory.
  std::string memory_reason(GroupId p) const {
    for (const Output& o : graph_.outputs()) {
      if (groups_.group_of(o.value.node) != p) continue;
      return o.state_write ? fmt::format("it is the next value of '{}'", o.name)
                           : fmt::format("it is the output '{}'", o.name);
    }
    return "a scan reads it, or it is a result under another shape";
  }

  std::string why_stored(GroupId p, const Refused& r) const {
    std::vector<GroupId> all = readers(p);
    if (r.refusal.why == Apart::Stored) return memory_reason(p);
    if (r.refusal.why == Apart::Readers)
      return fmt::format("{} kernels read it: {}", all.size(), kernels(all));
    if (r.refusal.why == Apart::Dear)
      return fmt::format("{} would compute its {} many times over", kernels(all), op(r.refusal.culprit));
    return fmt::format("{} would repeat its {} operations many times", kernels(all),
                       groups_.groups()[p].nodes.size());
  }

  std::string why_apart(GroupId p, GroupId c, const Refused& r) const {
    const Node& reader = graph_.node(r.reader);
    switch (r.refusal.why) {
      case Apart::Begins:
        if (reader.op == Op::Dot) return "a dot reads each element of its operands many times";
        return fmt::format("a kernel begins with its {}", op(r.reader));
      case Apart::Between:
        return fmt::format("it also reads {}, which needs all of {}", name_of_node(r.refusal.culprit),
                           name(p));
      case Apart::Beside:
        return fmt::format("its {} is in the kernel of another operand", op(r.reader));
      case Apart::Moves:
        return fmt::format("a {} between them changes where each element is", op(r.refusal.culprit));
      case Apart::Shapes:
        return fmt::format("they have elements at different points, {} and {}", to_string(shape_read(reader)),
                           to_string(groups_.groups()[p].space));
      case Apart::Axes:
        return fmt::format("its {} is over other axes than the other kernel's", op(r.reader));
      case Apart::Tiles:
        return fmt::format("a {} folds across the tiles that a dot's results leave in", op(r.reader));
      case Apart::Unready:
        return fmt::format("its {} is of what the other kernel knows only at its end", op(r.reader));
      case Apart::Across:
        return "what is known at the end of a row is read by other rows, or at other axes";
      case Apart::Taps:
        return "one of them is computed tap by tap where an unwindow sums it, and never stored";
      case Apart::Whole:
        return fmt::format("a {} is complete only at its end", op(r.producer));
      case Apart::Copied:
        return fmt::format("{}, so a {} is copied", memory_reason(c), op(r.reader));
      case Apart::Stored:
      case Apart::Readers:
      case Apart::Dear:
      case Apart::Long:
        return why_stored(p, r);
      case Apart::Not:
        break;
    }
    return {};
  }

  // The points an op asks its operands at.
  const Shape& shape_read(const Node& n) const {
    bool fold = info(n.op).op_class == OpClass::Reduce;
    return fold ? graph_.type(n.operands[0]).shape : n.results[0].shape;
  }

  const Graph& graph_;
  const FusionGroups& groups_;
  const std::vector<GroupLabel>& labels_;
  std::vector<Diagnostic> out_;
};

}  // namespace

std::vector<Diagnostic> fusion_remarks(const Graph& graph, const FusionGroups& groups,
                                       const std::vector<GroupLabel>& labels) {
  return Remarks(graph, groups, labels).run();
}

}  // namespace nnc
