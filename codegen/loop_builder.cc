#include "codegen/loop_builder.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <set>

namespace nnc::loop {
namespace {

constexpr VType kIndex{DType::I64, 1};

// All that tells pure instructions apart, as bytes.
std::string key_of(const Inst& inst) {
  std::string key;
  auto add = [&](const auto& value) { key.append(reinterpret_cast<const char*>(&value), sizeof value); };
  add(inst.code);
  add(inst.op);
  add(inst.type.dtype);
  add(inst.type.lanes);
  add(inst.imm);
  add(inst.literal.dtype);
  add(inst.literal.bits);
  add(inst.args.size());
  for (Val v : inst.args) add(v.id);
  for (int m : inst.mask) add(m);
  return key;
}

// Values the code generator may treat specially; everything else is data of the model.
bool is_immediate(const Literal& value) {
  if (!is_float(value.dtype)) return true;
  double x = value.as_double();
  return x == 0 || x == 1 || x == -1 || std::isinf(x);
}

std::optional<int64_t> fold_constants(Op op, int64_t a, int64_t b) {
  if (op == Op::Add) return a + b;
  if (op == Op::Sub) return a - b;
  if (op == Op::Mul) return a * b;
  if (op == Op::Min) return std::min(a, b);
  if (op == Op::Max) return std::max(a, b);
  return std::nullopt;
}

}  // namespace

Builder::Builder(Kernel& kernel) : kernel_(kernel) { begin_block({}); }

void Builder::finish() {
  assert(open_.size() == 1);
  kernel_.body = end_block({});
}

int64_t Builder::symbol(const std::string& name) {
  auto& symbols = kernel_.symbols;
  auto it = std::find(symbols.begin(), symbols.end(), name);
  if (it == symbols.end()) it = symbols.insert(symbols.end(), name);
  return it - symbols.begin();
}

int Builder::buffer(Buffer b) {
  if (b.role == BufferRole::Scratch) {
    std::set<std::string> names;
    b.count.collect_symbols(names);
    for (const std::string& name : names) symbol(name);
  }
  kernel_.buffers.push_back(std::move(b));
  return static_cast<int>(kernel_.buffers.size() - 1);
}

Val Builder::fresh(VType type) {
  kernel_.types.push_back(type);
  return {static_cast<uint32_t>(kernel_.types.size() - 1)};
}

Val Builder::emit(Inst inst, VType type) {
  Val v = fresh(type);
  inst.type = type;
  inst.results = {v};
  bool folds = type == kIndex || type == VType{DType::Bool, 1};
  if (inst.code == Code::Constant && folds) constants_[v.id] = inst.literal.as_int();
  effect(std::move(inst));
  return v;
}

// What an open block has computed, this one or one around it, dominates this place.
Val Builder::pure(Inst inst, VType type) {
  inst.type = type;
  auto [it, added] = numbered_.try_emplace(key_of(inst));
  if (!added) return it->second;
  Val v = emit(std::move(inst), type);
  it->second = v;
  open_keys_.back().push_back(it->first);
  return v;
}

std::optional<int64_t> Builder::constant(Val v) const {
  auto it = constants_.find(v.id);
  return it == constants_.end() ? std::nullopt : std::optional(it->second);
}

Val Builder::immediate(Literal value) {
  return pure({.code = Code::Constant, .literal = value}, {value.dtype, 1});
}

Val Builder::index(int64_t value) { return immediate(Literal::from_int(DType::I64, value)); }

Val Builder::literal(Literal value) { return is_immediate(value) ? immediate(value) : parameter(value); }

Val Builder::parameter(Literal value) {
  auto& slots = kernel_.literals;
  auto it = std::find(slots.begin(), slots.end(), value);
  if (it == slots.end()) it = slots.insert(slots.end(), value);
  return pure({.code = Code::Parameter, .imm = it - slots.begin()}, {value.dtype, 1});
}

Val Builder::dim(const Dim& d) {
  Val sum = index(0);
  for (const Dim::Term& term : d.terms()) {
    Val product = index(term.coefficient);
    for (const std::string& name : term.symbols)
      product = mul(product, pure({.code = Code::Symbol, .imm = symbol(name)}, kIndex));
    sum = add(sum, product);
  }
  return sum;
}

Val Builder::task_begin() { return pure({.code = Code::TaskBegin}, kIndex); }
Val Builder::task_end() { return pure({.code = Code::TaskEnd}, kIndex); }

Val Builder::iota(int lanes, DType dtype) {
  if (lanes == 1) return immediate(Literal::from_int(dtype, 0));
  return pure({.code = Code::Iota}, {dtype, lanes});
}

std::vector<Val> Builder::unify_lanes(std::vector<Val> args) {
  int lanes = 1;
  for (Val v : args) lanes = std::max(lanes, type(v).lanes);
  for (Val& v : args) v = broadcast(v, lanes);
  return args;
}

// The value of scalar index arithmetic that needs no instruction; invalid when it needs one.
Val Builder::fold_index(Op op, std::vector<Val>& args) {
  std::optional<int64_t> a = constant(args[0]), b = constant(args[1]);
  if (a && b) {
    if (auto folded = fold_constants(op, *a, *b)) return index(*folded);
  }
  if (a && has_trait(op, kCommutative)) {
    std::swap(args[0], args[1]);
    std::swap(a, b);
  }
  bool neutral = b && (((op == Op::Add || op == Op::Sub) && *b == 0) || (op == Op::Mul && *b == 1));
  if (neutral) return args[0];
  if (b && op == Op::Mul && *b == 0) return index(0);
  return {};
}

Val Builder::apply(Op op, std::vector<Val> args) {
  assert(is_elementwise(op) && op != Op::Cast);
  if (std::optional<int64_t> holds = op == Op::Select ? constant(args[0]) : std::nullopt)
    return broadcast(args[*holds != 0 ? 1 : 2], std::max(type(args[1]).lanes, type(args[2]).lanes));
  args = unify_lanes(std::move(args));
  VType t = type(args.back());
  if (args.size() == 2 && t == kIndex) {
    Val folded = fold_index(op, args);
    if (folded.valid()) return folded;
  }
  if (has_trait(op, kPredicate)) t.dtype = DType::Bool;
  return pure({.code = Code::Apply, .op = op, .args = std::move(args)}, t);
}

Val Builder::cast(Val x, DType to) {
  VType t = type(x);
  if (t.dtype == to) return x;
  return pure({.code = Code::Apply, .op = Op::Cast, .args = {x}}, {to, t.lanes});
}

Val Builder::fma(Val a, Val b, Val c) {
  std::vector<Val> args = unify_lanes({a, b, c});
  VType t = type(args[0]);
  return pure({.code = Code::Fma, .args = std::move(args)}, t);
}

Val Builder::idiv(Val a, Val b) {
  std::optional<int64_t> x = constant(a), y = constant(b);
  if (y && *y == 1) return a;
  if (x && y) return index(*x / *y);
  std::vector<Val> args = unify_lanes({a, b});
  VType t = type(args[0]);
  return pure({.code = Code::IndexDiv, .args = std::move(args)}, t);
}

Val Builder::irem(Val a, Val b) {
  std::optional<int64_t> x = constant(a), y = constant(b);
  if (y && *y == 1) return broadcast(index(0), type(a).lanes);
  if (x && y) return index(*x % *y);
  std::vector<Val> args = unify_lanes({a, b});
  VType t = type(args[0]);
  return pure({.code = Code::IndexRem, .args = std::move(args)}, t);
}

Val Builder::ixor(Val a, Val b) {
  std::vector<Val> args = unify_lanes({a, b});
  VType t = type(args[0]);
  return pure({.code = Code::IndexXor, .args = std::move(args)}, t);
}

Val Builder::broadcast(Val x, int lanes) {
  VType t = type(x);
  if (t.lanes == lanes) return x;
  assert(t.lanes == 1);
  return pure({.code = Code::Broadcast, .args = {x}}, {t.dtype, lanes});
}

Val Builder::extract(Val x, int lane) {
  VType t = type(x);
  if (t.lanes == 1) return x;
  return pure({.code = Code::Extract, .imm = lane, .args = {x}}, {t.dtype, 1});
}

Val Builder::shuffle(Val a, Val b, std::vector<int> mask) {
  VType t{type(a).dtype, static_cast<int>(mask.size())};
  return pure({.code = Code::Shuffle, .mask = std::move(mask), .args = {a, b}}, t);
}

Val Builder::reduce_lanes(Op op, Val x) {
  VType t = type(x);
  if (t.lanes == 1) return x;
  return pure({.code = Code::ReduceLanes, .op = op, .args = {x}}, {t.dtype, 1});
}

Val Builder::load(int buffer, Val offset, int lanes) {
  return emit({.code = Code::Load, .buffer = buffer, .args = {offset}},
              {kernel_.buffers[buffer].dtype, lanes});
}

Val Builder::masked_load(int buffer, Val offset, Val mask, Val fill) {
  VType t{kernel_.buffers[buffer].dtype, type(mask).lanes};
  return emit({.code = Code::MaskedLoad, .buffer = buffer, .args = {offset, mask, broadcast(fill, t.lanes)}},
              t);
}

Val Builder::gather(int buffer, Val offsets, Val mask, Val fill) {
  VType t{kernel_.buffers[buffer].dtype, type(offsets).lanes};
  std::vector<Val> args = {offsets, broadcast(mask, t.lanes), broadcast(fill, t.lanes)};
  return emit({.code = Code::GatherLoad, .buffer = buffer, .args = std::move(args)}, t);
}

void Builder::prefetch(int buffer, Val offset, int level) {
  effect({.code = Code::Prefetch, .imm = level, .buffer = buffer, .args = {offset}});
}

void Builder::store(int buffer, Val offset, Val value) {
  effect({.code = Code::Store, .type = type(value), .buffer = buffer, .args = {offset, value}});
}

void Builder::masked_store(int buffer, Val offset, Val value, Val mask) {
  effect({.code = Code::MaskedStore, .type = type(value), .buffer = buffer, .args = {offset, value, mask}});
}

void Builder::scatter(int buffer, Val offsets, Val value, Val mask) {
  effect({.code = Code::ScatterStore, .type = type(value), .buffer = buffer, .args = {offsets, value, mask}});
}

Val Builder::philox(Val key, Val block, Val counter, int word) {
  std::vector<Val> args = unify_lanes({key, block, counter});
  VType t = type(args[0]);
  return pure({.code = Code::Philox, .imm = word, .args = std::move(args)}, t);
}

void Builder::report_index(Val condition) { effect({.code = Code::ReportIndex, .args = {condition}}); }

std::vector<Val> Builder::begin_block(const std::vector<VType>& params) {
  Block block;
  for (VType t : params) block.params.push_back(fresh(t));
  open_.push_back(std::move(block));
  open_keys_.emplace_back();
  return open_.back().params;
}

Block Builder::end_block(std::vector<Val> yields) {
  Block block = std::move(open_.back());
  block.yields = std::move(yields);
  open_.pop_back();
  for (const std::string& key : open_keys_.back()) numbered_.erase(key);
  open_keys_.pop_back();
  return block;
}

std::vector<Val> Builder::for_loop(Val lo, Val hi, int64_t step, std::vector<Val> inits, const Body& body) {
  if (std::optional<int64_t> from = constant(lo), to = constant(hi); from && to) {
    if (*to <= *from) return inits;
    if (*to - *from <= step) return body(lo, inits);
  }
  std::vector<VType> params = {kIndex};
  for (Val v : inits) params.push_back(type(v));
  std::vector<Val> in = begin_block(params);
  std::vector<Val> next = body(in[0], std::span<const Val>(in).subspan(1));
  assert(next.size() == inits.size());
  Inst inst{.code = Code::For, .step = step, .args = {lo, hi}};
  inst.args.insert(inst.args.end(), inits.begin(), inits.end());
  inst.blocks.push_back(end_block(std::move(next)));
  for (Val v : inits) inst.results.push_back(fresh(type(v)));
  std::vector<Val> results = inst.results;
  effect(std::move(inst));
  return results;
}

void Builder::for_each(Val lo, Val hi, int64_t step, const std::function<void(Val)>& body) {
  for_loop(lo, hi, step, {}, [&](Val iv, std::span<const Val>) {
    body(iv);
    return std::vector<Val>{};
  });
}

std::vector<Val> Builder::if_else(Val condition, const std::function<std::vector<Val>()>& then_body,
                                  const std::function<std::vector<Val>()>& else_body) {
  Inst inst{.code = Code::If, .args = {condition}};
  begin_block({});
  inst.blocks.push_back(end_block(then_body()));
  begin_block({});
  inst.blocks.push_back(end_block(else_body()));
  assert(inst.blocks[0].yields.size() == inst.blocks[1].yields.size());
  for (Val v : inst.blocks[0].yields) inst.results.push_back(fresh(type(v)));
  std::vector<Val> results = inst.results;
  effect(std::move(inst));
  return results;
}

void Builder::if_then(Val condition, const std::function<void()>& then_body) {
  auto run = [&] {
    then_body();
    return std::vector<Val>{};
  };
  if_else(condition, run, [] { return std::vector<Val>{}; });
}

}  // namespace nnc::loop
