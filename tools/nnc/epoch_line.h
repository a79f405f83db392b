// An epoch as one line: what --json prints and --csv keeps have the same columns in the same order.
#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "runtime/trainer.h"

namespace nnc::tool {

/// Every column by name: "epoch", "loss", the metrics, "val_…", "test_…", then what the epoch took.
nlohmann::ordered_json epoch_line(const EpochReport& report, const CompileStats& stats);

/// "epoch 3/8  loss 0.1  accuracy 0.97  0.42 s  1.23 ms/step": a line that needs no header.
std::string epoch_text(const EpochReport& report, int64_t epochs);

}  // namespace nnc::tool
