#include "codegen/chosen_elements.h"

namespace nnc {

using loop::Val;

ChosenElements::ChosenElements(RegionKernel& k, const Dim& length, const LoopSpace& space,
                               const std::vector<IndexExpr>& variables)
    : k_(k), b_(k.b), length_(length), space_(space), variables_(variables) {}

// A sum of zeros and -0 is 0.
void ChosenElements::take(const RowPick& pick, const AccessMap& row) {
  Val element = elements(place_of(pick.choice), {pick.value})[0];
  Val zero = b_.immediate(Literal::from_int(pick.fold.rule.dtype, 0));
  bind_fold(k_.pull, pick.fold, row, {b_.add(zero, element)});
}

void ChosenElements::rule_out(const std::vector<RowRepair>& repairs) {
  Val never = b_.immediate(Literal::from_int(DType::Bool, 0));
  for (const RowRepair& r : repairs) k_.pull.bind(r.choice.holds, never);
}

std::vector<ChosenElements::Repaired> ChosenElements::compute(const std::vector<RowRepair>& repairs) {
  std::vector<Repaired> out;
  for (const RowRepair& r : repairs) {
    std::vector<Value> results;
    for (size_t i : r.results) results.push_back(k_.result(i));
    Place place = place_of(r.choice);
    out.push_back({&r, place.exists, place.index, elements(place, results)});
  }
  return out;
}

void ChosenElements::store(const std::vector<Repaired>& repaired) {
  for (const Repaired& r : repaired) {
    b_.if_then(r.exists, [&] {
      for (size_t i = 0; i < r.values.size(); ++i) k_.store(r.repair->results[i], r.index, r.values[i], {});
    });
  }
}

ChosenElements::Place ChosenElements::place_of(const RowChoice& choice) {
  Val at = b_.cast(k_.pull.at(choice.index, {space_.coordinates(variables_), {}}), DType::I64);
  Val inside = b_.apply(Op::And, {b_.apply(Op::Le, {b_.index(0), at}), b_.lt(at, b_.dim(length_))});
  std::vector<IndexExpr> loops = variables_;
  loops.back() = k_.pull.variable(length_, at);
  return {inside, space_.coordinates(loops)};
}

// The values' elements at a place, which other choices may have in view too; zeros where there is none.
std::vector<Val> ChosenElements::elements(const Place& place, const std::vector<Value>& values) {
  auto there = [&] {
    Pull::Scope scope(k_.pull);
    std::vector<Val> out;
    for (Value v : values) out.push_back(k_.pull.at(v, {place.index, {}}));
    return out;
  };
  auto nowhere = [&] {
    std::vector<Val> out;
    for (Value v : values) out.push_back(b_.immediate(Literal::from_int(k_.body.type(v).dtype, 0)));
    return out;
  };
  return b_.if_else(place.exists, there, nowhere);
}

}  // namespace nnc
