// nnc cache: what earlier runs compiled, kept on disk for later ones.
#include <ctime>
#include <memory>
#include <numeric>

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "codegen/cache_folder.h"
#include "codegen/object_cache.h"
#include "ir/error.h"
#include "tools/nnc/command.h"

namespace nnc::tool {
namespace {

using Json = nlohmann::ordered_json;

// Every subcommand is about a cache that works; why it does not is the user's to know.
CacheOptions usable_cache() {
  CacheOptions options = CacheOptions::from_environment();
  std::string trouble = open_cache_folder(options.folder);
  if (trouble.empty()) return options;
  if (options.folder.empty()) throw Error("the cache is switched off, by NNC_CACHE or for want of a HOME");
  throw Error(fmt::format("the cache {} cannot be used: {}", options.folder, trouble));
}

void list(bool json) {
  std::vector<CacheEntry> entries = cache_entries(usable_cache().folder);
  if (!json) fmt::print("{:<12} {:>10} {:<19}  {}\n", "key", "bytes", "last used", "kernel");
  for (const CacheEntry& e : entries) {
    std::string used = fmt::format("{:%Y-%m-%d %H:%M:%S}", fmt::localtime(static_cast<time_t>(e.last_used)));
    if (json)
      fmt::print(
          "{}\n",
          Json{{"key", e.key}, {"bytes", e.bytes}, {"last_used", e.last_used}, {"kernel", e.name}}.dump());
    else
      fmt::print("{:<12} {:>10} {}  {}\n", e.key.substr(0, 12), e.bytes, used, e.name);
  }
}

void stat(bool json) {
  CacheOptions options = usable_cache();
  std::vector<CacheFile> files = cache_files(options.folder);
  int64_t bytes = std::accumulate(files.begin(), files.end(), int64_t{0},
                                  [](int64_t sum, const CacheFile& f) { return sum + f.bytes; });
  if (json) {
    fmt::print("{}\n", Json{{"folder", options.folder},
                            {"entries", files.size()},
                            {"bytes", bytes},
                            {"max_bytes", options.max_bytes}}
                           .dump());
    return;
  }
  fmt::print("{}: {} entries, {:.1f} of at most {:.1f} MiB\n", options.folder, files.size(),
             static_cast<double>(bytes) / (1 << 20), static_cast<double>(options.max_bytes) / (1 << 20));
}

void clear(bool json) {
  CacheOptions options = usable_cache();
  size_t removed = clear_cache(options.folder);
  if (json)
    fmt::print("{}\n", Json{{"folder", options.folder}, {"removed", removed}}.dump());
  else
    fmt::print("{}: {} entries removed\n", options.folder, removed);
}

}  // namespace

void add_cache(CLI::App& app) {
  CLI::App* command = add_command(
      app, group::kSetup, "cache", "The compiled kernels that are kept on disk",
      {{"nnc cache stat", "how much there is, and where"},
       {"NNC_CACHE_DIR=/tmp/kernels nnc cache ls", "another folder than $XDG_CACHE_HOME/nnc or ~/.cache/nnc"},
       {"NNC_CACHE=off nnc train examples/digits.nn", "do without; NNC_CACHE_MIB=500 has a larger one"}});
  command->require_subcommand(1);
  auto json = std::make_shared<bool>(false);
  auto add = [&](const char* name, const char* doc, std::vector<Example> examples, void (*run)(bool)) {
    CLI::App* sub = add_command(*command, "Commands", name, doc, examples);
    sub->add_flag("--json", *json, "Print one JSON object a line");
    sub->callback([json, run] { run(*json); });
  };
  add("ls", "Every entry, the most recently used first", {{"nnc cache ls --json", "an object per entry"}},
      list);
  add("stat", "How much there is, and where", {{"nnc cache stat", "folder, entries, bytes"}}, stat);
  add("clear", "Remove every entry", {{"nnc cache clear", "the next run compiles anew"}}, clear);
}

}  // namespace nnc::tool
