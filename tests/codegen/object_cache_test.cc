#include "codegen/object_cache.h"

#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>
#include <sstream>
#include <thread>

#include <gtest/gtest.h>

#include "codegen/build_id.h"
#include "codegen/cache_folder.h"
#include "codegen/jit.h"
#include "ir/error.h"
#include "tests/codegen/run_kernel.h"

namespace nnc {
namespace {

namespace fs = std::filesystem;

class Cache : public testing::Test {
 protected:
  Cache() {
    std::string pattern = (fs::temp_directory_path() / "nnc_cache_XXXXXX").string();
    root_ = mkdtemp(pattern.data());
  }
  ~Cache() override { fs::remove_all(root_); }

  CacheOptions options(int64_t max_bytes = 1 << 20) const { return {(root_ / "cache").string(), max_bytes}; }
  fs::path file_of(const Digest& key) const { return fs::path(options().folder) / entry_name(hex(key)); }

  fs::path root_;
};

Digest key_of(const std::string& name) { return digest_of({name}); }

std::string read(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

void write(const fs::path& path, const std::string& bytes) { std::ofstream(path, std::ios::binary) << bytes; }

TEST(Digest, TellsPartsApart) {
  EXPECT_EQ(hex(digest_of({"ab", "c"})).size(), 64u);
  EXPECT_EQ(digest_of({"ab", "c"}), digest_of({"ab", "c"}));
  EXPECT_NE(digest_of({"ab", "c"}), digest_of({"a", "bc"}));
  EXPECT_NE(digest_of({"abc"}), digest_of({"abc", ""}));
}

TEST(BuildId, IsThatOfTheLoadedFile) {
  EXPECT_FALSE(build_id_of(reinterpret_cast<const void*>(&key_of)).empty());
  EXPECT_TRUE(build_id_of(nullptr).empty());
}

TEST_F(Cache, KeepsObjectsForLaterUsers) {
  std::string object("\0\1\2object", 9);
  ObjectCache(options()).store(key_of("a"), "h.linear.dot", object);
  ObjectCache again(options());
  EXPECT_EQ(again.trouble(), "");
  EXPECT_EQ(again.load(key_of("a")), object);
  EXPECT_EQ(again.load(key_of("b")), std::nullopt);
  std::vector<CacheEntry> entries = cache_entries(options().folder);
  ASSERT_EQ(entries.size(), 1u);
  EXPECT_EQ(entries[0].key, hex(key_of("a")));
  EXPECT_EQ(entries[0].name, "h.linear.dot");
}

// Whatever happened to a file, it is no entry, and the next store puts a whole one in its place.
TEST_F(Cache, IgnoresAndReplacesWhatIsDamaged) {
  ObjectCache cache(options());
  cache.store(key_of("other"), "other", "another object");
  cache.store(key_of("a"), "name", "the object");
  const std::string whole = read(file_of(key_of("a"))), foreign = read(file_of(key_of("other")));
  auto flipped = [&](size_t at) {
    std::string bytes = whole;
    bytes[at] = static_cast<char>(bytes[at] ^ 0x10);
    return bytes;
  };
  std::vector<std::string> damaged = {
      "", "garbage", whole + "x", whole + whole, foreign, std::string(whole.size(), '\xff')};
  for (size_t n = 0; n < whole.size(); ++n) damaged.push_back(whole.substr(0, n));
  for (size_t n = 0; n < whole.size(); ++n) damaged.push_back(flipped(n));
  for (const std::string& bytes : damaged) {
    write(file_of(key_of("a")), bytes);
    ASSERT_EQ(cache.load(key_of("a")), std::nullopt) << bytes.size();
  }
  EXPECT_LE(cache_entries(options().folder).size(), 2u);
  cache.store(key_of("a"), "name", "the object");
  EXPECT_EQ(cache.load(key_of("a")), "the object");
}

TEST_F(Cache, TheLeastRecentlyUsedGoFirst) {
  auto age = [&](const char* name, int hours) {
    fs::last_write_time(file_of(key_of(name)), fs::file_time_type::clock::now() - std::chrono::hours(hours));
  };
  CacheOptions small = options(3 * 4096);
  ObjectCache cache(small);
  for (const char* name : {"a", "b", "c"}) cache.store(key_of(name), name, name);
  age("a", 30);
  age("b", 20);
  age("c", 10);
  EXPECT_TRUE(cache.load(key_of("a")));  // used just now
  cache.store(key_of("d"), "d", "d");
  write(fs::path(small.folder) / "somebody's.o", std::string(5000, 'x'));
  cache.trim();
  EXPECT_TRUE(cache.load(key_of("a")));
  EXPECT_FALSE(cache.load(key_of("b")));
  EXPECT_TRUE(cache.load(key_of("c")));
  EXPECT_TRUE(cache.load(key_of("d")));
  EXPECT_EQ(clear_cache(small.folder), 3u);
  EXPECT_TRUE(fs::exists(fs::path(small.folder) / "somebody's.o"));
}

TEST_F(Cache, StaysWithinItsSizeWhoeverWrites) {
  CacheOptions small = options(64 * 4096);
  std::vector<pid_t> writers;
  for (int p = 0; p < 4; ++p) {
    pid_t child = fork();
    if (child == 0) {
      ObjectCache cache(small);
      auto work = [&](int t) {
        for (int i = 0; i < 100; ++i) {
          // Half of the keys are written by everybody at once.
          std::string name = std::to_string(i) + (i % 2 ? "" : "/" + std::to_string(4 * p + t));
          std::string object(3000, static_cast<char>(i));
          cache.store(key_of(name), name, object);
          std::optional<std::string> found = cache.load(key_of(name));
          if (found && *found != object) _exit(1);
        }
      };
      std::thread other(work, 1);
      work(2);
      other.join();
      cache.trim();
      _exit(0);
    }
    writers.push_back(child);
  }
  for (pid_t child : writers) {
    int status = 0;
    waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
  }
  trim_cache(small.folder, small.max_bytes);
  std::vector<CacheFile> files = cache_files(small.folder);
  EXPECT_GT(files.size(), 32u);
  EXPECT_LE(files.size(), 64u);
  EXPECT_EQ(cache_entries(small.folder).size(), files.size());
  EXPECT_EQ(static_cast<size_t>(std::distance(fs::directory_iterator(small.folder), {})), files.size());
}

TEST_F(Cache, DoesWithoutAFolderItCannotUse) {
  struct Row {
    const char* what;
    std::function<void(const fs::path&)> make;
  };
  const Row rows[] = {
      {"a file in its place", [](const fs::path& p) { write(p, "x"); }},
      {"a folder others may write to",
       [](const fs::path& p) {
         fs::create_directory(p);
         chmod(p.c_str(), 0777);
       }},
      {"a dangling link", [&](const fs::path& p) { fs::create_symlink(root_ / "absent" / "folder", p); }},
  };
  for (const Row& row : rows) {
    SCOPED_TRACE(row.what);
    fs::remove_all(options().folder);
    row.make(options().folder);
    ObjectCache cache(options());
    EXPECT_NE(cache.trouble(), "");
    cache.store(key_of("a"), "a", "object");
    EXPECT_EQ(cache.load(key_of("a")), std::nullopt);
  }
  EXPECT_NE(ObjectCache(CacheOptions{}).trouble(), "");
  EXPECT_NE(ObjectCache({"/proc/nnc-cache", 1 << 20}).trouble(), "");
}

TEST_F(Cache, IsWhereTheEnvironmentSays) {
  struct Row {
    const char *own, *xdg, *home, *on, *mib;
    std::string folder;
    int64_t max_bytes;
  };
  constexpr int64_t kMiB = 1 << 20;
  const Row rows[] = {
      {"/own", "/xdg", "/home", "", "", "/own", 128 * kMiB},
      {"", "/xdg", "/home", "on", "7", "/xdg/nnc", 7 * kMiB},
      {"", "relative", "/home", "", "", "/home/.cache/nnc", 128 * kMiB},
      {"", "", "", "", "", "", 128 * kMiB},
      {"/own", "/xdg", "/home", "off", "", "", 128 * kMiB},
  };
  const char* names[] = {"NNC_CACHE_DIR", "XDG_CACHE_HOME", "HOME", "NNC_CACHE", "NNC_CACHE_MIB"};
  std::vector<std::optional<std::string>> before;
  for (const char* name : names)
    before.push_back(std::getenv(name) ? std::optional<std::string>(std::getenv(name)) : std::nullopt);
  for (const Row& row : rows) {
    const char* values[] = {row.own, row.xdg, row.home, row.on, row.mib};
    for (int i = 0; i < 5; ++i) setenv(names[i], values[i], 1);
    CacheOptions options = CacheOptions::from_environment();
    EXPECT_EQ(options.folder, row.folder);
    EXPECT_EQ(options.max_bytes, row.max_bytes);
  }
  for (auto [name, value] :
       {std::pair{"NNC_CACHE", "maybe"}, {"NNC_CACHE_MIB", "7M"}, {"NNC_CACHE_DIR", "relative"}}) {
    for (const char* other : names) unsetenv(other);
    setenv(name, value, 1);
    EXPECT_THROW(CacheOptions::from_environment(), Error) << name;
  }
  for (int i = 0; i < 5; ++i) before[i] ? setenv(names[i], before[i]->c_str(), 1) : unsetenv(names[i]);
}

loop::Kernel doubled() {
  return test::map_kernel({DType::F32}, {DType::F32}, 8, [](loop::Builder& b, std::span<const loop::Val> in) {
    return std::vector{b.add(in[0], in[0])};
  });
}

TEST_F(Cache, ASecondSessionCompilesNothing) {
  for (const char* target : {"host", "host", "damaged", "host"}) {
    bool damage = std::string(target) == "damaged", first = cache_files(options().folder).empty();
    for (const CacheFile& f : cache_files(options().folder))
      if (damage) write(fs::path(options().folder) / f.name, "not an object");
    Jit jit(Target::host(), 2, options());
    Tensor x = Tensor::filled({37}, Literal::from_double(DType::F32, 4)), y(DType::F32, {37});
    test::run(jit, doubled(), {&x, &y}, {{"N", 37}});
    EXPECT_EQ(y, Tensor::filled({37}, Literal::from_double(DType::F32, 8)));
    EXPECT_EQ(jit.functions(), 1u);
    EXPECT_EQ(jit.functions_cached(), first || damage ? 0u : 1u);
  }
}

TEST_F(Cache, TargetsDoNotShareObjects) {
  std::vector<std::string> targets = test::testable_targets();
  for (const std::string& name : targets) {
    Jit jit(Target::named(name), 1, options());
    jit.compile(doubled());
    EXPECT_EQ(jit.functions_cached(), 0u) << name;
  }
  EXPECT_EQ(cache_files(options().folder).size(), targets.size());
}

}  // namespace
}  // namespace nnc
