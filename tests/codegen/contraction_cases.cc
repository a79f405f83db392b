#include "tests/codegen/contraction_cases.h"

#include <utility>

#include <fmt/format.h>

#include "codegen/contraction.h"

namespace nnc::test::contraction {

Region::Region(const Case& c, Bindings expected)
    : body(graph_of(c.inputs, c.build)), expected(std::move(expected)) {
  Builder b(outer);
  Values operands;
  for (size_t i = 0; i < c.inputs.size(); ++i)
    operands.push_back(b.input("x" + std::to_string(i), c.inputs[i]));
  RegionAttrs attrs{KernelKind::Contraction, c.name, {std::make_shared<Graph>(body)}};
  id = b.add_node(Op::Region, attrs, operands)[0].node;
}

loop::Kernel Region::lower(const Target& target) const {
  return lower_contraction(outer, id, target, expected);
}

DotAttrs contract(int64_t lhs, int64_t rhs, DType accumulate) { return {{}, {}, {lhs}, {rhs}, accumulate}; }

Case gemm(const std::string& form, Dim m, Dim n, Dim k, DType dtype, std::vector<Bindings> sizes) {
  bool ta = form[0] == 'T', tb = form[1] == 'T';
  Type a{dtype, ta ? Shape{k, m} : Shape{m, k}}, b{dtype, tb ? Shape{n, k} : Shape{k, n}};
  DType acc = dtype == DType::F64 ? DType::F64 : DType::F32;
  auto build = [=](Builder& g, const Values& x) {
    return Values{g.dot(x[0], x[1], contract(ta ? 0 : 1, tb ? 1 : 0, acc))};
  };
  return {
      fmt::format("{} {}x{}x{} {}", form, m.str(), n.str(), k.str(), name_of(dtype)), {a, b}, build, sizes};
}

Case momentum_update(Dim depth, int64_t rows, int64_t columns, std::vector<Bindings> sizes) {
  auto update = [](Builder& g, const Values& x) {
    Value v = g.add(g.mul(x[3], g.scalar(DType::F32, 0.9)), g.contract(x[0], x[1], 0, 0));
    return Values{g.sub(x[2], v), v};
  };
  Type w{DType::F32, {rows, columns}};
  return {"update",
          {{DType::F32, {depth, rows}}, {DType::F32, {depth, columns}}, w, w},
          update,
          std::move(sizes)};
}

void with_small_cache(Target& target) { target.l2_bytes = 32 << 10; }

bool along_depth(const loop::Kernel& kernel) { return kernel.note.find("along depth") != std::string::npos; }
bool in_chains(const loop::Kernel& kernel) { return kernel.note.find("chains") != std::string::npos; }
bool has_tail(const loop::Kernel& kernel) { return kernel.note.find(" tail ") != std::string::npos; }

}  // namespace nnc::test::contraction
