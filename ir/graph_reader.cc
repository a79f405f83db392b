// Graph blocks to graphs. A node that fails takes what depends on it along in silence: one mistake, one
// message.
#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>

#include "ir/attr_fields.h"
#include "ir/attr_reader.h"
#include "ir/graph_text.h"
#include "ir/names.h"
#include "ir/parser.h"

namespace nnc {
namespace {

const ast::Name& name_of_item(const ast::Train& t) { return t.model; }
template <class I>
const ast::Name& name_of_item(const I& item) {
  return item.name;
}

class GraphReader {
 public:
  GraphReader(Graph& graph, Diagnostics& d) : graph_(graph), diagnostics_(d) {}

  void run(const ast::GraphBody& body) {
    std::set<std::string> placed;
    for (const auto& s : body.statements) {
      if (const auto* in = std::get_if<ast::GraphInput>(&s)) placed.insert(in->name.text);
    }
    for (const ast::TypedName& in : body.inputs) {
      if (!signature_.emplace(in.name.text, &in).second)
        redefined(in.name, signature_[in.name.text]->name.loc);
      else if (!placed.contains(in.name.text))
        input(in);
    }
    for (const auto& s : body.statements) std::visit([&](const auto& node) { guarded(node); }, s);
    for (const auto& [name, in] : signature_) {
      if (!defined_.contains(name)) input(*in);
    }
  }

 private:
  struct Defined {
    Value value;
    Loc loc;
    bool failed = false;
  };

  template <class S>
  void guarded(const S& s) {
    try {
      statement(s);
      return;
    } catch (const Wrong& w) {
      auto& d = diagnostics_.error("bad-graph", w.loc, w.message);
      if (!w.word.empty()) d.suggest(w.word, w.candidates);
    } catch (const Silent&) {
    }
    fail_targets(s);
  }

  struct Silent {};

  void fail_targets(const ast::GraphNode& n) {
    for (const ast::Name& t : n.targets) defined_.try_emplace(t.text, Defined{{}, t.loc, true});
  }
  void fail_targets(const ast::GraphOutput&) {}
  void fail_targets(const ast::GraphInput&) {}

  void redefined(const ast::Name& name, Loc first) {
    diagnostics_.error("redefined", name.loc, fmt::format("'{}' is defined already", name.text))
        .note(first, "here");
  }

  void define(const ast::Name& name, Value value) {
    auto [it, fresh] = defined_.try_emplace(name.text, Defined{value, name.loc});
    if (!fresh) redefined(name, it->second.loc);
  }

  Value value(const std::string& name, Loc loc) {
    auto it = defined_.find(name);
    if (it != defined_.end() && it->second.failed) throw Silent{};
    if (it != defined_.end()) return it->second.value;
    std::vector<std::string> known;
    for (const auto& [other, d] : defined_) known.push_back(other);
    throw Wrong{loc, fmt::format("unknown value '{}'", name), name, known};
  }

  NodeId add(Loc loc, Op op, Attrs attrs, std::vector<Value> operands, const std::string& scope, Loc at) {
    try {
      return graph_.add(op, std::move(attrs), std::move(operands), scope_id(scope), at);
    } catch (const Error& e) {
      diagnostics_.error("bad-node", loc, e);
      throw Silent{};
    }
  }

  ScopeId scope_id(const std::string& path) {
    ScopeId id = 0;
    for (size_t begin = 0; begin < path.size();) {
      size_t end = std::min(path.find('.', begin), path.size());
      if (end > begin) id = graph_.scope(id, path.substr(begin, end - begin));
      begin = end + 1;
    }
    return id;
  }

  void input(const ast::TypedName& in) {
    try {
      NodeId id =
          add(in.name.loc, Op::Input, InputAttrs{in.name.text, read_type(in.type)}, {}, "", in.name.loc);
      define(in.name, {id, 0});
    } catch (const Wrong& w) {
      diagnostics_.error("bad-graph", w.loc, w.message);
      defined_.try_emplace(in.name.text, Defined{{}, in.name.loc, true});
    } catch (const Silent&) {
      defined_.try_emplace(in.name.text, Defined{{}, in.name.loc, true});
    }
  }

  void statement(const ast::GraphInput& s) {
    auto it = signature_.find(s.name.text);
    if (it == signature_.end()) {
      throw Wrong{s.name.loc, fmt::format("the graph has no input '{}'", s.name.text), "", {}};
    }
    if (defined_.contains(s.name.text))
      redefined(s.name, defined_[s.name.text].loc);
    else
      input(*it->second);
  }

  void statement(const ast::GraphOutput& s) {
    graph_.add_output({s.name.text, value(s.value.text, s.value.loc), s.state_write});
  }

  void statement(const ast::GraphNode& s) {
    std::optional<Op> op = op_from_name(s.op.text);
    if (!op) throw Wrong{s.op.loc, fmt::format("unknown op '{}'", s.op.text), s.op.text, op_names()};
    if (*op == Op::Input) throw Wrong{s.op.loc, "inputs stand in the graph's head", "", {}};
    std::vector<Type> written;
    for (const ast::TypeExpr& t : s.types) written.push_back(read_type(t));
    Attrs attrs = attributes(s, *op, written);
    std::vector<Value> operands = operands_of(s);
    std::string scope = scope_of_name(s.targets[0].text, *op, s.targets.size());
    NodeId id = add(s.op.loc, *op, std::move(attrs), std::move(operands), scope, s.targets[0].loc);
    check_results(s, graph_.node(id).results, written);
    for (uint32_t i = 0; i < graph_.node(id).results.size(); ++i) define(s.targets[i], {id, i});
  }

