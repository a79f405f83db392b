// The exception for everything a user can get wrong. Text says what is wrong; `notes` say where else to look
// and what to do. Internal invariants are asserted instead and never reach a user as an Error.
#pragma once

#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace nnc {

class Error : public std::runtime_error {
 public:
  explicit Error(const std::string& message, std::vector<std::string> notes = {})
      : std::runtime_error(message), notes_(std::move(notes)) {}
  const std::vector<std::string>& notes() const { return notes_; }

 private:
  std::vector<std::string> notes_;
};

}  // namespace nnc
