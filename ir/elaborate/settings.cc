#include "ir/elaborate/settings.h"

#include <cctype>
#include <cerrno>
#include <cstdlib>

#include <fmt/format.h>

namespace nnc {
namespace {

// strtod alone would also take "inf", "nan" and "0x10", which no file can say.
Val parse_value(const std::string& text) {
  if (text == "true" || text == "false") return {text == "true", {}};
  bool numeric = text.find_first_not_of("0123456789.eE+-") == std::string::npos && !text.empty();
  char* end = nullptr;
  errno = 0;
  long long integer = std::strtoll(text.c_str(), &end, 10);
  if (numeric && *end == 0 && errno == 0) return {Dim(integer), {}};
  double real = std::strtod(text.c_str(), &end);
  if (numeric && *end == 0) return {real, {}};
  return {text, {}};
}

}  // namespace

Settings::Settings(const Overrides& overrides, Diagnostics& diagnostics) : diag_(diagnostics) {
  for (const std::string& o : overrides) {
    size_t equals = o.find('=');
    if (equals == std::string::npos || equals == 0) {
      diag_.error("bad-setting", {}, fmt::format("the setting '{}' is not of the form name=value", o));
    } else {
      all_.push_back({o.substr(0, equals), o.substr(equals + 1)});
    }
  }
}

std::optional<Val> Settings::find(const std::string& path) {
  asked_.insert(path);
  std::optional<Val> out;
  for (Setting& s : all_) {
    if (s.path != path) continue;
    s.known = true;
    out = parse_value(s.text);
  }
  return out;
}

void Settings::report_unknown() {
  for (const Setting& s : all_) {
    if (s.known) continue;
    diag_
        .error("unknown-setting", {}, fmt::format("nothing is called '{}' here, so it cannot be set", s.path))
        .suggest(s.path, {asked_.begin(), asked_.end()});
  }
}

}  // namespace nnc
