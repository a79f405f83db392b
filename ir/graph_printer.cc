#include <cmath>

#include <fmt/format.h>

#include "ir/attr_fields.h"
#include "ir/graph_text.h"
#include "ir/lexer.h"
#include "ir/names.h"

namespace nnc {
namespace {

// One overload per field type that occurs in attributes; graph_reader.cc has the opposite of each.
std::string text(int64_t v) { return std::to_string(v); }
std::string text(bool v) { return v ? "true" : "false"; }
std::string text(const std::string& v) { return quote(v); }
std::string text(const Dim& v) { return v.str(); }
std::string text(DType v) { return std::string(name_of(v)); }
std::string text(Monoid v) { return std::string(name_of_enum(v)); }
std::string text(KernelKind v) { return std::string(name_of_enum(v)); }
std::string text(const Type& v) { return v.str(); }
std::string text(const Body&) { return ""; }  // stands in braces

// A NaN that is not the usual one shows its bits.
std::string text(const Literal& v) {
  bool odd = is_float(v.dtype) && std::isnan(v.as_double()) && v != Literal::from_double(v.dtype, NAN);
  return fmt::format("{}({})", name_of(v.dtype),
                     odd ? fmt::format("bits = {}", static_cast<int64_t>(v.bits)) : v.str());
}

std::string text(const WindowAxis& w) {
  std::string out = fmt::format("axis({}, size = {}", w.axis, w.size);
  if (w.stride != 1) out += fmt::format(", stride = {}", w.stride);
  if (w.dilation != 1) out += fmt::format(", dilation = {}", w.dilation);
  return out + ")";
}

template <class T>
std::string text(const std::vector<T>& items) {
  std::string out;
  for (size_t i = 0; i < items.size(); ++i) out += (i ? ", " : "") + text(items[i]);
  return "[" + out + "]";
}

template <class T, class M>
void append_field(std::string& out, const Field<T, M>& f, const T& attrs) {
  if (given_by_result(f) || left_out(f, attrs) || std::is_same_v<M, Body>) return;
  out += fmt::format("{}{} = {}", out.empty() ? "" : ", ", f.name, text(attrs.*(f.member)));
}

const Graph* body_of(const Attrs& attrs) {
  if (const auto* scan = std::get_if<ScanAttrs>(&attrs)) return scan->body.graph.get();
  if (const auto* region = std::get_if<RegionAttrs>(&attrs)) return region->body.graph.get();
  return nullptr;
}

class GraphPrinter {
 public:
  std::string out;

  void block(const std::string& head, const Graph& graph) {
    out += head + signature(graph) + " {\n";
    indent_ += 2;
    Names names(graph);
    bool leading = true;  // inputs before every other node need no line of their own
    for (NodeId id = 0; id < graph.size(); ++id) {
      leading = leading && graph.node(id).op == Op::Input;
      if (!leading) node(graph, names, id);
    }
    for (const Output& o : graph.outputs()) {
      line(fmt::format("{} {} = {}", o.state_write ? "write" : "output", name_text(o.name),
                       name_text(names(o.value))));
      out += "\n";
    }
    indent_ -= 2;
    line("}");
  }

  void node(const Graph& graph, const Names& names, NodeId id) {
    const Node& n = graph.node(id);
    if (n.op == Op::Input) return line("input " + name_text(names[id]) + "\n");
    std::string targets, args, types;
    for (uint32_t i = 0; i < n.results.size(); ++i) {
      targets += (i ? ", " : "") + name_text(names({id, i}));
      types += (i ? ", " : "") + n.results[i].str();
    }
    for (Value v : n.operands) args += (args.empty() ? "" : ", ") + name_text(names(v));
    std::string attrs = attributes_text(n.attrs);
    if (!attrs.empty()) args += (args.empty() ? "" : ", ") + attrs;
    // A node without results (a region nothing reads) is still a statement.
    std::string head =
        fmt::format("{} = {}({})", targets.empty() ? name_text(names[id]) : targets, info(n.op).name, args);
    line("");
    if (const Graph* body = body_of(n.attrs))
      block(head + " ", *body);
    else
      out += head;
    out += (types.empty() ? "" : " : " + types) + "\n";
  }

 private:
  void line(const std::string& content) { out += std::string(indent_, ' ') + content; }

  static std::string signature(const Graph& graph) {
    std::string inputs;
    for (NodeId id : graph.inputs()) {
      const auto& in = graph.node(id).as<InputAttrs>();
      inputs += fmt::format("{}{}: {}", inputs.empty() ? "" : ", ", name_text(in.name), in.type.str());
    }
    return "(" + inputs + ")";
  }

  size_t indent_ = 0;
};

}  // namespace

std::string attributes_text(const Attrs& attrs) {
  std::string out;
  std::visit(
      [&](const auto& a) { std::apply([&](auto... f) { (append_field(out, f, a), ...); }, a.fields()); },
      attrs);
  return out;
}

std::vector<std::string> node_texts(const Graph& graph) {
  Names names(graph);
  std::vector<std::string> out;
  for (NodeId id = 0; id < graph.size(); ++id) {
    GraphPrinter printer;
    printer.node(graph, names, id);
    out.push_back(std::move(printer.out));
  }
  return out;
}

std::string print(const Graph& graph) {
  GraphPrinter printer;
  printer.block("graph " + name_text(graph.name()), graph);
  return std::move(printer.out) + "\n";
}

}  // namespace nnc
