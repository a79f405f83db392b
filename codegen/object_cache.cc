// An entry is a header, the name of a kernel and the object. The header is in this machine's byte order: entries of
// other machines have other keys.
#include "codegen/object_cache.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstring>
#include <utility>

#include "codegen/cache_folder.h"

namespace nnc {
namespace {

constexpr std::string_view kMagic = "nncobj1\n";
constexpr int64_t kLargestEntry = int64_t{64} << 20;  // far above any kernel: a damaged size is not believed

struct Header {
  char magic[8];
  Digest key, checksum;  // the checksum is of the name and the object
  uint64_t name_bytes, object_bytes;
};

struct Entry {
  std::string name, object;
};

class File {
 public:
  File(const std::string& path, int flags) : fd_(open(path.c_str(), flags | O_CLOEXEC, 0600)) {}
  ~File() {
    if (fd_ >= 0) close(fd_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  bool is_open() const { return fd_ >= 0; }
  void touch() const { futimens(fd_, nullptr); }

  std::optional<std::string> read_all() const {
    struct stat s;
    if (fstat(fd_, &s) != 0 || !S_ISREG(s.st_mode) || s.st_size > kLargestEntry) return std::nullopt;
    std::string bytes(static_cast<size_t>(s.st_size), '\0');
    size_t done = 0;
    while (done < bytes.size()) {
      ssize_t n = read(fd_, bytes.data() + done, bytes.size() - done);
      if (n <= 0) return std::nullopt;
      done += static_cast<size_t>(n);
    }
    return bytes;
  }

  bool write_all(std::string_view bytes) const {
    while (!bytes.empty()) {
      ssize_t n = write(fd_, bytes.data(), bytes.size());
      if (n <= 0) return false;
      bytes.remove_prefix(static_cast<size_t>(n));
    }
    return true;
  }

 private:
  int fd_;
};

std::string encoded(const Digest& key, std::string_view name, std::string_view object) {
  Header header{{}, key, digest_of({name, object}), name.size(), object.size()};
  std::memcpy(header.magic, kMagic.data(), sizeof header.magic);
  std::string bytes(reinterpret_cast<const char*>(&header), sizeof header);
  return bytes.append(name).append(object);
}

std::optional<Header> header_of(std::string_view bytes) {
  Header h;
  if (bytes.size() < sizeof h) return std::nullopt;
  std::memcpy(&h, bytes.data(), sizeof h);
  size_t rest = bytes.size() - sizeof h;
  bool whole = h.name_bytes <= rest && h.object_bytes == rest - h.name_bytes;
  if (!whole || std::string_view(h.magic, sizeof h.magic) != kMagic) return std::nullopt;
  return h;
}

std::optional<Entry> decoded(const std::string& bytes, const Digest& key) {
  std::optional<Header> h = header_of(bytes);
  if (!h || h->key != key) return std::nullopt;
  std::string_view body = std::string_view(bytes).substr(sizeof *h);
  std::string_view name = body.substr(0, h->name_bytes), object = body.substr(h->name_bytes);
  if (digest_of({name, object}) != h->checksum) return std::nullopt;
  return Entry{std::string(name), std::string(object)};
}

}  // namespace

ObjectCache::ObjectCache(CacheOptions options)
    : options_(std::move(options)), trouble_(open_cache_folder(options_.folder)) {}

ObjectCache::~ObjectCache() {
  if (added_ > 0) trim();
}

std::optional<std::string> ObjectCache::load(const Digest& key) const {
  if (!trouble_.empty()) return std::nullopt;
  File file(path(entry_name(hex(key))), O_RDONLY);
  if (!file.is_open()) return std::nullopt;
  std::optional<std::string> bytes = file.read_all();
  std::optional<Entry> entry = bytes ? decoded(*bytes, key) : std::nullopt;
  if (!entry) return std::nullopt;
  file.touch();
  return std::move(entry->object);
}

void ObjectCache::store(const Digest& key, std::string_view name, std::string_view object) {
  if (!trouble_.empty()) return;
  std::string bytes = encoded(key, name, object), digits = hex(key), aside = path(unfinished_name(digits));
  if (static_cast<int64_t>(bytes.size()) > options_.max_bytes) return;
  bool written = false;
  {
    File file(aside, O_WRONLY | O_CREAT | O_EXCL);
    if (!file.is_open()) return;
    written = file.write_all(bytes);
  }
  if (!written || rename(aside.c_str(), path(entry_name(digits)).c_str()) != 0) {
    unlink(aside.c_str());
    return;
  }
  // A process that lives long must not wait for its end to make room.
  if ((added_ += static_cast<int64_t>(bytes.size())) > options_.max_bytes / 8) trim();
}

void ObjectCache::trim() {
  added_ = 0;
  trim_cache(options_.folder, options_.max_bytes);
}

std::vector<CacheEntry> cache_entries(const std::string& folder) {
  std::vector<CacheEntry> out;
  for (const CacheFile& f : cache_files(folder)) {
    File file(folder + "/" + f.name, O_RDONLY);
    std::optional<std::string> bytes = file.is_open() ? file.read_all() : std::nullopt;
    std::optional<Header> h = bytes ? header_of(*bytes) : std::nullopt;
    if (!h) continue;
    out.push_back(
        {hex(h->key), bytes->substr(sizeof *h, h->name_bytes), f.bytes, f.last_used / 1'000'000'000});
  }
  return out;
}

}  // namespace nnc
