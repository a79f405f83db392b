#include "codegen/cache_options.h"

#include <charconv>
#include <cstdlib>
#include <string_view>

#include <fmt/format.h>

#include "ir/error.h"

namespace nnc {
namespace {

std::string_view variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string_view() : value;
}

// The XDG base directory specification: a relative path is to be ignored.
bool is_absolute(std::string_view path) { return path.starts_with('/'); }

std::string folder_from_environment() {
  std::string_view own = variable("NNC_CACHE_DIR"), xdg = variable("XDG_CACHE_HOME"), home = variable("HOME");
  if (!own.empty() && !is_absolute(own))
    throw Error(fmt::format("NNC_CACHE_DIR must be an absolute path, not '{}'", own));
  if (!own.empty()) return std::string(own);
  if (is_absolute(xdg)) return fmt::format("{}/nnc", xdg);
  if (is_absolute(home)) return fmt::format("{}/.cache/nnc", home);
  return "";
}

bool switched_off() {
  std::string_view value = variable("NNC_CACHE");
  if (value.empty() || value == "on") return false;
  if (value == "off") return true;
  throw Error(fmt::format("NNC_CACHE is 'on' or 'off', not '{}'", value));
}

int64_t size_from_environment(int64_t otherwise) {
  std::string_view text = variable("NNC_CACHE_MIB");
  if (text.empty()) return otherwise;
  int64_t mib = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), mib);
  bool whole = error == std::errc() && end == text.data() + text.size();
  if (!whole || mib < 0 || mib > int64_t{1} << 40)
    throw Error(fmt::format("NNC_CACHE_MIB is a number of MiB, not '{}'", text));
  return mib << 20;
}

}  // namespace

CacheOptions CacheOptions::from_environment() {
  if (switched_off()) return {};
  CacheOptions out;
  out.folder = folder_from_environment();
  out.max_bytes = size_from_environment(out.max_bytes);
  return out;
}

}  // namespace nnc
