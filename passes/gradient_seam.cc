#include "passes/gradient_seam.h"

#include "ir/clips.h"

namespace nnc {
namespace {

void widen(Builder& b, Seam& seam) {
  for (ParamGradient& p : seam.gradients) {
    if (b.dtype(p.gradient) == DType::BF16) p.gradient = b.cast(p.gradient, DType::F32);
  }
}

// The gradient of the mean over several batches is the sum of theirs, each by its share of the samples. A batch of bad
// loss adds nothing; where it is the last, the others are dropped with it, for the next update has none of them.
void accumulate(Builder& b, Seam& seam) {
  ScopeGuard scope(b, "accumulate");
  Value share = b.input(kShareInput, {DType::F64, {}});
  Value last = b.input(kUpdateInput, {DType::Bool, {}}), finite = b.unary(Op::IsFinite, seam.loss);
  for (ParamGradient& p : seam.gradients) {
    std::string path = p.path + ".accumulated";
    Type type = b.type(p.gradient);
    Value part = b.mul(b.cast(share, type.dtype), p.gradient), before = b.param(path, type, false);
    p.gradient = b.add(before, part);
    Value kept = b.select(b.broadcast_to(finite, type.shape), p.gradient, before);
    Value zero = b.full(type.dtype, type.shape, 0);
    seam.state.emplace_back(path, b.select(b.broadcast_to(last, type.shape), zero, kept));
  }
  seam.updates = last;
}

GradientTransform clipping(const CallSpec& clip) {
  return [clip](Builder& b, Seam& seam) {
    ScopeGuard scope(b, clip.name);
    b.set_loc(clip.loc);
    std::vector<Value> gradients;
    for (const ParamGradient& p : seam.gradients) gradients.push_back(p.gradient);
    gradients = clip_row(clip.name).apply(b, clip, gradients);
    for (size_t i = 0; i < gradients.size(); ++i) seam.gradients[i].gradient = gradients[i];
    b.set_loc({});
  };
}

}  // namespace

std::vector<GradientTransform> seam_transforms(const UpdateSpec& update) {
  std::vector<GradientTransform> out;
  if (update.accumulate > 1) out.emplace_back(accumulate);
  for (const CallSpec& clip : update.clips) out.push_back(clipping(clip));
  if (!out.empty()) out.insert(out.begin(), widen);
  return out;
}

}  // namespace nnc