  static std::vector<std::string> op_names() {
    std::vector<std::string> out;
    for (Op op : all_ops()) out.emplace_back(info(op).name);
    return out;
  }

  std::vector<Value> operands_of(const ast::GraphNode& s) {
    std::vector<Value> out;
    for (const ast::Arg& arg : s.args) {
      if (!arg.name.text.empty()) continue;
      const auto* ref = arg.value->as<ast::Ref>();
      const auto* quoted = arg.value->as<ast::String>();
      if (!ref && !quoted)
        throw Wrong{
            arg.value->loc, "an operand is the name of a value; attributes are written name = value", "", {}};
      out.push_back(value(ref ? ref->name : quoted->text, arg.value->loc));
    }
    return out;
  }

  Attrs attributes(const ast::GraphNode& s, Op op, const std::vector<Type>& written) {
    Attrs out = default_attrs(op);
    std::visit(
        [&](auto& a) {
          std::vector<std::string> known;
          std::apply([&](auto... f) { (known.emplace_back(f.name), ...); }, a.fields());
          check_names(s, op, known);
          std::apply([&](auto... f) { (attribute(s, a, f, written), ...); }, a.fields());
        },
        out);
    return out;
  }

  static void check_names(const ast::GraphNode& s, Op op, const std::vector<std::string>& known) {
    std::set<std::string> seen;
    for (const ast::Arg& arg : s.args) {
      const std::string& name = arg.name.text;
      if (name.empty()) continue;
      if (std::find(known.begin(), known.end(), name) == known.end()) {
        throw Wrong{arg.name.loc, fmt::format("{} has no attribute '{}'", info(op).name, name), name, known};
      }
      if (!seen.insert(name).second)
        throw Wrong{arg.name.loc, fmt::format("'{}' is given twice", name), "", {}};
    }
    bool takes_body = std::find(known.begin(), known.end(), "body") != known.end();
    if (takes_body != (s.body != nullptr)) {
      throw Wrong{
          s.op.loc, fmt::format("{} {} body", info(op).name, takes_body ? "needs a" : "has no"), "", {}};
    }
  }

  template <class A, class M>
  void attribute(const ast::GraphNode& s, A& attrs, const Field<A, M>& f, const std::vector<Type>& written) {
    M& out = attrs.*(f.member);
    const ast::Arg* arg = nullptr;
    for (const ast::Arg& a : s.args) {
      if (a.name.text == f.name) arg = &a;
    }
    if (arg) return read(out, *arg->value);
    if constexpr (std::is_same_v<M, Body>) {
      out = body(s);
    } else if (given_by_result(f)) {
      if (written.empty())
        throw Wrong{s.op.loc, fmt::format("{} needs its type, as in ': f32[B]'", s.op.text), "", {}};
      if constexpr (std::is_same_v<M, Type>) out = written[0];
      if constexpr (std::is_same_v<M, Shape>) out = written[0].shape;
    }
  }

  Body body(const ast::GraphNode& s) {
    auto graph = std::make_shared<Graph>("body");
    size_t before = diagnostics_.error_count();
    GraphReader(*graph, diagnostics_).run(*s.body);
    if (diagnostics_.error_count() > before) throw Silent{};
    return {graph};
  }

  static void check_results(const ast::GraphNode& s, const std::vector<Type>& results,
                            const std::vector<Type>& written) {
    size_t targets = results.empty() ? 1 : results.size();
    if (s.targets.size() != targets) {
      throw Wrong{s.targets[0].loc,
                  fmt::format("{} has {} results for {} names", s.op.text, results.size(), s.targets.size()),
                  "",
                  {}};
    }
    if (written.empty()) return;
    if (written.size() != results.size()) {
      throw Wrong{
          s.types[0].loc, fmt::format("{} types for {} results", written.size(), results.size()), "", {}};
    }
    for (size_t i = 0; i < results.size(); ++i) {
      if (written[i] == results[i]) continue;
      throw Wrong{
          s.types[i].loc, fmt::format("the type is {}, not {}", results[i].str(), written[i].str()), "", {}};
    }
  }

  Graph& graph_;
  Diagnostics& diagnostics_;
  std::map<std::string, const ast::TypedName*> signature_;
  std::map<std::string, Defined> defined_;
};

}  // namespace

std::optional<Graph> to_graph(const ast::Graph& text, Diagnostics& diagnostics) {
  size_t before = diagnostics.error_count();
  Graph graph(text.name.text);
  GraphReader(graph, diagnostics).run(text.body);
  if (diagnostics.error_count() > before) return std::nullopt;
  return graph;
}

std::vector<Graph> parse_graphs(Diagnostics& diagnostics) {
  std::vector<Graph> out;
  ast::File file = parse(diagnostics);
  for (const ast::Item& item : file.items) {
    const auto* graph = std::get_if<ast::Graph>(&item);
    if (!graph) {
      Loc loc = std::visit([](const auto& i) { return name_of_item(i).loc; }, item);
      diagnostics.error("not-a-graph", loc, "only graph blocks are expected here");
    } else if (auto made = to_graph(*graph, diagnostics)) {
      out.push_back(std::move(*made));
    }
  }
  return out;
}

Graph parse_graph(const std::string& text) {
  Diagnostics diagnostics("graph", text);
  std::vector<Graph> graphs = parse_graphs(diagnostics);
  if (!diagnostics.has_errors() && graphs.size() != 1) {
    diagnostics.error("not-a-graph", {}, fmt::format("expected one graph, found {}", graphs.size()));
  }
  if (diagnostics.has_errors()) throw Error(diagnostics.render());
  return std::move(graphs[0]);
}

}  // namespace nnc
