// The text of a CSV file (RFC 4180) cut into records of cells. Quotes, doubled quotes, CRLF and a byte order
// mark are understood, and semicolons or tabs in place of commas; lines are counted so that every later message can
// name one.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace nnc {

/// Cells of all records, one after the other; they point into the text that was cut.
struct CsvCells {
  size_t columns = 0;
  std::vector<std::string_view> cells;  // records * columns, the header first
  std::vector<uint32_t> lines;          // of each record, from 1

  size_t records() const { return lines.size(); }
  std::string_view at(size_t record, size_t column) const { return cells[record * columns + column]; }
};

/// Unescapes `text` in place. Blank lines are skipped. Throws Error naming path:line when a record has not as
/// many cells as the first, a quote is not closed, or something follows a closing quote.
CsvCells cut_csv(std::string& text, const std::string& path);

}  // namespace nnc
