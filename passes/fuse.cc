#include "passes/fuse.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "ir/builder.h"
#include "passes/fusion_remarks.h"
#include "passes/rewrite.h"

namespace nnc {
namespace {

// A region's body while it is cut out of the graph.
struct Cut {
  Graph body;
  std::map<Value, Value> images;  // values of the whole graph → of the body
  std::vector<Value> operands;    // of the whole graph, in the order of the body's inputs
  std::vector<Value> results;
};

class Fuser {
 public:
  Fuser(const Graph& graph, FusionMode mode, std::vector<Diagnostic>* remarks)
      : graph_(graph),
        mode_(mode),
        remarks_(remarks),
        groups_(graph, mode),
        labels_(groups_.groups().size()),
        out_(graph.name()),
        builder_(out_) {}

  Graph run() {
    copy_scopes();
    for (NodeId id : graph_.inputs()) images_[{id, 0}] = copy_leaf(id);
    for (NodeId id : graph_.params()) images_[{id, 0}] = copy_leaf(id);
    find_results();
    for (GroupId g : order()) {
      labels_[g] = label_of(g);
      emit(g);
    }
    if (remarks_) {
      std::vector<Diagnostic> more = fusion_remarks(graph_, groups_, labels_);
      std::move(more.begin(), more.end(), std::back_inserter(*remarks_));
    }
    for (const Output& o : graph_.outputs()) out_.add_output({o.name, external(o.value), o.state_write});
    return std::move(out_);
  }

 private:
  void copy_scopes() {
    for (ScopeId id = 1; id < graph_.scopes().size(); ++id) {
      out_.scope(graph_.scopes()[id].parent, graph_.scopes()[id].name);
    }
  }

  Value copy_leaf(NodeId id) {
    const Node& n = graph_.node(id);
    return {out_.add(n.op, n.attrs, {}, n.scope, n.loc), 0};
  }

  // Values computed in one group and needed in another, or by the caller.
  void find_results() {
    results_.resize(groups_.groups().size());
    auto need = [&](Value v, GroupId user) {
      for (Value source : groups_.sources(v)) {
        GroupId g = groups_.group_of(source.node);
        if (g != kNoGroup && g != user) add_result(g, source);
      }
    };
    for (GroupId g = 0; g < groups_.groups().size(); ++g) {
      for (NodeId id : groups_.groups()[g].nodes) {
        for (Value v : graph_.node(id).operands) need(v, g);
      }
    }
    for (const Output& o : graph_.outputs()) need(o.value, kNoGroup);
  }

  void add_result(GroupId g, Value v) {
    if (std::find(results_[g].begin(), results_[g].end(), v) == results_[g].end()) results_[g].push_back(v);
  }

  // --- order ---

  // Params read by each group, through what belongs to none.
  std::set<NodeId> params_read(GroupId g) const {
    std::set<NodeId> out;
    for (NodeId id : groups_.groups()[g].nodes) {
      for (Value operand : graph_.node(id).operands) {
        for (Value v : groups_.sources(operand)) {
          if (graph_.node(v).op == Op::Param) out.insert(v.node);
        }
      }
    }
    return out;
  }

  // For each group, the groups that read the old value of state it writes.
  std::vector<std::set<GroupId>> readers_before_writers() const {
    std::map<std::string, GroupId> writer;
    for (const Output& o : graph_.outputs()) {
      if (o.state_write && groups_.is_computed(o.value.node)) writer[o.name] = groups_.group_of(o.value.node);
    }
    std::vector<std::set<GroupId>> before(groups_.groups().size());
    for (GroupId g = 0; g < groups_.groups().size(); ++g) {
      for (NodeId id : params_read(g)) {
        auto it = writer.find(graph_.node(id).as<ParamAttrs>().path);
        if (it != writer.end() && it->second != g) before[it->second].insert(g);
      }
    }
    return before;
  }

  // By need; among what is ready, state is written as late as its readers ask, and else the graph's order
  // holds.
  std::vector<GroupId> order() const {
    const std::vector<Group>& groups = groups_.groups();
    std::vector<std::set<GroupId>> before = readers_before_writers();
    std::vector<bool> done(groups.size());
    std::vector<GroupId> pending, out;
    for (GroupId g = 0; g < groups.size(); ++g) {
      if (!groups[g].nodes.empty()) pending.push_back(g);
    }
    std::sort(pending.begin(), pending.end(),
              [&](GroupId a, GroupId b) { return groups[a].nodes.back() < groups[b].nodes.back(); });
    auto all_done = [&](const std::set<GroupId>& of) {
      return std::all_of(of.begin(), of.end(), [&](GroupId g) { return done[g]; });
    };
    while (!pending.empty()) {
      auto ready = [&](GroupId g) { return all_done(groups[g].reads); };
      auto it = std::find_if(pending.begin(), pending.end(),
                             [&](GroupId g) { return ready(g) && all_done(before[g]); });
      if (it == pending.end()) it = std::find_if(pending.begin(), pending.end(), ready);
      done[*it] = true;
      out.push_back(*it);
      pending.erase(it);
    }
    return out;
  }

