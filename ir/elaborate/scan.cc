// `ys = scan xs as x over T carry h = … { …  yield y }`: a body elaborated once, over one step's slices.
#include <algorithm>

#include <fmt/format.h>

#include "ir/composites/movement.h"
#include "ir/elaborate/elaborator.h"
#include "ir/error.h"

namespace nnc {

// The axis of extent T; batch-first data has T second, which decides where several axes have that extent.
int64_t Elaborator::scanned_axis(const Type& type, const Dim& length) {
  auto fits = [&](const Dim& d) { return d == length; };
  int64_t count = std::count_if(type.shape.begin(), type.shape.end(), fits);
  if (count == 0) throw Error(fmt::format("{} has no axis of {} to scan over", type.str(), length.str()));
  if (count > 1 && fits(type.shape[1])) return 1;
  if (count > 1)
    throw Error(fmt::format("{} has {} axes of {} to scan over", type.str(), count, length.str()));
  return std::find_if(type.shape.begin(), type.shape.end(), fits) - type.shape.begin();
}

bool Elaborator::read_scan(const ast::ScanStmt& s, ScanParts& parts) {
  std::optional<Dim> length = eval_dim(*s.length);
  bool good = length.has_value();
  if (good) parts.length = *length;
  for (const ast::ScanInput& in : s.inputs) {
    Val val = eval(*in.value);
    good = good && !val.poisoned();
    if (!good) continue;
    try {
      Value x = tensor(val, DType::F32);
      int64_t axis = scanned_axis(net_.b().type(x), parts.length);
      if (parts.sequences.empty()) parts.axis = axis;
      parts.sequences.push_back(move_axis(net_.b(), x, axis, 0));
      Type slice = net_.b().type(parts.sequences.back());
      slice.shape.erase(slice.shape.begin());
      parts.scanned.emplace_back(in.name.text, slice);
    } catch (const Error& e) {
      fail("scan", in.value->loc, e, {val});
      good = false;
    }
  }
  for (const ast::Carry& c : s.carries) {
    std::optional<Value> initial = tensor_part(eval(*c.init));
    good = good && initial;
    if (!good) continue;
    parts.initial.push_back(*initial);
    parts.carried.emplace_back(c.name.text, net_.b().type(*initial));
  }
  return good;
}

std::optional<Value> Elaborator::tensor_part(const Val& v) {
  if (v.poisoned()) return std::nullopt;
  try {
    return tensor(v, DType::F32);
  } catch (const Error& e) {
    fail("type", v.loc, e, {});
    return std::nullopt;
  }
}

// The carries after a step: what their names stand for at the end of the body.
bool Elaborator::next_carries(const ast::ScanStmt& s, const ScanParts& parts, std::vector<Value>& next) {
  bool good = true;
  for (size_t i = 0; i < s.carries.size(); ++i) {
    const Val* val = lookup(s.carries[i].name.text);
    std::optional<Value> value = tensor_part(*val);
    if (!value) return false;
    next.push_back(*value);
    const Type& type = net_.b().type(*value);
    if (type == parts.carried[i].second) continue;
    diag_
        .error("shape", val->loc,
               fmt::format("'{}' starts as {} and becomes {}", s.carries[i].name.text,
                           parts.carried[i].second.str(), type.str()))
        .note(s.carries[i].name.loc, "it starts here");
    good = false;
  }
  return good;
}

bool Elaborator::run_scan_body(const ast::ScanStmt& s, const ScanParts& parts, std::vector<Value>& next,
                               std::vector<Value>& yields) {
  std::vector<Value> slices = net_.begin_scan(parts.carried, parts.scanned, parts.length);
  env_.push_back({});
  contexts_.push_back({Context::kScan, {}, false});
  for (size_t i = 0; i < s.carries.size(); ++i)
    define(s.carries[i].name, {TensorVal{slices[i], net_.depth()}, {}});
  for (size_t i = 0; i < s.inputs.size(); ++i) {
    define(s.inputs[i].name, {TensorVal{slices[s.carries.size() + i], net_.depth()}, {}});
  }
  run(s.body);
  bool good = true;
  for (const Val& v : contexts_.back().values) {
    std::optional<Value> value = tensor_part(v);
    good = good && value;
    if (good) yields.push_back(*value);
  }
  if (good && yields.size() != s.targets.size()) {
    diag_.error("result-count", s.targets[0].loc,
                fmt::format("{} names for {} yielded values", s.targets.size(), yields.size()));
    good = false;
  }
  good = good && next_carries(s, parts, next);
  contexts_.pop_back();
  env_.pop_back();
  return good;
}

void Elaborator::run_scan(const ast::ScanStmt& s) {
  NetScope scope(net_, scope_of(s.targets));
  ScanParts parts;
  std::vector<Value> next, yields, results;
  bool good = read_scan(s, parts);
  if (good) {
    size_t errors = diag_.error_count();
    good = run_scan_body(s, parts, next, yields) && diag_.error_count() == errors;
    if (good)
      results = net_.end_scan(next, yields, parts.initial, parts.sequences);
    else
      net_.abandon_scan();
  }
  for (size_t i = 0; i < s.targets.size(); ++i) {
    Val val = poison(s.targets[i].loc);
    if (good) {
      Value stacked = results[s.carries.size() + i];
      int64_t axis = std::min(parts.axis, net_.b().type(stacked).rank() - 1);
      val = {TensorVal{move_axis(net_.b(), stacked, 0, axis), net_.depth()}, {}};
    }
    define(s.targets[i], std::move(val));
  }
}

}  // namespace nnc
