// Reading and writing whole files, with errors that name the path and the cause. A written file appears
// complete under its name or not at all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace nnc {

/// A regular file open for reading. Throws Error when there is no such file, it is a folder, or it cannot be
/// read.
class InputFile {
 public:
  explicit InputFile(std::string path);
  ~InputFile();
  InputFile(const InputFile&) = delete;
  InputFile& operator=(const InputFile&) = delete;

  const std::string& path() const { return path_; }
  int64_t size() const { return size_; }
  int descriptor() const { return fd_; }
  /// Fills `into` from `offset`; an Error when the file ends before.
  void read_at(int64_t offset, std::span<std::byte> into) const;

 private:
  std::string path_;
  int fd_ = -1;
  int64_t size_ = 0;
};

/// The path in the same folder whose name is most like this one's, if one is.
std::optional<std::string> nearest_name(const std::string& path);
/// What helps where nothing has the name: the folder that is missing too, or the name there that is most like it.
std::string about_missing(const std::string& path);
bool file_exists(const std::string& path);
/// `path` as seen from `folder`; absolute paths stay, and so do all when `folder` is empty.
std::string join_path(const std::string& folder, const std::string& path);

std::string read_file(const std::string& path);
/// The same, unpacked where the content is gzip. Refuses content that grows more than a hundredfold.
std::string read_file_or_gzip(const std::string& path);

/// Writes the parts one after the other to a new file beside `path`, syncs it, renames it to `path` and syncs
/// the folder. On any Error nothing under `path` has changed and the new file is gone.
void write_file_atomically(const std::string& path, std::span<const std::string_view> parts);

/// Removes what a process that died while writing `path` left beside it. Only who alone writes `path` may call it.
void remove_unfinished(const std::string& path);

inline std::string_view as_text(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace nnc
