#include "passes/read_averages.h"

#include "ir/update_spec.h"
#include "passes/rewrite.h"

namespace nnc {

Graph read_averages(const Graph& graph, const std::function<bool(const std::string& path)>& exists) {
  return rebuild(graph, [&](Builder& b, const Node& n, const std::vector<Value>&) -> std::vector<Value> {
    if (n.op != Op::Param || !exists(average_path(n.as<ParamAttrs>().path))) return {};
    Type type = n.as<ParamAttrs>().type;
    DType stored = type.dtype;
    type.dtype = average_type(stored);
    return {b.cast(b.param(average_path(n.as<ParamAttrs>().path), type, false), stored)};
  });
}

}  // namespace nnc
