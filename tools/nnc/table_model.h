// A model file for a table, with comments that say what was guessed and how to change it.
#pragma once

#include <string>
#include <vector>

#include "tools/nnc/table_guess.h"

namespace nnc::tool {

/// Where the table is, as the model file will say it, and what stands for no value in it.
struct TableFile {
  std::string path;        // relative to the model file
  std::string model_path;  // the model file itself, for the commands in its comments
  std::vector<std::string> missing;
};

std::string table_model(const TableGuess& guess, const TableFile& file);

}  // namespace nnc::tool
