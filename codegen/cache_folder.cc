#include "codegen/cache_folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <memory>

#include <fmt/format.h>

namespace nnc {
namespace {

constexpr std::string_view kEntrySuffix = ".o", kUnfinishedSuffix = ".part";
constexpr size_t kKeyDigits = 64;
constexpr int64_t kSecond = 1'000'000'000, kHour = 3600 * kSecond;

int64_t nanoseconds(const timespec& t) { return t.tv_sec * kSecond + t.tv_nsec; }

int64_t now() {
  timespec t;
  clock_gettime(CLOCK_REALTIME, &t);
  return nanoseconds(t);
}

bool is_digit(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

// Our own files begin with a key and end as we end them; whatever else lies there is somebody's.
bool is_ours(std::string_view name, std::string_view suffix) {
  return name.size() >= kKeyDigits + suffix.size() && name.ends_with(suffix) &&
         std::all_of(name.begin(), name.begin() + kKeyDigits, is_digit) && name[kKeyDigits] == '.';
}

std::vector<CacheFile> files_ending(const std::string& folder, std::string_view suffix) {
  std::vector<CacheFile> out;
  std::unique_ptr<DIR, int (*)(DIR*)> dir(opendir(folder.c_str()), closedir);
  if (!dir) return out;
  while (const dirent* e = readdir(dir.get())) {
    struct stat s;
    if (!is_ours(e->d_name, suffix) || fstatat(dirfd(dir.get()), e->d_name, &s, AT_SYMLINK_NOFOLLOW) != 0)
      continue;
    if (S_ISREG(s.st_mode)) out.push_back({e->d_name, int64_t{s.st_blocks} * 512, nanoseconds(s.st_mtim)});
  }
  return out;
}

bool remove(const std::string& folder, const CacheFile& file) {
  return unlink(fmt::format("{}/{}", folder, file.name).c_str()) == 0;
}

}  // namespace

std::string open_cache_folder(const std::string& folder) {
  if (folder.empty()) return "it is switched off";
  std::error_code error;
  std::filesystem::path path(folder);
  if (path.has_parent_path()) std::filesystem::create_directories(path.parent_path(), error);
  if (mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) return std::strerror(errno);
  struct stat s;
  if (stat(folder.c_str(), &s) != 0) return std::strerror(errno);
  if (!S_ISDIR(s.st_mode)) return "it is no folder";
  if (s.st_uid != geteuid()) return "it belongs to another user";
  if ((s.st_mode & (S_IWGRP | S_IWOTH)) != 0) return "other users may write to it";
  return "";
}

std::vector<CacheFile> cache_files(const std::string& folder) {
  std::vector<CacheFile> files = files_ending(folder, kEntrySuffix);
  std::sort(files.begin(), files.end(),
            [](const CacheFile& a, const CacheFile& b) { return a.last_used > b.last_used; });
  return files;
}

void trim_cache(const std::string& folder, int64_t max_bytes) {
  int64_t total = 0;
  for (const CacheFile& file : cache_files(folder)) {
    total += file.bytes;
    if (total > max_bytes) remove(folder, file);
  }
  int64_t dead = now() - kHour;
  for (const CacheFile& file : files_ending(folder, kUnfinishedSuffix)) {
    if (file.last_used < dead) remove(folder, file);
  }
}

size_t clear_cache(const std::string& folder) {
  for (const CacheFile& file : files_ending(folder, kUnfinishedSuffix)) remove(folder, file);
  std::vector<CacheFile> files = cache_files(folder);
  return static_cast<size_t>(
      std::count_if(files.begin(), files.end(), [&](const CacheFile& f) { return remove(folder, f); }));
}

std::string entry_name(std::string_view key) { return fmt::format("{}{}", key, kEntrySuffix); }

// No two writers share a file: neither processes, nor threads of one.
std::string unfinished_name(std::string_view key) {
  static std::atomic<uint64_t> count = 0;
  return fmt::format("{}.{}.{}{}", key, getpid(), count++, kUnfinishedSuffix);
}

}  // namespace nnc
