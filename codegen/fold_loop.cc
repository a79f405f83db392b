#include "codegen/fold_loop.h"

#include <algorithm>

namespace nnc {

using loop::Builder;
using loop::Val;

namespace {

using Rules = std::vector<FoldRule>;

std::vector<Val> flatten(const std::vector<FoldStates>& parts) {
  std::vector<Val> out;
  for (const FoldStates& states : parts) {
    for (const FoldState& s : states) out.insert(out.end(), s.begin(), s.end());
  }
  return out;
}

std::vector<FoldStates> unflatten(const Rules& rules, std::span<const Val> flat) {
  std::vector<FoldStates> parts;
  size_t next = 0;
  while (next < flat.size()) {
    FoldStates states;
    for (const FoldRule& r : rules) {
      auto from = flat.begin() + static_cast<ptrdiff_t>(next), to = from + r.width();
      states.emplace_back(from, to);
      next += static_cast<size_t>(r.width());
    }
    parts.push_back(std::move(states));
  }
  return parts;
}

// Whether grouping changes the result at all.
bool is_exact(const FoldRule& rule) {
  if (rule.kind != FoldRule::Kind::Monoid) return true;
  return rule.monoid == Monoid::Max || rule.monoid == Monoid::Min || is_integer(rule.dtype);
}

// Rounds over [lo, hi), which they divide: `unroll` accumulators, then a tree of them.
FoldStates rounds(Builder& b, const FoldLoop& loop, const Rules& rules, int lanes, Val lo, Val hi,
                  const FoldStep& step) {
  std::vector<FoldStates> init(static_cast<size_t>(loop.unroll), fold_identities(b, rules, lanes));
  auto round = [&](Val iv, std::span<const Val> carried) {
    std::vector<FoldStates> parts = rules.empty() ? init : unflatten(rules, carried);
    for (int u = 0; u < loop.unroll; ++u) {
      FoldStates& part = parts[static_cast<size_t>(u)];
      part = fold_merge_all(b, rules, part, step(b.add(iv, b.index(u * loop.step)), {}));
    }
    return flatten(parts);
  };
  std::vector<Val> end = b.for_loop(lo, hi, loop.step * loop.unroll, flatten(init), round);
  return fold_tree(b, rules, rules.empty() ? init : unflatten(rules, end));
}

FoldStates chunks(Builder& b, const FoldLoop& loop, const Rules& rules, int lanes, Val whole,
                  const FoldStep& step) {
  int64_t chunk = kRoundsPerChunk * loop.step * loop.unroll;
  bool one = loop.extent.is_constant() && loop.extent.value() < 2 * chunk;
  if (one || std::all_of(rules.begin(), rules.end(), is_exact)) {
    return rounds(b, loop, rules, lanes, b.index(0), whole, step);
  }
  auto fold_chunk = [&](Val lo, std::span<const Val> carried) {
    FoldStates total = unflatten(rules, carried)[0];
    Val hi = b.imin(b.add(lo, b.index(chunk)), whole);
    return flatten({fold_merge_all(b, rules, total, rounds(b, loop, rules, lanes, lo, hi, step))});
  };
  std::vector<Val> init = flatten({fold_identities(b, rules, lanes)});
  return unflatten(rules, b.for_loop(b.index(0), whole, chunk, init, fold_chunk))[0];
}

// What no whole round covers, vector by vector; the last one masked.
FoldStates remainder(Builder& b, const FoldLoop& loop, const Rules& rules, FoldStates total, Val lo, Val hi,
                     const FoldStep& step) {
  bool masked = loop.step > 1;
  std::vector<Val> end =
      b.for_loop(lo, hi, loop.step, flatten({total}), [&](Val iv, std::span<const Val> carried) {
        Val active = masked ? b.lane_mask(b.sub(hi, iv), loop.step) : Val{};
        FoldStates element = step(iv, active);
        for (size_t i = 0; masked && i < rules.size(); ++i) {
          element[i] = fold_where(b, rules[i], active, element[i]);
        }
        if (rules.empty()) return std::vector<Val>{};
        return flatten({fold_merge_all(b, rules, unflatten(rules, carried)[0], element)});
      });
  return rules.empty() ? total : unflatten(rules, end)[0];
}

}  // namespace

std::vector<BodyFold> folds_of(const Graph& body, NodeId node) {
  const Node& n = body.node(node);
  std::vector<BodyFold> out;
  int groups = static_cast<int>(n.operands.size()) / fold_group(n);
  for (int g = 0; g < groups; ++g) out.push_back({node, g, fold_rule(body, n, g)});
  return out;
}

FoldState fold_point(Pull& pull, const BodyFold& fold, const AccessMap& map, const IndexExpr& place,
                     const Lanes& lanes) {
  loop::Builder& b = pull.builder();
  const Node& n = pull.body().node(fold.node);
  int width = fold_group(n);
  std::vector<Val> operands;
  for (int k = 0; k < width; ++k) {
    operands.push_back(pull.vector(n.operands[static_cast<size_t>(fold.group * width + k)], map, lanes));
  }
  if (fold.rule.kind == FoldRule::Kind::Monoid) return operands;
  Val index = b.broadcast(b.cast(pull.index(place, lanes), DType::I32), lanes.count);
  return fold_element(b, fold.rule, std::move(operands), index);
}

void bind_fold(Pull& pull, const BodyFold& fold, const AccessMap& map, const FoldState& state) {
  std::vector<Val> results = fold_results(pull.builder(), fold.rule, state);
  auto first = static_cast<size_t>(fold.group) * results.size();
  for (size_t i = 0; i < results.size(); ++i) {
    pull.bind(Value{fold.node, static_cast<uint32_t>(first + i)}, map, results[i]);
  }
}

FoldStates fold_identities(Builder& b, const Rules& rules, int lanes) {
  FoldStates out;
  for (const FoldRule& r : rules) out.push_back(fold_identity(b, r, lanes));
  return out;
}

FoldStates fold_merge_all(Builder& b, const Rules& rules, const FoldStates& a, const FoldStates& x) {
  FoldStates out;
  for (size_t i = 0; i < rules.size(); ++i) out.push_back(fold_merge(b, rules[i], a[i], x[i]));
  return out;
}

FoldStates fold_tree(Builder& b, const Rules& rules, std::vector<FoldStates> parts) {
  while (parts.size() > 1) {
    std::vector<FoldStates> next;
    for (size_t i = 0; i + 1 < parts.size(); i += 2) {
      next.push_back(fold_merge_all(b, rules, parts[i], parts[i + 1]));
    }
    if (parts.size() % 2 == 1) next.push_back(parts.back());
    parts = std::move(next);
  }
  return parts[0];
}

FoldStates fold_loop(Builder& b, const FoldLoop& loop, const Rules& rules, int lanes, const FoldStep& step) {
  int64_t round = loop.step * loop.unroll;
  bool known = loop.extent.is_constant();
  Val n = b.dim(loop.extent), whole = b.sub(n, b.irem(n, b.index(round)));
  bool has_rounds = !known || loop.extent.value() >= round;
  bool has_rest = !known || loop.extent.value() % round != 0;
  FoldStates total =
      has_rounds ? chunks(b, loop, rules, lanes, whole, step) : fold_identities(b, rules, lanes);
  return has_rest ? remainder(b, loop, rules, std::move(total), whole, n, step) : total;
}

FoldStates fold_range(Builder& b, const Rules& rules, const FoldStates& before, Val lo, Val hi,
                      const FoldStep& step) {
  std::vector<Val> end = b.for_loop(lo, hi, 1, flatten({before}), [&](Val iv, std::span<const Val> carried) {
    return flatten({fold_merge_all(b, rules, unflatten(rules, carried)[0], step(iv, {}))});
  });
  return unflatten(rules, end)[0];
}

FoldStates fold_nest(Builder& b, const Shape& extents, int step, int unroll, const Rules& rules, int lanes,
                     const NestStep& body) {
  std::vector<Val> ivs;
  std::function<FoldStates(size_t)> level = [&](size_t depth) -> FoldStates {
    bool last = depth + 1 == extents.size();
    FoldLoop loop{extents[depth], last ? step : 1, last ? unroll : 1};
    return fold_loop(b, loop, rules, lanes, [&](Val iv, Val active) {
      ivs.push_back(iv);
      FoldStates out = last ? body(ivs, active) : level(depth + 1);
      ivs.pop_back();
      return out;
    });
  };
  return extents.empty() ? body({}, {}) : level(0);
}

}  // namespace nnc
