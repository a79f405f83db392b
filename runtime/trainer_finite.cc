// The Trainer's watch over its numbers: a loss or weights that are no longer finite end training (runtime/finite.h).
#include <algorithm>
#include <cmath>
#include <cstring>

#include <fmt/format.h>

#include "ir/bind.h"
#include "ir/plain_number.h"
#include "runtime/trainer.h"

namespace nnc {
namespace {

/// The path of state that is not finite, and was before; empty where there is none.
std::string first_spoilt(const State& state, const State& before) {
  for (const auto& [path, tensor] : state) {
    if (!is_finite(tensor) && is_finite(before.at(path))) return path;
  }
  return "";
}

/// What a graph read, as tensors.
NamedTensors tensors_of(const Graph& graph, const InputPointers& from, const Bindings& sizes) {
  NamedTensors out;
  for (size_t i = 0; i < from.size(); ++i) {
    const auto& a = graph.node(graph.inputs()[i]).as<InputAttrs>();
    Tensor t(a.type.dtype, nnc::evaluate(a.type.shape, sizes));
    if (!t.bytes().empty()) std::memcpy(t.bytes().data(), from[i], t.bytes().size());
    out.insert_or_assign(a.name, std::move(t));
  }
  return out;
}

}  // namespace

void Trainer::require_sound_loss(double loss) {
  if (std::isfinite(loss)) return;
  std::string name = "of the last finite step";
  std::vector<std::string> notes = {"a smaller learning rate often helps: --set train.lr=...",
                                    "--check=nan says which op it comes from"};
  if (!sound_.as_sound(weights())) {
    name = sound_.name();
    set_weights(sound_.weights());
    notes.insert(notes.begin(), "a gradient before it was not finite and spoilt the weights");
  }
  throw NotFinite(fmt::format("the loss is {} in epoch {}, step {}", plain_number(loss), position_.epoch,
                              position_.step + 1),
                  std::move(name), std::move(notes));
}

void Trainer::keep_sound(const std::string& name) {
  require_sound();
  sound_.keep(weights(), name, position_.total_steps);
}

void Trainer::require_sound() {
  if (is_sound()) return;
  set_weights(sound_.weights());
  throw NotFinite(fmt::format("the weights are no longer finite in epoch {}", position_.epoch), sound_.name(),
                  {"a gradient of a finite loss was NaN or infinite: --check=nan says where"});
}

// The state from before comes back whole, whatever the step did to it.
void Trainer::require_sound_step(double loss, int64_t samples) {
  std::string spoilt = first_spoilt(state_, before_);
  if (std::isfinite(loss) && spoilt.empty()) return;
  const Bindings& sizes = with_batch(step_sizes_, samples);
  std::optional<NonFinite> origin =
      find_non_finite(step_, tensors_of(step_, step_inputs_, sizes), before_, sizes);
  for (auto& [path, tensor] : state_) std::ranges::copy(before_.at(path).bytes(), tensor.bytes().begin());
  std::string what = std::isfinite(loss) ? fmt::format("'{}' is no longer finite", spoilt)
                                         : fmt::format("the loss is {}", plain_number(loss));
  throw NotFinite(fmt::format("{} in epoch {}, step {}", what, position_.epoch, position_.step + 1),
                  "of the last finite step",
                  {origin ? origin->str()
                          : "the interpreter, which rounds otherwise, finds every value of this step finite"},
                  origin);
}

}  // namespace nnc
