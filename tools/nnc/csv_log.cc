#include "tools/nnc/csv_log.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>

#include <fmt/format.h>

#include "ir/error.h"
#include "runtime/file.h"

namespace nnc::tool {
namespace {

constexpr std::string_view kBegin = "epoch,loss,";

// NaN and infinities are words that readers of CSV know; JSON has none for them.
std::string cell(const nlohmann::ordered_json& value) {
  return value.is_number_float() ? fmt::format("{}", value.get<double>()) : csv_cell(value.dump());
}

std::string header_of(const nlohmann::ordered_json& line) {
  std::string out;
  for (const auto& [name, value] : line.items()) out += (out.empty() ? "" : ",") + csv_cell(name);
  return out + "\n";
}

std::string row_of(const nlohmann::ordered_json& line) {
  std::string out;
  for (const auto& value : line) out += (out.empty() ? "" : ",") + cell(value);
  return out + "\n";
}

int64_t epoch_of(std::string_view row) {
  int64_t epoch = 0;
  std::from_chars(row.data(), row.data() + row.size(), epoch);
  return epoch;
}

// Where the lines of the epochs to keep end; a last line without its end counts as none.
size_t kept_size(std::string_view text, int64_t keep) {
  size_t end = text.find('\n') + 1;
  for (;;) {
    size_t next = text.find('\n', end);
    if (next == std::string_view::npos || epoch_of(text.substr(end, next - end)) > keep) return end;
    end = next + 1;
  }
}

std::string old_log(const std::string& path) {
  if (!file_exists(path)) return "";
  std::string text = read_file(path);
  if (text.empty() || (text.starts_with(kBegin) && text.find('\n') != std::string::npos)) return text;
  throw Error(fmt::format("{} is there already and is no log of a training run", path),
              {"choose another name for --csv"});
}

}  // namespace

std::string csv_cell(const std::string& text) {
  if (text.find_first_of(",\"\n\r") == std::string::npos) return text;
  std::string out = "\"";
  for (char c : text) out += c == '"' ? "\"\"" : std::string(1, c);
  return out + "\"";
}

CsvLog::CsvLog(std::string path, int64_t keep) : path_(std::move(path)), lock_(path_) {
  std::string text = old_log(path_);
  if (keep > 0 && !text.empty()) {
    header_ = text.substr(0, text.find('\n') + 1);
    size_ = static_cast<int64_t>(kept_size(text, keep));
  }
  fd_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (fd_ < 0 || ::ftruncate(fd_, size_) != 0) {
    throw Error(fmt::format("{}: cannot write: {}", path_, std::strerror(errno)));
  }
}

CsvLog::~CsvLog() {
  if (fd_ >= 0) ::close(fd_);
}

void CsvLog::add(const nlohmann::ordered_json& line) {
  std::string header = header_of(line);
  if (header_.empty()) {
    append(header);
    header_ = header;
  }
  if (header != header_) {
    throw Error(fmt::format("{} has other columns than this run", path_), {"choose another name for --csv"});
  }
  append(row_of(line));
}

// A disk that is full takes a part of a line, which must not stay.
void CsvLog::append(const std::string& text) {
  ssize_t written = ::write(fd_, text.data(), text.size());
  if (written == static_cast<ssize_t>(text.size())) {
    size_ += written;
    return;
  }
  std::string cause = written < 0 ? std::strerror(errno) : "the disk is full";
  if (::ftruncate(fd_, size_) != 0)
    cause += fmt::format("; its last line is broken: {}", std::strerror(errno));
  throw Error(fmt::format("{}: cannot write: {}", path_, cause));
}

}  // namespace nnc::tool
