// An epoch as one line: what --json prints and --csv keeps have the same columns in the same order.
#pragma once

#include <string>

#include <nlohmann/json.hpp>

#include "runtime/trainer.h"

namespace nnc::tool {

/// Every column by name: "epoch", "loss", the metrics, "val_…", "test_…", then what the epoch took.
nlohmann::ordered_json epoch_line(const EpochReport& report, const CompileStats& stats);

/// "3/8", or "3" where the number of epochs is endless; and the most characters it takes, where that is known.
std::string epoch_number(int64_t epoch, int64_t epochs);
size_t epoch_width(int64_t epochs);

/// "epoch 3/8  loss 0.1  accuracy 0.97  0.42 s  1.23 ms/step": a line that needs no header.
std::string epoch_text(const EpochReport& report, int64_t epochs);

}  // namespace nnc::tool
