#include "runtime/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <vector>

#include <fmt/format.h>

#include "ir/diagnostics.h"
#include "ir/error.h"
#include "runtime/unpack.h"

namespace nnc {
namespace {

// What a user can do about it.
std::vector<std::string> remedies(int error, const std::string& path) {
  switch (error) {
    case ENOENT:
      return {about_missing(path)};
    case ENOSPC:
      return {"the disk is full: make room on it, or choose a place on another one"};
    case EDQUOT:
      return {"your quota of this disk is used up: remove files, or choose a place on another disk"};
    case EROFS:
      return {"this disk can only be read: choose a place on another one"};
    case EACCES:
      return {"change the permissions, or choose another place"};
  }
  return {};
}

[[noreturn]] void fail(const std::string& path, std::string_view what) {
  int error = errno;
  throw Error(fmt::format("{}: {}: {}", path, what, std::strerror(error)), remedies(error, path));
}

/// Closes the descriptor at the end of its scope.
struct Descriptor {
  int fd;
  ~Descriptor() {
    if (fd >= 0) ::close(fd);
  }
};

std::string folder_of(const std::string& path) {
  std::string folder = std::filesystem::path(path).parent_path().string();
  return folder.empty() ? "." : folder;
}

void write_all(int fd, std::string_view data, const std::string& path) {
  while (!data.empty()) {
    ssize_t n = ::write(fd, data.data(), std::min<size_t>(data.size(), size_t{1} << 30));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail(path, "cannot write");
    data.remove_prefix(static_cast<size_t>(n));
  }
}

void sync_folder(const std::string& folder) {
  Descriptor d{::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)};
  // Some file systems know no sync of a folder; the rename has been done all the same.
  if (d.fd < 0 || (::fsync(d.fd) != 0 && errno != EINVAL)) fail(folder, "cannot sync the folder");
}

/// A file under a temporary name that is deleted unless it has been renamed to its final one.
class NewFile {
 public:
  explicit NewFile(const std::string& path) : path_(path) {
    for (int attempt = 0; attempt < 100; ++attempt) {
      temporary_ = fmt::format("{}.tmp-{}-{}", path, ::getpid(), attempt);
      d_.fd = ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
      if (d_.fd >= 0) return;
      if (errno != EEXIST) break;
    }
    fail(path, "cannot write a file in this folder");
  }
  ~NewFile() {
    if (!done_) ::unlink(temporary_.c_str());
  }

  int fd() const { return d_.fd; }
  void publish() {
    if (::fsync(d_.fd) != 0) fail(path_, "cannot sync");
    if (::rename(temporary_.c_str(), path_.c_str()) != 0)
      fail(path_, "cannot take the finished file's place");
    done_ = true;
  }

 private:
  std::string path_, temporary_;
  Descriptor d_{-1};
  bool done_ = false;
};

}  // namespace

InputFile::InputFile(std::string path) : path_(std::move(path)) {
  fd_ = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd_ < 0) fail(path_, "cannot open");
  struct stat info {};
  bool known = ::fstat(fd_, &info) == 0;
  if (known && S_ISREG(info.st_mode)) {
    size_ = info.st_size;
    return;
  }
  ::close(fd_);
  throw Error(
      fmt::format("{}: {}", path_, known && S_ISDIR(info.st_mode) ? "is a folder" : "is no regular file"));
}

InputFile::~InputFile() { ::close(fd_); }

void InputFile::read_at(int64_t offset, std::span<std::byte> into) const {
  for (size_t done = 0; done < into.size();) {
    size_t most = std::min<size_t>(into.size() - done, size_t{1} << 30);
    ssize_t n = ::pread(fd_, into.data() + done, most, offset + static_cast<int64_t>(done));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail(path_, "cannot read");
    if (n == 0) throw Error(path_ + ": the file ends early");
    done += static_cast<size_t>(n);
  }
}

std::optional<std::string> nearest_name(const std::string& path) {
  std::string folder = folder_of(path), name = std::filesystem::path(path).filename().string();
  std::error_code error;
  std::vector<std::string> names;
  for (std::filesystem::directory_iterator it(folder, error), end; !error && it != end; it.increment(error))
    names.push_back(it->path().filename().string());
  std::ranges::sort(names);
  std::optional<std::string> near = suggest(name, names);
  return near && folder != "." ? join_path(folder, *near) : near;
}

std::string about_missing(const std::string& path) {
  std::string folder = folder_of(path);
  if (auto near = nearest_name(path)) return fmt::format("did you mean '{}'?", *near);
  std::error_code error;
  std::filesystem::directory_iterator readable(folder, error);
  if (error) return fmt::format("the folder '{}' does not exist or cannot be read", folder);
  return fmt::format("the folder '{}' has no such name", folder);
}

bool file_exists(const std::string& path) { return ::access(path.c_str(), F_OK) == 0; }

std::string join_path(const std::string& folder, const std::string& path) {
  return (std::filesystem::path(folder) / path).string();
}

std::string read_file(const std::string& path) {
  InputFile file(path);
  std::string out(static_cast<size_t>(file.size()), '\0');
  file.read_at(0, std::as_writable_bytes(std::span(out)));
  return out;
}

std::string read_file_or_gzip(const std::string& path) {
  constexpr size_t kMostGrowth = 100;
  std::string content = read_file(path);
  if (!content.starts_with("\x1f\x8b")) return content;
  return unpack(content, Packing::Gzip, kMostGrowth * content.size() + 4096, path);
}

void write_file_atomically(const std::string& path, std::span<const std::string_view> parts) {
  NewFile file(path);
  for (std::string_view part : parts) write_all(file.fd(), part, path);
  file.publish();
  sync_folder(folder_of(path));
}

void remove_unfinished(const std::string& path) {
  std::string beginning = std::filesystem::path(path).filename().string() + ".tmp-";
  std::vector<std::filesystem::path> found;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder_of(path), error)) {
    if (entry.path().filename().string().starts_with(beginning)) found.push_back(entry.path());
  }
  for (const std::filesystem::path& p : found) std::filesystem::remove(p, error);
}

}  // namespace nnc
