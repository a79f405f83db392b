#include "ir/names.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include <fmt/format.h>

#include "ir/lexer.h"

namespace nnc {
namespace {

std::string result_name(const std::string& node, size_t index) { return fmt::format("{}.r{}", node, index); }

// Fixed names first, so that computed ones give way to them.
class Namer {
 public:
  explicit Namer(const Graph& graph) : graph_(graph), names_(graph.size()) {}

  std::vector<std::string> run() {
    for (NodeId id : graph_.inputs()) fix(id, graph_.node(id).as<InputAttrs>().name);
    for (NodeId id : graph_.params()) fix(id, graph_.node(id).as<ParamAttrs>().path);
    for (NodeId id = 0; id < graph_.size(); ++id) {
      if (graph_.node(id).op != Op::Input && graph_.node(id).op != Op::Param) compute(id);
    }
    return std::move(names_);
  }

 private:
  void fix(NodeId id, std::string name) {
    for (int copy = 1; !taken_.insert(name).second; ++copy) name = fmt::format("{}.{}", name, copy);
    names_[id] = std::move(name);
  }

  void compute(NodeId id) {
    const Node& n = graph_.node(id);
    std::string scope = graph_.scope_path(n.scope);
    std::string base = (scope.empty() ? "" : scope + ".") + std::string(info(n.op).name);
    std::string name;
    do {
      int ordinal = next_[base]++;
      name = ordinal ? fmt::format("{}.{}", base, ordinal) : base;
    } while (!free(name, n.results.size()));
    for (size_t i = 0; i < n.results.size(); ++i)
      taken_.insert(n.results.size() > 1 ? result_name(name, i) : name);
    names_[id] = std::move(name);
  }

  bool free(const std::string& name, size_t results) const {
    if (results <= 1) return !taken_.contains(name);
    for (size_t i = 0; i < results; ++i) {
      if (taken_.contains(result_name(name, i))) return false;
    }
    return true;
  }

  const Graph& graph_;
  std::vector<std::string> names_;
  std::unordered_set<std::string> taken_;
  std::unordered_map<std::string, int> next_;
};

bool all_digits(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

// "h.dot" → "h", "dot" → "".
std::string_view before_last_dot(std::string_view name) {
  size_t dot = name.rfind('.');
  return dot == std::string_view::npos ? "" : name.substr(0, dot);
}

std::string_view last_part(std::string_view name) {
  size_t dot = name.rfind('.');
  return dot == std::string_view::npos ? name : name.substr(dot + 1);
}

}  // namespace

Names::Names(const Graph& graph) : graph_(graph), names_(Namer(graph).run()) {}

std::string Names::operator()(Value v) const {
  return graph_.node(v).results.size() > 1 ? result_name(names_[v.node], v.index) : names_[v.node];
}

std::string scope_of_name(std::string_view name, Op op, size_t results) {
  std::string_view last = last_part(name);
  if (results > 1 && last.starts_with('r') && all_digits(last.substr(1))) name = before_last_dot(name);
  std::string_view shorter = before_last_dot(name);
  bool ordinal = all_digits(last_part(name)) && last_part(shorter) == info(op).name;
  return std::string(before_last_dot(ordinal ? shorter : name));
}

std::string name_text(std::string_view name) {
  constexpr std::string_view kLiterals[] = {"true", "false", "inf", "nan"};
  bool plain =
      is_name(name) && std::find(std::begin(kLiterals), std::end(kLiterals), name) == std::end(kLiterals);
  return plain ? std::string(name) : quote(name);
}

}  // namespace nnc