  // --- regions ---

  void emit(GroupId g) {
    if (groups_.groups()[g].kind == KernelKind::Scan) return emit_scan(groups_.groups()[g].nodes[0]);
    emit_region(g);
  }

  void emit_scan(NodeId id) {
    const Node& n = graph_.node(id);
    std::vector<Value> operands;
    for (Value v : n.operands) operands.push_back(external(v));
    Attrs attrs = map_body(n.attrs, [&](const Graph& body) { return fuse(body, mode_, remarks_); });
    NodeId image = out_.add(Op::Scan, std::move(attrs), std::move(operands), n.scope, n.loc);
    for (uint32_t i = 0; i < n.results.size(); ++i) images_[{id, i}] = {image, i};
  }

  // What stands for a value that is in memory.
  Value external(Value v) {
    auto it = images_.find(v);
    if (it != images_.end()) return it->second;
    const Node& n = graph_.node(v);  // only reshapes remain
    Value inner = external(n.operands.at(0));
    return images_[v] = {out_.add(Op::Reshape, n.attrs, {inner}, n.scope, n.loc), 0};
  }

  void emit_region(GroupId g) {
    Cut cut{Graph("body"), {}, {}, {}};
    for (Value v : results_[g]) {
      cut.body.add_output({fmt::format("r{}", cut.results.size()), inner(cut, v, g), false});
      cut.results.push_back(v);
    }
    std::vector<Value> operands;
    for (Value v : cut.operands) operands.push_back(external(v));
    const Node& label = graph_.node(labels_[g].node);
    RegionAttrs attrs{
        groups_.groups()[g].kind, labels_[g].name, {std::make_shared<Graph>(std::move(cut.body))}};
    NodeId id = out_.add(Op::Region, std::move(attrs), std::move(operands), label.scope, label.loc);
    for (uint32_t i = 0; i < cut.results.size(); ++i) images_[cut.results[i]] = {id, i};
  }

  // The image of a value inside the region of group g, with everything it needs.
  Value inner(Cut& cut, Value v, GroupId g) {
    auto it = cut.images.find(v);
    if (it != cut.images.end()) return it->second;
    const Node& n = graph_.node(v);
    GroupId owner = groups_.group_of(v.node);
    bool outside = n.op == Op::Input || n.op == Op::Param || (owner != kNoGroup && owner != g);
    if (outside) return cut.images[v] = body_input(cut, v);
    std::vector<Value> operands;
    for (Value o : n.operands) operands.push_back(inner(cut, o, g));
    NodeId id = cut.body.add(n.op, n.attrs, std::move(operands), copy_scope(cut.body, n.scope), n.loc);
    for (uint32_t i = 0; i < n.results.size(); ++i) cut.images[{v.node, i}] = {id, i};
    return cut.images[v];
  }

  Value body_input(Cut& cut, Value v) {
    InputAttrs attrs{fmt::format("a{}", cut.operands.size()), graph_.type(v)};
    cut.operands.push_back(v);
    return {cut.body.add(Op::Input, std::move(attrs), {}), 0};
  }

  ScopeId copy_scope(Graph& to, ScopeId id) {
    if (id == 0) return 0;
    return to.scope(copy_scope(to, graph_.scopes()[id].parent), graph_.scopes()[id].name);
  }

  // --- names ---

  // The node a person would name the group after: its contraction or reduction, else its last node.
  NodeId named_after(GroupId g) const {
    const Group& group = groups_.groups()[g];
    for (NodeId id : group.nodes) {
      OpClass c = info(graph_.node(id).op).op_class;
      if (c == OpClass::Dot || c == OpClass::Reduce || c == OpClass::Index) return id;
    }
    return group.nodes.back();
  }

  GroupLabel label_of(GroupId g) {
    NodeId id = named_after(g);
    std::string scope = graph_.scope_path(graph_.node(id).scope);
    std::string name = (scope.empty() ? "" : scope + ".") + std::string(info(graph_.node(id).op).name);
    int ordinal = used_names_[name]++;
    return {ordinal == 0 ? name : fmt::format("{}.{}", name, ordinal), id};
  }

  const Graph& graph_;
  FusionMode mode_;
  std::vector<Diagnostic>* remarks_;
  FusionGroups groups_;
  std::vector<GroupLabel> labels_;
  Graph out_;
  Builder builder_;
  std::map<Value, Value> images_;
  std::vector<std::vector<Value>> results_;
  std::map<std::string, int> used_names_;
};

}  // namespace

Graph fuse(const Graph& graph, FusionMode mode, std::vector<Diagnostic>* remarks) {
  return Fuser(graph, mode, remarks).run();
}

}  // namespace nnc
