#include "codegen/program_builder.h"

#include <algorithm>

#include <fmt/format.h>

#include "codegen/equal_regions.h"
#include "codegen/lower.h"
#include "codegen/parallel_for.h"
#include "ir/error.h"
#include "passes/fusion_groups.h"
#include "passes/rewrite.h"

namespace nnc {
namespace {

Type without_leading_axis(Type t) {
  t.shape.erase(t.shape.begin());
  return t;
}

// Behind reshapes, which only rename memory.
Value behind_reshapes(const Graph& g, Value v) {
  while (g.node(v).op == Op::Reshape) v = g.node(v).operands[0];
  return v;
}

// What a region computes: the ops of each scope in order, views and constants aside.
std::string parts_of(const Graph& body) {
  std::vector<std::pair<std::string, std::string>> scopes;  // scope and its ops
  for (NodeId id = 0; id < body.size(); ++id) {
    const Node& n = body.node(id);
    if (info(n.op).op_class == OpClass::Leaf || is_view(n.op)) continue;
    std::string scope = body.scope_path(n.scope);
    auto it = std::find_if(scopes.begin(), scopes.end(), [&](const auto& s) { return s.first == scope; });
    if (it == scopes.end()) it = scopes.insert(it, {scope, ""});
    it->second += fmt::format(" {}", info(n.op).name);
  }
  std::string out;
  for (const auto& [scope, ops] : scopes)
    out += fmt::format("{}{}:{}", out.empty() ? "" : ", ", scope.empty() ? "model" : scope, ops);
  return out;
}

// In the order in which a walk meets them: bodies of scans where the scan stands.
void collect_regions(const Graph& graph, std::vector<RegionOf>& out) {
  for (NodeId id = 0; id < graph.size(); ++id) {
    const Node& n = graph.node(id);
    if (n.op == Op::Region) out.push_back({&graph, id});
    if (n.op == Op::Scan) collect_regions(*n.as<ScanAttrs>().body.graph, out);
  }
}

}  // namespace

void ProgramBuilder::lower_regions(const Graph& graph) {
  collect_regions(graph, regions_);
  std::vector<size_t> first = first_equal(regions_), distinct;
  kernel_of_.resize(regions_.size());
  for (size_t i = 0; i < regions_.size(); ++i) {
    kernel_of_[i] = first[i] == i ? distinct.size() : kernel_of_[first[i]];
    if (first[i] == i) distinct.push_back(i);
  }
  kernels_.resize(distinct.size());
  parallel_for(threads_, distinct.size(), [&](size_t i, size_t) {
    const RegionOf& region = regions_[distinct[i]];
    kernels_[i] = lower(*region.graph, region.id, target_, expected_);
  });
}

loop::Kernel ProgramBuilder::named_kernel(size_t call) const {
  return renamed(kernels_[kernel_of_[call]], regions_[call]);
}

loop::Kernel& ProgramBuilder::own_kernel(size_t call) {
  size_t& index = kernel_of_[call];
  if (std::ranges::count(kernel_of_, index) > 1) {
    kernels_.push_back(loop::Kernel(kernels_[index]));
    index = kernels_.size() - 1;
  }
  return kernels_[index];
}

int ProgramBuilder::add_slot(Slot slot) {
  program_.slots.push_back(std::move(slot));
  return static_cast<int>(program_.slots.size() - 1);
}

int ProgramBuilder::arena_slot(const Type& type, std::string name) {
  return add_slot({.storage = Storage::Arena, .type = type, .name = std::move(name)});
}

int ProgramBuilder::state_slot(const Node& param) {
  const auto& a = param.as<ParamAttrs>();
  auto [it, added] = states_.try_emplace(a.path, -1);
  if (added) {
    int index = static_cast<int>(program_.state.size());
    it->second = add_slot({.storage = Storage::State, .type = a.type, .index = index, .name = a.path});
    program_.state.push_back({a.path, a.type, it->second});
  }
  return it->second;
}

void ProgramBuilder::build(const Graph& graph) {
  program_.name = graph.name();
  lower_regions(graph);
  Slots slots;
  for (NodeId id : graph.inputs()) {
    const auto& a = graph.node(id).as<InputAttrs>();
    int index = static_cast<int>(program_.inputs.size());
    int slot = add_slot({.storage = Storage::Input, .type = a.type, .index = index, .name = a.name});
    program_.inputs.push_back({a.name, a.type, slot});
    slots[{id, 0}] = slot;
  }
  walk(graph, slots, {});
  for (const Output& o : graph.outputs()) {
    int slot = slots.at(behind_reshapes(graph, o.value));
    if (o.state_write) {
      state_writes_.push_back({slot, states_.at(o.name)});
    } else {
      program_.outputs.push_back({o.name, graph.type(o.value), slot});
    }
  }
}

// `wanted` names the slot a value must be written to; everything else gets a temporary of its own.
void ProgramBuilder::walk(const Graph& graph, Slots& slots, const Slots& wanted) {
  for (NodeId id = 0; id < graph.size(); ++id) {
    const Node& n = graph.node(id);
    if (n.op == Op::Input) continue;
    if (n.op == Op::Param)
      slots[{id, 0}] = state_slot(n);
    else if (n.op == Op::Reshape)
      slots[{id, 0}] = slots.at(n.operands[0]);
    else if (n.op == Op::Region)
      region(graph, id, slots, wanted);
    else if (n.op == Op::Scan)
      scan(graph, id, slots);
    else
      throw Error(fmt::format("'{}' stands outside a region: the graph is not fused", info(n.op).name));
  }
}

void ProgramBuilder::region(const Graph& graph, NodeId id, Slots& slots, const Slots& wanted) {
  const Node& n = graph.node(id);
  const auto& a = n.as<RegionAttrs>();
  for (uint32_t i = 0; i < n.results.size(); ++i) {
    auto it = wanted.find({id, i});
    std::string name = n.results.size() == 1 ? a.name : fmt::format("{}:{}", a.name, i);
    slots[{id, i}] = it != wanted.end() ? it->second : arena_slot(n.results[i], name);
  }
  const loop::Kernel& kernel = kernels_[kernel_of_[program_.calls.size()]];
  Call call{.kind = a.kind, .name = a.name, .parts = parts_of(*body_of(n)), .loc = n.loc};
  for (const loop::Buffer& b : kernel.buffers) {
    if (b.role == loop::BufferRole::Scratch) continue;
    bool write = b.role == loop::BufferRole::Result;
    Value v = write ? Value{id, static_cast<uint32_t>(b.index)} : n.operands[b.index];
    call.arguments.push_back({slots.at(v), write, b.alias_group});
  }
  for (const Literal& l : kernel.literals) call.literals.push_back(l.bits);
  add_entry({.kind = EntryKind::Call, .index = static_cast<int>(program_.calls.size())});
  program_.calls.push_back(std::move(call));
}

int ProgramBuilder::slice_of(int parent, const Type& type, int loop) {
  Dim stride = element_count(type.shape) * Dim(size_of(type.dtype));
  return add_slot({.storage = Storage::Slice,
                   .type = type,
                   .index = loop,
                   .parent = parent,
                   .stride = stride,
                   .name = program_.slots[parent].name + "[t]"});
}

// A carry alternates between two buffers, so that a step reads the old state while it writes the new one.
ProgramBuilder::Carry ProgramBuilder::add_carry(const Type& type, int loop, const std::string& name) {
  int even = arena_slot(type, name), odd = arena_slot(type, name + "'");
  auto side = [&](int phase) {
    return add_slot({.storage = Storage::Carry,
                     .type = type,
                     .index = loop,
                     .parent = even,
                     .other = odd,
                     .phase = phase,
                     .name = name + (phase ? ".next" : ".now")});
  };
  int now = side(0);
  return {even, now, side(1)};
}

// Yields go straight into their slice of the stacked result.
void ProgramBuilder::scan(const Graph& graph, NodeId id, Slots& slots) {
  const Node& n = graph.node(id);
  const auto& a = n.as<ScanAttrs>();
  const Graph& body = *a.body.graph;
  int loop = static_cast<int>(program_.loops.size());
  program_.loops.push_back({a.length, a.reverse});
  std::string scope = graph.scope_path(n.scope), label = scope.empty() ? "scan" : scope + ".scan";

  Slots inner;
  std::vector<int> targets;  // where each body output belongs
  for (int64_t i = 0; i < a.carries; ++i) {
    Carry c = add_carry(n.results[i], loop, fmt::format("{}.carry{}", label, i));
    add_entry({.kind = EntryKind::Copy, .from = slots.at(n.operands[i]), .to = c.start});
    slots[{id, static_cast<uint32_t>(i)}] = inner[{body.inputs()[i], 0}] = c.now;
    targets.push_back(c.next);
  }
  for (size_t i = a.carries; i < body.inputs().size(); ++i) {
    int outer = slots.at(n.operands[i]);
    bool scanned = static_cast<int64_t>(i) < a.carries + a.scanned;
    const Type& type = graph.type(n.operands[i]);
    inner[{body.inputs()[i], 0}] = scanned ? slice_of(outer, without_leading_axis(type), loop) : outer;
  }
  for (size_t i = a.carries; i < n.results.size(); ++i) {
    int stacked = arena_slot(n.results[i], fmt::format("{}.yield{}", label, i - a.carries));
    slots[{id, static_cast<uint32_t>(i)}] = stacked;
    targets.push_back(slice_of(stacked, without_leading_axis(n.results[i]), loop));
  }
  scan_body(body, loop, inner, targets);
}

void ProgramBuilder::scan_body(const Graph& body, int loop, Slots& inner, const std::vector<int>& targets) {
  std::vector<Value> outputs;
  for (const Output& o : body.outputs()) outputs.push_back(behind_reshapes(body, o.value));
  Slots wanted;
  for (size_t i = 0; i < targets.size(); ++i) wanted.try_emplace(outputs[i], targets[i]);

  size_t begin = program_.entries.size();
  add_entry({.kind = EntryKind::LoopBegin, .index = loop});
  walk(body, inner, wanted);
  for (size_t i = 0; i < targets.size(); ++i) {
    int written = inner.at(outputs[i]);
    if (written != targets[i]) add_entry({.kind = EntryKind::Copy, .from = written, .to = targets[i]});
  }
  program_.entries[begin].to = static_cast<int>(program_.entries.size());
  add_entry({.kind = EntryKind::LoopEnd, .index = loop, .to = static_cast<int>(begin)});
}

}  // namespace nnc
