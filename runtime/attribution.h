// Why a model gives what it gives: how much each element of a sample's inputs contributes to an element of an output, or to
// the loss.
//
//   Attributor attributor(trainer, "logits");
//   Attribution a = attributor.explain({.inputs = {image}}, 7, {.method = AttributionMethod::IntegratedGradients});
//   a.inputs[0].tensor                            // f64, of the shape of the image
//
// Gradients by inputs are compiled as training steps are. Integer inputs that the model casts to floats count as numbers.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "runtime/trainer.h"

namespace nnc {

enum class AttributionMethod : uint8_t {
  GradientXInput,  // the gradient times the input
  IntegratedGradients,  // (x - baseline) times the mean gradient on the straight way there: Sundararajan, Taly and Yan 2017
  SmoothGrad,  // the mean gradient around the sample: Smilkov et al. 2017
};
template <>
struct EnumNames<AttributionMethod> {
  static constexpr std::string_view values[] = {"gradient_x_input", "integrated_gradients", "smooth_grad"};
};
/// Throws Error, listing them, for a name that is none.
AttributionMethod attribution_method(const std::string& name);

struct AttributionOptions {
  AttributionMethod method = AttributionMethod::GradientXInput;
  // Integrated gradients: points on the way (midpoints of equal stretches), and where it begins, in every element.
  int64_t steps = 64;
  double baseline = 0;
  // Smooth-grad: noisy samples, the deviation of the noise as a share of the range, and its seed. The range of an input's
  // elements is the difference between the sample's largest and smallest, unless `ranges` has a tensor per input.
  int64_t samples = 50;
  double noise = 0.15;
  int64_t seed = 0;
  std::vector<Tensor> ranges;
};

/// One sample, its leading axes 1, of the model's types.
struct ExplainedSample {
  std::vector<Tensor> inputs;   // in the order of the model
  std::vector<Tensor> targets;  // for the loss
};

struct Attribution {
  double value = 0;  // what is explained
  double baseline_value =
      0;  // the same at the baseline; of integrated gradients, which add up to the difference
  std::vector<NamedTensor> inputs;  // f64, each of its input's shape
};

class Attributor {
 public:
  /// Explains an output of the model's predictions; the trainer outlives this. Throws Error where the model has no such
  /// output, it is no float, or nothing flows back from it.
  Attributor(Trainer& trainer, const std::string& output);
  /// Explains the loss, in evaluation mode.
  static Attributor of_loss(Trainer& trainer);

  /// Of element `index` of the output, in row-major order (0 for the loss).
  Attribution explain(const ExplainedSample& sample, int64_t index, const AttributionOptions& options);

 private:
  /// The elements of all inputs, one after the other.
  using Elements = std::vector<double>;
  struct Point {
    double value = 0;
    Elements gradient;
  };

  Attributor(Trainer& trainer, const Graph& model, const std::string& output);
  void prepare(const ExplainedSample& sample, int64_t index);
  Point at(const Elements& x);
  Attribution integrated_gradients(const Elements& x, const AttributionOptions& options);
  Attribution smooth_grad(const Elements& x, const Elements& ranges, const AttributionOptions& options);
  Attribution attribution(double value, const Elements& contributions) const;

  Trainer& trainer_;
  std::vector<std::string> names_;  // of the inputs
  Graph graph_;
  std::unique_ptr<Function> function_;
  Bindings sizes_;
  std::vector<Tensor> given_;  // everything the function reads
};

}  // namespace nnc
