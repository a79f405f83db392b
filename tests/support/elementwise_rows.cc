// A row here is an elementwise op; its shapes, a row of special values and the element types follow from it.
#include <fmt/format.h>

#include "tests/support/op_rows.h"

namespace nnc::test {
namespace {

struct Elementwise {
  Op op;
  std::vector<Domain> domains;  // of its operands, floats; integers are drawn from Any
  double ulps = 0;
  int gradient_order = 2;
};

using D = Domain;

std::vector<Elementwise> table() {
  return {
      {Op::Neg, {D::Any}},
      {Op::Abs, {D::NonZero}},
      {Op::Exp, {D::Any}, 1},
      {Op::Expm1, {D::Any}, 2},
      {Op::Log, {D::Positive}, 1},
      {Op::Log1p, {D::AboveMinusOne}, 2},
      {Op::Sqrt, {D::Positive}},
      {Op::Sin, {D::Any}, 2},
      {Op::Cos, {D::Any}, 2},
      {Op::Tanh, {D::Any}, 2.5},
      {Op::Erf, {D::Any}, 2},
      {Op::Floor, {D::OffInteger}},
      {Op::IsFinite, {D::Any}},
      {Op::Not, {D::Any}, 0, 0},
      {Op::StopGradient, {D::Any}, 0, 0},
      {Op::Add, {D::Any, D::Any}},
      {Op::Sub, {D::Any, D::Any}},
      {Op::Mul, {D::Any, D::Any}},
      {Op::Div, {D::Any, D::NonZero}},
      {Op::Max, {D::Distinct, D::Distinct}},
      {Op::Min, {D::Distinct, D::Distinct}},
      {Op::Pow, {D::Positive, D::Any}, 2},
      {Op::Lt, {D::Distinct, D::Distinct}},
      {Op::Le, {D::Distinct, D::Distinct}},
      {Op::Eq, {D::Distinct, D::Distinct}},
      {Op::Ne, {D::Distinct, D::Distinct}},
      {Op::And, {D::Any, D::Any}, 0, 0},
      {Op::Or, {D::Any, D::Any}, 0, 0},
  };
}

const std::vector<DType>& dtypes_of(Op op) {
  static const std::vector<DType> logical{DType::Bool};
  switch (info(op).dtypes) {
    case DTypeSet::Any:
      return kAll;
    case DTypeSet::Number:
      return kNumbers;
    case DTypeSet::Float:
      return kFloats;
    case DTypeSet::Logical:
      return logical;
  }
  return logical;
}

struct NamedShape {
  std::string name;
  Shape shape;
  std::vector<Bindings> bindings{{}};
};

std::vector<NamedShape> shapes() {
  Dim b = Dim::symbol("B");
  return {{"scalar", {}},
          {"0", {0}},
          {"1", {1}},
          {"7", {7}},
          {"16", {16}},
          {"3x33", {3, 33}},
          {"4x0x2", {4, 0, 2}},
          {"128", {128}},
          {"Bx5", {b, 5}, {{{"B", 1}}, {{"B", 3}}, {{"B", 16}}, {{"B", 37}}}}};
}

OpRow make_row(const Elementwise& e, const NamedShape& s) {
  OpRow row{fmt::format("{}/{}", info(e.op).name, s.name), e.op, {}, {}, dtypes_of(e.op), s.bindings};
  for (Domain d : e.domains) row.operands.push_back({s.shape, d});
  row.build = [op = e.op](Builder& b, const std::vector<Value>& x) {
    return std::vector{b.add_one(op, NoAttrs{}, x)};
  };
  row.tolerance = {e.ulps};
  row.gradient_order = e.gradient_order;
  return row;
}

// Long enough for every pair of special values (18 of a float).
OpRow special_row(const Elementwise& e) {
  OpRow row = make_row(e, {"special", {18 * 18}});
  for (Operand& o : row.operands) o.domain = D::Special;
  row.gradient_order = 0;
  return row;
}

std::vector<OpRow> cast_rows() {
  std::vector<OpRow> out;
  for (DType to : kAllDTypes) {
    for (D domain : {D::Any, D::OffInteger, D::Special}) {
      const char* kind = domain == D::Any ? "any" : domain == D::Special ? "special" : "fraction";
      OpRow row{fmt::format("cast/{}/{}", name_of(to), kind), Op::Cast, {{{3, 17}, domain}}, {}, kAll};
      row.build = [to](Builder& b, const std::vector<Value>& x) { return std::vector{b.cast(x[0], to)}; };
      bool smooth = is_float(to) && domain == D::Any;
      row.gradient_order = smooth ? 1 : 0;
      out.push_back(std::move(row));
    }
  }
  return out;
}

std::vector<OpRow> select_rows() {
  std::vector<OpRow> out;
  for (const NamedShape& s : shapes()) {
    OpRow row{
        fmt::format("select/{}", s.name), Op::Select, {{s.shape, D::Any, DType::Bool}, {s.shape}, {s.shape}}};
    row.build = [](Builder& b, const std::vector<Value>& x) {
      return std::vector{b.select(x[0], x[1], x[2])};
    };
    row.dtypes = kAll;
    row.bindings = s.bindings;
    row.gradient_order = 1;
    out.push_back(std::move(row));
  }
  OpRow special = out[3];
  special.name = "select/special";
  for (Operand& o : special.operands) o = {{2 * 18 * 18}, D::Special, o.dtype};
  special.gradient_order = 0;
  out.push_back(std::move(special));
  return out;
}

OpRow barrier_row() {
  OpRow row{"barrier/3x33", Op::Barrier, {{{3, 33}}}};
  row.build = [](Builder& b, const std::vector<Value>& x) {
    return std::vector{b.add_one(Op::Barrier, BarrierAttrs{1}, {x[0]})};
  };
  row.dtypes = kAll;
  row.gradient_order = 2;
  return row;
}

}  // namespace

std::vector<OpRow> elementwise_rows() {
  std::vector<OpRow> out{barrier_row()};
  for (const Elementwise& e : table()) {
    for (const NamedShape& s : shapes()) out.push_back(make_row(e, s));
    out.push_back(special_row(e));
  }
  for (OpRow& row : cast_rows()) out.push_back(std::move(row));
  for (OpRow& row : select_rows()) out.push_back(std::move(row));
  return out;
}

}  // namespace nnc::test
