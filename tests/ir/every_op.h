// A graph with at least one node of every op in the table, for tests that must not miss any.
#pragma once

#include <cmath>

#include "ir/builder.h"

namespace nnc {

inline Body scan_body() {
  auto body = std::make_shared<Graph>("body");
  Builder b(*body);
  Value carry = b.input("carry", {DType::F32, {2}});
  Value x = b.input("x", {DType::F32, {2}});
  Value w = b.input("w", {DType::F32, {2}});
  ScopeGuard cell(b, "cell");
  Value next = b.add(carry, b.mul(x, w));
  body->add_output({"carry", next});
  body->add_output({"y", b.neg(next)});
  return {body};
}

inline Body region_body() {
  auto body = std::make_shared<Graph>("body");
  Builder b(*body);
  Value x = b.input("a0", {DType::F32, {Dim::symbol("B"), 6}});
  body->add_output({"r0", b.exp(x)});
  return {body};
}

inline Graph every_op() {
  Graph g("every.op");
  Builder b(g);
  Dim batch = Dim::symbol("B");
  Value x = b.input("x", {DType::F32, {batch, 6}});
  Value odd = b.input("odd name", {DType::Bool, {batch, 6}});
  Value w = b.param("h.weight", {DType::F32, {6, 4}});
  Value late = b.input("late", {DType::I32, {3}});
  {
    ScopeGuard h(b, "h");
    Value dot = b.contract(x, w, 1, 0);
    b.dot(w, x, DotAttrs{{}, {}, {0}, {1}, DType::F64});
    b.dot(dot, dot, DotAttrs{{0}, {0}, {1}, {1}, DType::F32});
    ScopeGuard inner(b, "inner");
    for (Op op : all_ops()) {
      bool logical = info(op).dtypes == DTypeSet::Logical;
      if (info(op).op_class == OpClass::Unary && info(op).attrs_index == default_attrs(Op::Neg).index())
        b.unary(op, logical ? odd : x);
      if (info(op).op_class == OpClass::Binary) b.binary(op, logical ? odd : x, logical ? odd : b.neg(x));
    }
  }
  for (double v : {0.1, -0.0, 1e-45, 3.4028234663852886e38, HUGE_VAL, -HUGE_VAL, std::nan("")}) {
    for (DType t : kAllDTypes) b.constant(Literal::from_double(t, v));
  }
  for (int64_t v : {INT64_MIN, INT64_MAX}) b.constant(Literal::from_int(DType::I64, v));
  b.constant({DType::F32, 0xffc00000});
  b.constant({DType::F64, 0xfff8000000000001});
  b.constant({DType::BF16, 0xffc1});
  b.iota({DType::I64, {batch, 2 * batch + 1}}, 1);
  Value step = b.extent(batch * batch - 3 * batch + Dim(INT64_MIN));
  b.random("h.\"dropout\"\n", {DType::F32, {batch}}, step, step);
  b.cast(x, DType::BF16);
  b.add_one(Op::Barrier, BarrierAttrs{7}, {x});
  b.select(odd, x, x);
  Value image = b.reshape(x, {batch, 1, 6, 1});
  b.permute(image, {3, 0, 1, 2});
  b.broadcast(x, {batch, 2, 6}, {0, 2});
  b.slice(x, {0, 1}, {batch, 2}, {1, 2});
  b.pad(x, {0, batch}, {1, 0}, {0, 2}, Literal::from_double(DType::F32, -INFINITY));
  b.concat({x, b.neg(x)}, 1);
  b.reverse(x, {0, 1});
  Value windows = b.window(image, {{2, 2, 2, 3}, {3, 1, 1, 1}});
  b.unwindow(windows, {{2, 2, 2, 3}, {3, 1, 1, 1}}, b.shape(image));
  Value rows = b.gather(w, late, 0);
  b.scatter_add(w, late, rows, 0);
  b.reduce_add(x, {0, 1});
  b.reduce(Monoid::MaxSumExp, {x, b.neg(x)}, {1});
  b.argmax(x, 1);
  b.argmin(x, 0);
  Value start = b.full(DType::F32, {2}, 0);
  Value seq = b.reshape(x, {batch * 3, 2});
  auto scanned = b.scan(ScanAttrs{1, 1, batch * 3, true, scan_body()}, {start, seq, start});
  Value region = b.add_one(Op::Region, RegionAttrs{KernelKind::Row, "h.exp", region_body()}, {x});
  g.add_output({"y", region});
  g.add_output({"an \"odd\" output", scanned[1]});
  g.add_output({"h.weight", w, true});
  return g;
}

}  // namespace nnc
