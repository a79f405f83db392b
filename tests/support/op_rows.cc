#include "tests/support/op_rows.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include <fmt/format.h>

#include "ir/bind.h"
#include "ir/philox.h"

namespace nnc::test {
namespace {

std::vector<double> special_values(DType dtype) {
  if (dtype == DType::Bool) return {0, 1};
  if (dtype == DType::U8) return {0, 1, 2, 127, 128, 254, 255};
  if (dtype == DType::I32) return {0, 1, -1, 2, -7, 2147483647, -2147483648.0};
  if (dtype == DType::I64) return {0, 1, -1, 2, -7, 9223372036854775807.0, -9223372036854775808.0};
  bool wide = dtype == DType::F64;
  double max = wide ? std::numeric_limits<double>::max() : std::numeric_limits<float>::max();
  double tiny = wide ? std::numeric_limits<double>::min() : std::numeric_limits<float>::min();
  double denormal = wide ? 5e-324 : 1.4e-45;
  return {NAN, INFINITY, -INFINITY, 0.0,  -0.0,  1,        -1,        0.5, -2,
          3,   max,      -max,      tiny, -tiny, denormal, -tiny / 4, 100, -1e-3};
}

class Draw {
 public:
  Draw(DType dtype, uint64_t seed) : dtype_(dtype), stream_("rows", static_cast<int64_t>(seed), 0) {}

  double uniform(double low, double high) {
    double x = low + (high - low) * stream_.f64(next_++);
    return is_float(dtype_) ? x : std::floor(x);
  }
  double any() {
    if (is_float(dtype_)) return uniform(-2, 2);
    return dtype_ == DType::Bool ? uniform(0, 2) : dtype_ == DType::U8 ? uniform(0, 256) : uniform(-100, 101);
  }
  double non_zero() {
    if (dtype_ == DType::U8 || dtype_ == DType::Bool) return uniform(1, dtype_ == DType::U8 ? 256 : 2);
    double size = is_float(dtype_) ? uniform(0.25, 2) : uniform(1, 30);
    return uniform(0, 2) < 1 ? -size : size;
  }
  double off_integer() { return std::floor(uniform(-4, 4)) + 0.1 + 0.8 * stream_.f64(next_++); }

 private:
  DType dtype_;
  RandomStream stream_;
  uint64_t next_ = 0;
};

double draw(Draw& d, Domain domain, int64_t limit) {
  switch (domain) {
    case Domain::Any:
      return d.any();
    case Domain::Positive:
      return d.uniform(0.1, 4) + 0.0;
    case Domain::AboveMinusOne:
      return d.uniform(-0.9, 3);
    case Domain::NonZero:
      return d.non_zero();
    case Domain::OffInteger:
      return d.off_integer();
    case Domain::One:
      return 1;
    case Domain::Index:
      return d.uniform(0, static_cast<double>(limit));
    case Domain::WildIndex:
      return d.uniform(-3, static_cast<double>(limit) + 3);
    case Domain::Zero:
    case Domain::Distinct:
    case Domain::Special:
      return 0;
  }
  return 0;
}

// A shuffle of evenly spaced values; `part` of `parts` keeps the operands of one row apart from each other.
void fill_distinct(Tensor& t, uint64_t seed, int64_t part, int64_t parts) {
  std::vector<int64_t> order(static_cast<size_t>(t.count()));
  std::iota(order.begin(), order.end(), 0);
  RandomStream stream("shuffle", static_cast<int64_t>(seed), 0);
  for (size_t i = order.size(); i > 1; --i)
    std::swap(order[i - 1], order[static_cast<size_t>(stream.f64(i) * static_cast<double>(i))]);
  double n = static_cast<double>(std::max<int64_t>(t.count(), 1) * parts);
  for (int64_t i = 0; i < t.count(); ++i) {
    double place = static_cast<double>(order[static_cast<size_t>(i)] * parts + part);
    t.set(i, is_float(t.dtype()) ? -2 + 4 * (place + 0.5) / n : place);
  }
}

// Operand `part` changes every n^part elements, so that n^parts elements hold every combination.
void fill_special(Tensor& t, int64_t part) {
  std::vector<double> values = special_values(t.dtype());
  auto n = static_cast<int64_t>(values.size());
  int64_t period = 1;
  for (int64_t i = 0; i < part; ++i) period *= n;
  for (int64_t i = 0; i < t.count(); ++i) t.set(i, values[static_cast<size_t>(i / period % n)]);
}

Tensor operand_data(const OpRow& row, size_t place, const RowCase& c, uint64_t seed) {
  const Operand& o = row.operands[place];
  DType dtype = o.dtype.value_or(c.dtype);
  std::vector<int64_t> shape = evaluate(o.shape, c.bindings);
  auto part = static_cast<int64_t>(place);
  seed = seed * 31 + place;
  Tensor out(dtype, shape);
  if (o.domain == Domain::Distinct) {
    fill_distinct(out, seed, part, static_cast<int64_t>(row.operands.size()));
  } else if (o.domain == Domain::Special) {
    fill_special(out, part);
  } else {
    out = random_tensor(dtype, shape, o.domain, seed, o.limit.evaluate(c.bindings));
  }
  return out;
}

}  // namespace

std::string RowCase::str() const {
  std::string out(name_of(dtype));
  for (const auto& [name, value] : bindings) out += fmt::format(", {} = {}", name, value);
  return out;
}

Tensor random_tensor(DType dtype, const std::vector<int64_t>& shape, Domain domain, uint64_t seed,
                     int64_t limit) {
  Tensor out(dtype, shape);
  if (domain == Domain::Distinct) fill_distinct(out, seed, 0, 1);
  if (domain == Domain::Special) fill_special(out, 0);
  if (domain == Domain::Distinct || domain == Domain::Special) return out;
  Draw d(dtype, seed);
  for (int64_t i = 0; i < out.count(); ++i) out.set(i, draw(d, domain, limit));
  return out;
}

std::vector<OpRow> op_rows() {
  std::vector<OpRow> out;
  for (auto part : {elementwise_rows, movement_rows, fold_rows, structure_rows}) {
    for (OpRow& row : part()) out.push_back(std::move(row));
  }
  return out;
}

std::vector<RowCase> cases_of(const OpRow& row) {
  std::vector<RowCase> out;
  for (DType dtype : row.dtypes) {
    for (const Bindings& b : row.bindings) out.push_back({dtype, b});
  }
  return out;
}

RowValues build_row(Builder& b, const OpRow& row, DType dtype) {
  RowValues out;
  for (const Operand& o : row.operands) {
    Type type{o.dtype.value_or(dtype), o.shape};
    std::string name = fmt::format("x{}", out.leaves.size());
    out.leaves.push_back(o.is_param ? b.param(name, type) : b.input(name, type));
  }
  out.results = row.build(b, out.leaves);
  return out;
}

Graph row_graph(const OpRow& row, DType dtype) {
  Graph g;
  Builder b(g);
  size_t n = 0;
  for (Value v : build_row(b, row, dtype).results) g.add_output({fmt::format("y{}", n++), v});
  return g;
}

RowData random_data(const OpRow& row, const RowCase& c, uint64_t seed) {
  RowData out;
  for (size_t i = 0; i < row.operands.size(); ++i) {
    NamedTensors& into = row.operands[i].is_param ? out.params : out.inputs;
    into.emplace(fmt::format("x{}", i), operand_data(row, i, c, seed));
  }
  return out;
}

}  // namespace nnc::test
