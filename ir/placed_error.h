// A user's mistake that shows only after the model file was read, at the place in it that has to change. Who knows the file
// shows it as a diagnostic; elsewhere it is an Error like others.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "ir/diagnostic_codes.h"
#include "ir/error.h"
#include "ir/graph.h"

namespace nnc {

class PlacedError : public Error {
 public:
  PlacedError(DiagnosticCode code, Loc loc, const std::string& message, std::vector<std::string> notes = {})
      : Error(message, std::move(notes)), code_(code), loc_(loc) {}

  DiagnosticCode code() const { return code_; }
  Loc loc() const { return loc_; }

 private:
  DiagnosticCode code_;
  Loc loc_;
};

}  // namespace nnc
