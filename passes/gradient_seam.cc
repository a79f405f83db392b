#include "passes/gradient_seam.h"

#include "ir/clips.h"

namespace nnc {
namespace {

void widen(Builder& b, Seam& seam) {
  for (ParamGradient& p : seam.gradients) {
    if (b.dtype(p.gradient) == DType::BF16) p.gradient = b.cast(p.gradient, DType::F32);
  }
}

// The gradient of the mean over several batches is the sum of theirs, each by its share of the samples.
void accumulate(Builder& b, Seam& seam) {
  Value share = b.input(kShareInput, {DType::F64, {}});
  Value last = b.input(kUpdateInput, {DType::Bool, {}});
  for (ParamGradient& p : seam.gradients) {
    std::string path = p.path + ".accumulated";
    Type type = b.type(p.gradient);
    Value part = b.mul(b.cast(share, type.dtype), p.gradient);
    p.gradient = b.add(b.param(path, type, false), part);
    Value zero = b.full(type.dtype, type.shape, 0);
    seam.state.emplace_back(path, b.select(b.broadcast_to(last, type.shape), zero, p.gradient));
  }
  seam.updates = last;
}

GradientTransform clipping(const CallSpec& clip) {
  return [clip](Builder& b, Seam& seam) {
    std::vector<Value> gradients;
    for (const ParamGradient& p : seam.gradients) gradients.push_back(p.gradient);
    gradients = clip_row(clip.name).apply(b, clip, gradients);
    for (size_t i = 0; i < gradients.size(); ++i) seam.gradients[i].gradient = gradients[i];
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
