// Reductions and contractions.
#include <fmt/format.h>

#include "tests/support/op_rows.h"

namespace nnc::test {
namespace {

using Values = std::vector<Value>;
using D = Domain;

struct Geometry {
  std::string name;
  Shape shape;
  std::vector<int64_t> axes;
  std::vector<Bindings> bindings{{}};
};

std::vector<Geometry> geometries() {
  Dim b = Dim::symbol("B");
  return {{"all", {37}, {0}},
          {"inner", {3, 16}, {1}},
          {"inner_odd", {5, 33}, {1}},
          {"outer", {16, 5}, {0}},
          {"both_ends", {4, 3, 7}, {0, 2}},
          {"middle", {2, 9, 3}, {1}},
          {"long", {2, 1000}, {1}},
          {"one", {3, 1}, {1}},
          {"none_left", {3, 0}, {1}},
          {"empty_result", {0, 4}, {1}},
          {"B_inner", {b, 7}, {1}, {{{"B", 1}}, {{"B", 3}}, {{"B", 16}}}},
          {"B_outer", {b, 7}, {0}, {{{"B", 1}}, {{"B", 3}}, {{"B", 33}}}}};
}

OpRow reduce_row(Monoid m, const Geometry& g, Domain domain, Tolerance tolerance, int order) {
  OpRow row{fmt::format("reduce/{}/{}", name_of_enum(m), g.name),
            Op::Reduce,
            {{g.shape, domain}},
            {},
            kNumbers,
            g.bindings};
  row.build = [m, axes = g.axes](Builder& b, const Values& x) { return Values{b.reduce(m, x[0], axes)}; };
  row.tolerance = tolerance;
  row.gradient_order = order;
  return row;
}

// MaxSumExp and Moments start from what attrs.h says their operands are.
OpRow product_row(Monoid m, const Geometry& g) {
  OpRow row{fmt::format("reduce/{}/{}", name_of_enum(m), g.name),
            Op::Reduce,
            {{g.shape, D::Distinct}},
            {},
            kFloats,
            g.bindings};
  row.build = [m, axes = g.axes](Builder& b, const Values& x) {
    Value one = b.full(b.dtype(x[0]), b.shape(x[0]), 1), zero = b.full(b.dtype(x[0]), b.shape(x[0]), 0);
    return b.reduce(m, m == Monoid::Moments ? Values{x[0], zero, one} : Values{x[0], one}, axes);
  };
  row.tolerance = {32, true};
  return row;
}

void add_reductions(std::vector<OpRow>& out) {
  for (const Geometry& g : geometries()) {
    out.push_back(reduce_row(Monoid::Add, g, D::Any, {16, true}, 2));
    int order = g.name == std::string("none_left") ? 0 : 1;  // the empty maximum is infinite
    out.push_back(reduce_row(Monoid::Max, g, D::Distinct, {}, order));
    out.push_back(reduce_row(Monoid::Min, g, D::Distinct, {}, order));
    if (g.name != "long") out.push_back(reduce_row(Monoid::Mul, g, D::NonZero, {64, false}, 2));
    out.push_back(product_row(Monoid::MaxSumExp, g));
    out.push_back(product_row(Monoid::Moments, g));
  }
  for (Monoid m : {Monoid::Add, Monoid::Max, Monoid::Min}) {
    out.push_back(reduce_row(m, {"special", {18, 18}, {1}}, D::Special, {4, true}, 0));
    out.push_back(reduce_row(m, {"special_outer", {18, 19}, {0}}, D::Special, {4, true}, 0));
  }
  OpRow several{"reduce/several", Op::Reduce, {{{5, 33}}, {{5, 33}}, {{5, 33}}}, {}, kNumbers};
  several.build = [](Builder& b, const Values& x) { return b.reduce(Monoid::Add, x, {1}); };
  several.tolerance = {16, true};
  several.gradient_order = 2;
  out.push_back(several);
}

void add_arg_reductions(std::vector<OpRow>& out) {
  for (Op op : {Op::ArgMax, Op::ArgMin}) {
    auto add = [&](const std::string& name, Shape shape, int64_t axis, Domain domain,
                   std::vector<Bindings> bindings = {{}}) {
      OpRow row{fmt::format("{}/{}", info(op).name, name), op, {{shape, domain}}, {}, kNumbers, bindings};
      row.build = [op, axis](Builder& b, const Values& x) {
        return Values{b.add_one(op, AxisAttrs{axis}, {x[0]})};
      };
      out.push_back(row);
    };
    add("inner", {4, 10}, 1, D::Distinct);
    add("outer", {33, 5}, 0, D::Distinct);
    add("middle", {2, 7, 3}, 1, D::Distinct);
    add("ties", {6, 40}, 1, D::One);
    add("special", {18, 18}, 1, D::Special);
    add("special_outer", {19, 18}, 0, D::Special);
    add("empty_axis", {3, 0}, 1, D::Any);
    add("empty", {0, 3}, 1, D::Any);
    add("B", {Dim::symbol("B"), 10}, 1, D::Distinct, {{{"B", 1}}, {{"B", 16}}});
  }
}

void add_dot(std::vector<OpRow>& out, const std::string& name, Shape lhs, Shape rhs, DotAttrs attrs,
             std::vector<Bindings> bindings = {{}}) {
  OpRow row{"dot/" + name, Op::Dot, {{lhs}, {rhs}}, {}, {DType::F32, DType::F64, DType::BF16}, bindings};
  row.build = [attrs](Builder& b, const Values& x) {
    DotAttrs a = attrs;
    a.accumulate = b.dtype(x[0]) == DType::F64 ? DType::F64 : DType::F32;
    return Values{b.dot(x[0], x[1], a)};
  };
  row.tolerance = {16, true};
  row.gradient_order = 2;
  out.push_back(row);
}

void add_dots(std::vector<OpRow>& out) {
  Dim b = Dim::symbol("B");
  const DotAttrs nn{{}, {}, {1}, {0}}, nt{{}, {}, {1}, {1}}, tn{{}, {}, {0}, {0}};
  add_dot(out, "1x1x1", {1, 1}, {1, 1}, nn);
  add_dot(out, "5x3x7", {5, 3}, {3, 7}, nn);
  add_dot(out, "16x16x16", {16, 16}, {16, 16}, nn);
  add_dot(out, "33x64x17", {33, 64}, {64, 17}, nn);
  add_dot(out, "lhs_transposed", {9, 6}, {9, 16}, tn);
  add_dot(out, "rhs_transposed", {6, 9}, {16, 9}, nt);
  add_dot(out, "matrix_vector", {17, 33}, {33}, nn);
  add_dot(out, "vector_matrix", {33}, {33, 17}, {{}, {}, {0}, {0}});
  add_dot(out, "inner", {65}, {65}, {{}, {}, {0}, {0}});
  add_dot(out, "outer", {5}, {7}, {});
  add_dot(out, "batch", {3, 5, 4}, {3, 4, 6}, {{0}, {0}, {2}, {1}});
  add_dot(out, "batch_inside", {5, 3, 4}, {6, 4, 3}, {{1}, {2}, {2}, {1}});
  add_dot(out, "two_batches", {2, 3, 5, 4}, {2, 3, 6, 4}, {{0, 1}, {0, 1}, {3}, {3}});
  add_dot(out, "two_contracted", {3, 4, 5}, {5, 4, 7}, {{}, {}, {2, 1}, {0, 1}});
  add_dot(out, "no_k", {3, 0}, {0, 4}, nn);
  add_dot(out, "no_m", {0, 5}, {5, 4}, nn);
  add_dot(out, "Bx12x5", {b, 12}, {12, 5}, nn, {{{"B", 1}}, {{"B", 7}}, {{"B", 64}}});
  add_dot(out, "over_B", {b, 6}, {b, 5}, tn, {{{"B", 1}}, {{"B", 7}}, {{"B", 64}}});
}

}  // namespace

std::vector<OpRow> fold_rows() {
  std::vector<OpRow> out;
  add_reductions(out);
  add_arg_reductions(out);
  add_dots(out);
  return out;
}

}  // namespace nnc::test
