// `.nn` text to tokens. There is no newline token: a token knows whether it is the first of its line, and the
// parser decides where that ends a statement.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ir/diagnostics.h"

namespace nnc {

struct Token {
  /// Name: letters, digits and `_`, parts joined by dots (`h.linear.weight`, `blocks.3.w`). Bad: reported
  /// already.
  enum class Kind : uint8_t { Name, Int, Float, String, Punct, Bad, End };
  Kind kind = Kind::End;
  std::string_view text;  // as written
  Loc loc;
  bool first_on_line = false;

  bool is(std::string_view punct) const { return kind == Kind::Punct && text == punct; }
  bool is_name(std::string_view name) const { return kind == Kind::Name && text == name; }
};

/// Text that is no model at all is given up after this many errors.
inline constexpr size_t kMaxSyntaxErrors = 100;
/// Bytes; keeps the memory for tokens in bounds.
inline constexpr size_t kMaxSource = size_t{4} << 20;

/// The tokens of the source of `diagnostics`; the last is End. What is no token is reported.
std::vector<Token> tokenize(Diagnostics& diagnostics);

/// What a String token stands for: quotes removed, \n \t \r \" \\ \xHH replaced. Nothing when an escape is
/// wrong.
std::optional<std::string> unquote(std::string_view text);
/// The opposite: a String token for any bytes.
std::string quote(std::string_view value);
/// Is `text` one Name token?
bool is_name(std::string_view text);

}  // namespace nnc
