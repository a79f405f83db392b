#include "ir/net.h"

#include <algorithm>
#include <cassert>

#include <fmt/format.h>

#include "ir/error.h"

namespace nnc {
namespace {

const Type kCounter{DType::I64, {}};
constexpr int64_t kMaxElements = int64_t{1} << 40;

// A parameter is allocated before any batch is seen, so its extents are numbers.
void check_param_type(const std::string& path, const Type& type) {
  for (const Dim& d : type.shape) {
    if (d.is_constant()) continue;
    throw Error(fmt::format("the parameter {} would be {}: its sizes must be numbers, and {} is not one",
                            path, type.str(), d.str()));
  }
  int64_t count = element_count(type.shape).value();
  if (count < 1 || count > kMaxElements) {
    throw Error(fmt::format("the parameter {} would be {}: {} elements", path, type.str(), count));
  }
}

// Inputs are merged by name and type, so a body input needs a name no other has.
std::string free_input_name(const Graph& graph, const std::string& base) {
  std::string name = base;
  auto taken = [&](NodeId id) { return graph.node(id).as<InputAttrs>().name == name; };
  for (int i = 1; std::any_of(graph.inputs().begin(), graph.inputs().end(), taken); ++i) {
    name = base + "_" + std::to_string(i);
  }
  return name;
}

}  // namespace

Net::Net(const std::string& name, Mode mode) : mode_(mode) {
  frames_.push_back(std::make_unique<Frame>(name));
}

Value Net::param(const std::string& name, const Type& type, std::optional<Init> init, bool trainable) {
  std::string full = path(name);
  check_param_type(full, type);
  if (!paths_.insert(full).second) throw Error(fmt::format("there are two parameters {}", full));
  declared_.push_back({full, type, trainable, std::move(init), b().loc()});
  Builder& outer = frames_.front()->b;
  outer.set_loc(b().loc());
  return import(outer.param(full, type, trainable), 0);
}

void Net::write_state(const std::string& name, Value value) {
  if (!training()) return;
  if (depth() > 0) throw Error(path() + " keeps statistics, which a scan's body cannot");
  writes_.push_back({path(name), value, true});
}

Graph Net::take_graph() {
  Graph& graph = frames_.front()->graph;
  for (Output& write : writes_) graph.add_output(std::move(write));
  return std::move(graph);
}

Value Net::uniform(const Type& type) {
  Value seed = import(frames_.front()->b.param(kSeedParam, kCounter, false), 0);
  return b().random(path(), type, seed, counter(depth()));
}

// Steps of scans are digits below the training step: ((step * T1) + t1) * T2 + t2…
Value Net::counter(size_t depth) {
  Frame& frame = *frames_[depth];
  if (depth == 0) return frame.b.param(kStepParam, kCounter, false);
  if (!frame.index) frame.index = frame.b.input(free_input_name(frame.graph, "t"), kCounter);
  Value outer = capture(*frames_[depth - 1], frame, counter(depth - 1));
  return frame.b.add(frame.b.mul(outer, frame.b.extent(frame.length)), *frame.index);
}

void Net::enter(const std::string& scope) {
  Frame& frame = *frames_.back();
  frame.scopes.push_back(frame.graph.scope(frame.b.scope(), scope));
  frame.b.set_scope(frame.scopes.back());
  scopes_.push_back(scope);
}

void Net::leave() {
  Frame& frame = *frames_.back();
  frame.scopes.pop_back();
  frame.b.set_scope(frame.scopes.empty() ? 0 : frame.scopes.back());
  scopes_.pop_back();
}

std::string Net::path() const { return fmt::format("{}", fmt::join(scopes_, ".")); }

std::string Net::path(const std::string& name) const { return scopes_.empty() ? name : path() + "." + name; }

std::string Net::unique(const std::string& name) {
  int ordinal = ordinals_[path(name)]++;
  return ordinal == 0 ? name : name + "_" + std::to_string(ordinal);
}

std::vector<Value> Net::begin_scan(const std::vector<std::pair<std::string, Type>>& carries,
                                   const std::vector<std::pair<std::string, Type>>& scanned,
                                   const Dim& length) {
  Loc loc = b().loc();
  frames_.push_back(std::make_unique<Frame>("body"));
  Frame& frame = *frames_.back();
  frame.length = length;
  frame.b.set_loc(loc);
  ScopeId scope = 0;
  for (const std::string& name : scopes_) frame.scopes.push_back(scope = frame.graph.scope(scope, name));
  frame.b.set_scope(scope);
  std::vector<Value> out;
  for (const auto& [name, type] : carries) {
    out.push_back(frame.b.input(free_input_name(frame.graph, name), type));
    frame.carries.push_back(frame.graph.node(out.back()).as<InputAttrs>().name);
  }
  for (const auto& [name, type] : scanned) {
    out.push_back(frame.b.input(free_input_name(frame.graph, name), type));
  }
  return out;
}

// The open body has its inputs in the order they were met; the closed one has carries, scanned values, the
// step number and captured values in the order `scan` wants.
std::vector<Value> Net::end_scan(const std::vector<Value>& next, const std::vector<Value>& yields,
                                 const std::vector<Value>& initial, const std::vector<Value>& sequences) {
  assert(depth() > 0 && next.size() == initial.size());
  std::unique_ptr<Frame> open = std::move(frames_.back());
  frames_.pop_back();

  std::vector<Value> operands = initial, ordered;
  operands.insert(operands.end(), sequences.begin(), sequences.end());
  for (size_t i = 0; i < operands.size(); ++i) ordered.push_back({open->graph.inputs()[i], 0});
  auto scanned = static_cast<int64_t>(sequences.size());
  if (open->index) {
    ordered.push_back(*open->index);
    operands.push_back(b().iota({DType::I64, {open->length}}, 0));
    ++scanned;
  }
  for (const auto& [outside, inside] : open->captured) {
    ordered.push_back(inside);
    operands.push_back(outside);
  }

  auto body = std::make_shared<Graph>("body");
  Builder closed(*body);
  std::map<Value, Value> image;
  for (Value v : ordered) {
    const Node& in = open->graph.node(v);
    image[v] = {body->add(Op::Input, in.attrs, {}, 0, in.loc), 0};
  }
  std::vector<Value> arguments, roots = next;
  for (NodeId id : open->graph.inputs()) arguments.push_back(image.at({id, 0}));
  roots.insert(roots.end(), yields.begin(), yields.end());
  std::vector<Value> results = inline_graph(closed, open->graph, arguments, roots);
  for (size_t i = 0; i < results.size(); ++i) {
    std::string name = i < next.size() ? open->carries[i] : "yield" + std::to_string(i - next.size());
    body->add_output({name, results[i], false});
  }
  ScanAttrs attrs{static_cast<int64_t>(next.size()), scanned, open->length, false, Body{body}};
  return b().scan(std::move(attrs), std::move(operands));
}

void Net::abandon_scan() { frames_.pop_back(); }

Value Net::import(Value value, size_t depth) {
  for (size_t k = depth; k + 1 < frames_.size(); ++k) value = capture(*frames_[k], *frames_[k + 1], value);
  return value;
}

Value Net::capture(Frame& outer, Frame& inner, Value value) {
  if (auto it = inner.images.find(value); it != inner.images.end()) return it->second;
  const Node& n = outer.graph.node(value);
  Value image;
  if (n.op == Op::Constant || n.op == Op::Extent) {
    image = inner.b.add_one(n.op, n.attrs, {});
  } else {
    std::string base = n.op == Op::Input ? n.as<InputAttrs>().name : "read";
    image = inner.b.input(free_input_name(inner.graph, base), outer.graph.type(value));
    inner.captured.emplace_back(value, image);
  }
  inner.images[value] = image;
  return image;
}

}  // namespace nnc
