// Calls in a train block whose arguments are known before the run, such as `clip norm(1)` and
// `schedule cosine(T_max = 100)`. What a key can call is a table of rows; binding, defaults, messages and settings
// from outside follow from a row's signature (ir/layers.h says how one is written).
#pragma once

#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "ir/graph.h"

namespace nnc {

/// int, real, flag, text, ints, texts; monostate is `none`.
using CallArg = std::variant<std::monostate, int64_t, double, bool, std::string, std::vector<int64_t>,
                             std::vector<std::string>>;

struct CallSpec {
  std::string name;
  std::vector<std::pair<std::string, CallArg>> args;  // all of the row's, in the signature's order
  Loc loc;

  /// The argument, which the row has and which is of that type.
  int64_t integer(std::string_view arg) const { return get<int64_t>(arg); }
  const std::vector<int64_t>& integers(std::string_view arg) const { return get<std::vector<int64_t>>(arg); }
  double real(std::string_view arg) const { return get<double>(arg); }
  bool flag(std::string_view arg) const { return get<bool>(arg); }
  const std::string& text(std::string_view arg) const { return get<std::string>(arg); }
  bool has(std::string_view arg) const;
  const std::vector<std::string>& texts(std::string_view arg) const {
    return get<std::vector<std::string>>(arg);
  }
  bool given(std::string_view arg) const { return !std::holds_alternative<std::monostate>(at(arg)); }
  const CallArg& at(std::string_view arg) const;
  CallArg& at(std::string_view arg);

  /// `cosine(T_max = 100, eta_min = 0)`: equal texts mean the same.
  std::string str() const;

 private:
  template <class T>
  const T& get(std::string_view arg) const {
    return std::get<T>(at(arg));
  }
};

/// What every row of such a table begins with.
struct CallRow {
  std::string_view name, signature;
  std::string (*check)(const CallSpec&);  // what is wrong with the values; empty where nothing is
  std::string_view doc;
};

/// For checks: empty, or what is wrong with that number or text. An argument that is not given is right.
std::string above_zero(const CallSpec& call, std::string_view arg);
std::string at_least(const CallSpec& call, std::string_view arg, double least);
std::string within(const CallSpec& call, std::string_view arg, double least, double most);
std::string one_of(const CallSpec& call, std::string_view arg,
                   std::initializer_list<std::string_view> choices);
/// The first of them that is not empty.
std::string first_fault(std::initializer_list<std::string> faults);

/// `calls` as one text.
std::string str(std::span<const CallSpec> calls);

}  // namespace nnc
