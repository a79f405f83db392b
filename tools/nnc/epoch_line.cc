#include "tools/nnc/epoch_line.h"

#include <fmt/format.h>

#include "tools/nnc/measures_text.h"

namespace nnc::tool {

nlohmann::ordered_json epoch_line(const EpochReport& r, const CompileStats& stats) {
  nlohmann::ordered_json line{{"epoch", r.epoch}};
  add_measures(line, r.train);
  add_measures(line, r.validation, "val_");
  add_measures(line, r.test, "test_");
  line["lr"] = r.learning_rate;
  line["seconds"] = r.seconds;
  line["ms_per_step"] = r.ms_per_step;
  line["steps"] = r.steps;
  line["kernels_compiled"] = stats.kernels;
  line["kernels_cached"] = stats.cached;
  line["compile_ms"] = stats.seconds * 1e3;
  return line;
}

std::string epoch_number(int64_t epoch, int64_t epochs) {
  return epochs == kEndless ? std::to_string(epoch) : fmt::format("{}/{}", epoch, epochs);
}

size_t epoch_width(int64_t epochs) { return epochs == kEndless ? 0 : epoch_number(epochs, epochs).size(); }

std::string epoch_text(const EpochReport& r, int64_t epochs) {
  std::string line = fmt::format("epoch {:>{}}", epoch_number(r.epoch, epochs), epoch_width(epochs));
  const std::pair<const char*, const std::vector<Measure>*> parts[] = {
      {"", &r.train}, {"val_", &r.validation}, {"test_", &r.test}};
  for (const auto& [prefix, measures] : parts) {
    for (const Measure& m : *measures) {
      if (m.has_value) line += fmt::format("  {}{} {:.6g}", prefix, m.name, m.value);
    }
  }
  return fmt::format("{}  {:.2f} s  {:.3f} ms/step", line, r.seconds, r.ms_per_step);
}

}  // namespace nnc::tool
