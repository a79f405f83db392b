// Settings from outside the file ("train.lr=3e-4"). Elaboration asks for the paths it knows; what nobody
// asked for is an unknown setting.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "ir/diagnostics.h"
#include "ir/elaborate/value.h"
#include "ir/module.h"

namespace nnc {

class Settings {
 public:
  Settings(const Overrides& overrides, Diagnostics& diagnostics);

  /// The value given for `path`: a number, true, false, or else text. The last of several wins.
  std::optional<Val> find(const std::string& path);
  /// Reports every setting that no find() asked for.
  void report_unknown();

 private:
  struct Setting {
    std::string path, text;
    bool known = false;
  };
  Diagnostics& diag_;
  std::vector<Setting> all_;
  std::set<std::string> asked_;
};

}  // namespace nnc
