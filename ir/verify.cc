#include "ir/verify.h"

#include <map>
#include <set>

#include <fmt/format.h>

#include "ir/names.h"

namespace nnc {
namespace {

// Where a graph stands: the whole one at either stage, or the body of a scan or region at either.
enum class Place : uint8_t { Primitives, Fused, ScanBody, FusedScanBody, RegionBody };

struct Legal {
  Place place;
  std::string_view name;
  std::initializer_list<OpClass> classes;
  std::initializer_list<Op> also, never;
};

using C = OpClass;
const Legal kLegal[] = {
    {Place::Primitives,
     "a graph of primitives",
     {C::Leaf, C::Random, C::Unary, C::Binary, C::Ternary, C::Movement, C::Concat, C::Window, C::Index,
      C::Reduce, C::Dot, C::Control},
     {},
     {}},
    {Place::Fused, "a fused graph", {C::Leaf, C::Structure, C::Control}, {Op::Reshape}, {}},
    {Place::ScanBody,
     "a scan's body",
     {C::Leaf, C::Random, C::Unary, C::Binary, C::Ternary, C::Movement, C::Concat, C::Window, C::Index,
      C::Reduce, C::Dot, C::Control},
     {},
     {Op::Param}},
    {Place::FusedScanBody,
     "a fused scan's body",
     {C::Leaf, C::Structure, C::Control},
     {Op::Reshape},
     {Op::Param}},
    {Place::RegionBody,
     "a region",
     {C::Leaf, C::Random, C::Unary, C::Binary, C::Ternary, C::Movement, C::Concat, C::Window, C::Index,
      C::Reduce, C::Dot},
     {},
     {Op::Param}},
};

template <class T>
bool contains(const std::initializer_list<T>& list, T x) {
  for (T y : list) {
    if (x == y) return true;
  }
  return false;
}

const Legal& row_of(Place place) { return kLegal[static_cast<int>(place)]; }

bool is_legal(Op op, Place place) {
  const Legal& row = row_of(place);
  return (contains(row.classes, info(op).op_class) || contains(row.also, op)) && !contains(row.never, op);
}

class Verifier {
 public:
  Verifier(const Graph& graph, Place place, std::string path, std::vector<Diagnostic>& found)
      : graph_(graph), place_(place), path_(std::move(path)), found_(found) {}

  void run() {
    if (!check_operands()) return;  // nothing else can be asked then
    names_.emplace(graph_);
    for (NodeId id = 0; id < graph_.size(); ++id) node(id);
    check_leaves();
    check_symbols();
    check_outputs();
  }

 private:
  void report(Loc loc, const std::string& what) {
    found_.push_back({Severity::Error, "invalid-graph", loc, path_ + what, {}, {}});
  }
  void report(NodeId id, const std::string& what) {
    report(graph_.node(id).loc,
           fmt::format("{}: {}", names_ ? (*names_)[id] : fmt::format("node {}", id), what));
  }

  bool exists(Value v, NodeId before) const {
    return v.node < before && v.node < graph_.size() && v.index < graph_.node(v).results.size();
  }

  bool check_operands() {
    size_t before = found_.size();
    for (NodeId id = 0; id < graph_.size(); ++id) {
      for (Value v : graph_.node(id).operands) {
        if (!exists(v, id)) report(id, "an operand does not exist before it");
      }
    }
    for (const Output& o : graph_.outputs()) {
      if (!exists(o.value, UINT32_MAX)) report(Loc{}, fmt::format("output '{}' has no value", o.name));
    }
    return found_.size() == before;
  }

  void node(NodeId id) {
    const Node& n = graph_.node(id);
    if (!is_legal(n.op, place_))
      report(id, fmt::format("{} is not legal in {}", info(n.op).name, row_of(place_).name));
    std::vector<Type> operands;
    for (Value v : n.operands) operands.push_back(graph_.type(v));
    try {
      std::vector<Type> results = infer(n.op, n.attrs, operands);
      if (results != n.results) report(id, "its types are not what its operands give");
    } catch (const Error& e) {
      report(id, e.what());
    }
    if (n.op == Op::Scan) body(id, n.as<ScanAttrs>().body, scan_body());
    if (n.op == Op::Region) body(id, n.as<RegionAttrs>().body, Place::RegionBody);
  }

  Place scan_body() const {
    return place_ == Place::Fused || place_ == Place::FusedScanBody ? Place::FusedScanBody : Place::ScanBody;
  }

  void body(NodeId id, const Body& body, Place place) {
    if (!body.graph) return;  // inference has said so
    Verifier(*body.graph, place, path_ + (*names_)[id] + ": ", found_).run();
  }

  void check_leaves() {
    std::set<std::string> inputs, params, regions;
    for (NodeId id : graph_.inputs()) {
      if (!inputs.insert(graph_.node(id).as<InputAttrs>().name).second)
        report(id, "another input has this name");
    }
    for (NodeId id : graph_.params()) {
      if (!params.insert(graph_.node(id).as<ParamAttrs>().path).second)
        report(id, "another param has this path");
    }
    for (NodeId id = 0; id < graph_.size(); ++id) {
      if (graph_.node(id).op != Op::Region) continue;
      const std::string& name = graph_.node(id).as<RegionAttrs>().name;
      if (!regions.insert(name).second) report(id, fmt::format("another region is called '{}'", name));
    }
  }

  void check_symbols() {
    for (const std::string& symbol : graph_.symbols()) {
      if (name_text(symbol) != symbol) report(Loc{}, fmt::format("a dimension can't be called '{}'", symbol));
    }
  }

  void check_outputs() {
    std::set<std::pair<bool, std::string>> seen;
    bool is_body = place_ != Place::Primitives && place_ != Place::Fused;
    for (const Output& o : graph_.outputs()) {
      Loc loc = graph_.node(o.value).loc;
      const char* what = o.state_write ? "write" : "output";
      if (!seen.insert({o.state_write, o.name}).second)
        report(loc, fmt::format("{} '{}' occurs twice", what, o.name));
      if (o.state_write && is_body)
        report(loc, fmt::format("'{}' is written in a body", o.name));
      else if (o.state_write)
        check_write(o, loc);
    }
  }

  // State that is only written (initial values) has no param here.
  void check_write(const Output& o, Loc loc) {
    for (NodeId id : graph_.params()) {
      if (graph_.node(id).as<ParamAttrs>().path != o.name) continue;
      const Type &state = graph_.node(id).results[0], &value = graph_.type(o.value);
      if (state == value) return;
      report(loc, fmt::format("'{}' is {} and is written with {}", o.name, state.str(), value.str()));
    }
  }

  const Graph& graph_;
  Place place_;
  std::string path_;
  std::vector<Diagnostic>& found_;
  std::optional<Names> names_;
};

}  // namespace

std::vector<Diagnostic> verify(const Graph& graph, Stage stage) {
  std::vector<Diagnostic> found;
  Verifier(graph, stage == Stage::Fused ? Place::Fused : Place::Primitives, "", found).run();
  return found;
}

void check(const Graph& graph, Stage stage, const std::string& when) {
  std::vector<Diagnostic> found = verify(graph, stage);
  if (found.empty()) return;
  std::vector<std::string> notes;
  for (const Diagnostic& d : found) notes.push_back(d.message);
  std::string first = notes[0];
  notes.erase(notes.begin());
  throw Error(fmt::format("graph '{}' is not valid {}: {}", graph.name(), when, first), notes);
}

}  // namespace nnc
