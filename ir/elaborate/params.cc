// params("pattern"): parameters as values of a loss, for penalties such as 1e-4 * l2(params("*.weight")).
#include <fmt/format.h>

#include "ir/elaborate/elaborator.h"
#include "ir/path_pattern.h"

namespace nnc {

namespace {

// A deep model has thousands.
std::string shortened(std::vector<std::string> paths) {
  constexpr size_t kShown = 10;
  if (paths.size() > kShown) {
    paths.resize(kShown);
    paths.emplace_back("…");
  }
  return fmt::format("{}", fmt::join(paths, ", "));
}

}  // namespace

Val Elaborator::call_params(const ast::Call& call, Loc loc) {
  const ast::String* pattern = call.args.size() == 1 && call.args[0].name.text.empty()
                                   ? call.args[0].value->as<ast::String>()
                                   : nullptr;
  if (pattern == nullptr) {
    diag_.error("bad-argument", loc, "params takes one pattern of paths, such as params(\"*.weight\")");
    return poison(loc);
  }
  if (!contexts_.empty()) {
    diag_.error("misplaced", loc, "params belongs into a loss or a metric, where every parameter is known");
    return poison(loc);
  }
  Many found;
  std::vector<std::string> paths;
  for (const ParamDecl& p : net_.declared()) {
    if (!p.trainable) continue;
    paths.push_back(p.path);
    if (!path_matches(pattern->text, p.path)) continue;
    found.items.push_back(result(net_.import(net_.b().param(p.path, p.type, true), 0), loc));
  }
  if (!found.items.empty()) return {std::move(found), loc};
  report_no_such_param(pattern->text, call.args[0].value->loc, paths);
  return poison(loc);
}

void Elaborator::report_no_such_param(const std::string& pattern, Loc loc,
                                      const std::vector<std::string>& paths) {
  diag_.error("unknown-name", loc, fmt::format("no trainable parameter is called '{}'", pattern))
      .suggest(pattern, paths)
      .note("there are " + shortened(paths));
}

}  // namespace nnc
