// The layers a model file can call, one row each: name, signature, function, one line of documentation. A
// layer costs a composite and a row here; binding arguments, defaults and messages follow from the signature.
#pragma once

#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "ir/net.h"

namespace nnc {

/// What an argument is in the file, and the alternative of ArgValue the layer gets.
enum class ArgKind : uint8_t {
  Tensor,   // Value; a number becomes a scalar of the first tensor's type, a list of numbers a vector
  Tensors,  // std::vector<Value>: every positional argument from here on
  Size,     // Dim: a number or a symbol
  Sizes,    // Shape: a list of sizes
  Int,      // int64_t
  Ints,     // std::vector<int64_t>: one number or a list
  Real,     // double
  Flag,     // bool
  Type,     // DType
  Text,     // std::string
  Init,     // Init: a call of an initialiser, or a number
  Texts,    // std::vector<std::string>: every positional argument from here on
};
using ArgValue =
    std::variant<std::monostate, Value, std::vector<Value>, Dim, Shape, int64_t, std::vector<int64_t>, double,
                 bool, DType, std::string, Init, std::vector<std::string>>;

struct LayerArg {
  std::string name;
  ArgKind kind;
  bool required;
  ArgValue fallback;  // monostate where the default is `none`
};

/// "x: tensor, out: size, bias: flag = true" as arguments. The text is a row's, and well-formed.
std::vector<LayerArg> parse_signature(std::string_view text);
/// The same as people write it: "x, out, bias = true".
std::string plain_signature(std::string_view text);
std::string_view name_of(ArgKind kind);

/// A call with its arguments bound to the signature.
class LayerCall {
 public:
  LayerCall(Net& net, const std::vector<LayerArg>& signature, const std::vector<ArgValue>& values)
      : net(net), signature_(signature), values_(values) {}

  Net& net;
  Builder& b() const { return net.b(); }
  Value tensor(std::string_view name) const { return get<Value>(name); }
  const std::vector<Value>& tensors(std::string_view name) const { return get<std::vector<Value>>(name); }
  Dim size(std::string_view name) const { return get<Dim>(name); }
  const Shape& sizes(std::string_view name) const { return get<Shape>(name); }
  int64_t integer(std::string_view name) const { return get<int64_t>(name); }
  double real(std::string_view name) const { return get<double>(name); }
  bool flag(std::string_view name) const { return get<bool>(name); }
  DType dtype(std::string_view name) const { return get<DType>(name); }
  const std::string& text(std::string_view name) const { return get<std::string>(name); }
  /// Which of `choices` the text is. Throws Error, listing them, for one that is not among them.
  size_t choice(std::string_view name, std::initializer_list<std::string_view> choices) const;
  /// Nothing where the argument is `none`.
  std::optional<Value> tensor_or_none(std::string_view name) const { return optional<Value>(name); }
  std::optional<double> real_or_none(std::string_view name) const { return optional<double>(name); }
  std::optional<int64_t> integer_or_none(std::string_view name) const { return optional<int64_t>(name); }
  std::optional<Init> init_or_none(std::string_view name) const { return optional<Init>(name); }
  /// Empty where the argument is `none`.
  std::vector<int64_t> integers(std::string_view name) const {
    return given(name) ? get<std::vector<int64_t>>(name) : std::vector<int64_t>();
  }
  bool given(std::string_view name) const { return !std::holds_alternative<std::monostate>(at(name)); }

 private:
  const ArgValue& at(std::string_view name) const;
  template <class T>
  const T& get(std::string_view name) const {
    return std::get<T>(at(name));
  }
  template <class T>
  std::optional<T> optional(std::string_view name) const {
    return given(name) ? std::optional<T>(get<T>(name)) : std::nullopt;
  }
  const std::vector<LayerArg>& signature_;
  const std::vector<ArgValue>& values_;
};

struct LayerRow {
  std::string_view name;
  std::string_view signature;
  std::vector<Value> (*build)(const LayerCall&);
  std::string_view doc;
};

/// Layers and losses.
std::span<const LayerRow> all_layers();
std::span<const LayerRow> loss_rows();
const LayerRow* find_layer(std::string_view name);

}  // namespace nnc
