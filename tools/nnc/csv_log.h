// The log of a training run as CSV: a header and a line per epoch. A line is written whole, by one write; a run that goes
// on from a checkpoint goes on with the file, less the epochs it will write again.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "runtime/file_lock.h"

namespace nnc::tool {

/// The text as a cell: in quotes where it has a comma, a quote or a new line (RFC 4180).
std::string csv_cell(const std::string& text);

class CsvLog {
 public:
  /// Keeps the lines of epochs 1 to `keep` of a file that is there (0: begins anew) and drops the others. Throws Error for
  /// a file that is no such log, so that no other table is lost, and when another run writes it.
  CsvLog(std::string path, int64_t keep);
  ~CsvLog();
  CsvLog(const CsvLog&) = delete;
  CsvLog& operator=(const CsvLog&) = delete;

  /// Appends the epoch. Its columns are those of the header, which the first line of a new file makes.
  void add(const nlohmann::ordered_json& line);

 private:
  void append(const std::string& text);

  std::string path_, header_;
  FileLock lock_;
  int fd_ = -1;
  int64_t size_ = 0;
};

}  // namespace nnc::tool
