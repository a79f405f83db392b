#include "ir/elaborate/arguments.h"

#include <fmt/format.h>

namespace nnc {
namespace {

class ArgumentBinder {
 public:
  ArgumentBinder(Callee callee, const std::vector<LayerArg>& signature, Diagnostics& diag)
      : callee_(callee), signature_(signature), diag_(diag) {
    bound_.values.resize(signature.size());
  }

  Bound bind(const Given& given, Loc call) {
    for (const auto& [arg, val] : given) arg->name.text.empty() ? positional(*arg, val) : named(*arg, val);
    for (size_t i = 0; i < signature_.size(); ++i) {
      // A misspelt argument is the one that is missing.
      if (bound_.failed || !signature_[i].required || !bound_.values[i].empty()) continue;
      error("missing-argument", call, fmt::format("{} needs '{}'", callee_.name, signature_[i].name));
    }
    return std::move(bound_);
  }

 private:
  Diagnostic& error(DiagnosticCode code, Loc loc, std::string message) {
    bound_.failed = true;
    return diag_.error(code, loc, std::move(message)).with_help(callee_.usage());
  }

  void positional(const ast::Arg& arg, const Val& val) {
    if (next_ >= signature_.size()) {
      error("too-many-arguments", arg.value->loc,
            fmt::format("{} takes {} arguments", callee_.name, signature_.size()));
      return;
    }
    bound_.values[next_].emplace_back(&arg, val);
    if (signature_[next_].kind != ArgKind::Tensors && signature_[next_].kind != ArgKind::Texts) ++next_;
  }

  void named(const ast::Arg& arg, const Val& val) {
    std::vector<std::string> names;
    for (size_t i = 0; i < signature_.size(); ++i) {
      names.push_back(signature_[i].name);
      if (names.back() != arg.name.text) continue;
      if (!bound_.values[i].empty()) {
        error("duplicate-argument", arg.name.loc,
              fmt::format("{} gets '{}' twice", callee_.name, arg.name.text));
      }
      bound_.values[i].emplace_back(&arg, val);
      return;
    }
    error("unknown-argument", arg.name.loc,
          fmt::format("{} has no argument '{}'", callee_.name, arg.name.text))
        .suggest(arg.name.text, names);
  }

  const Callee callee_;
  const std::vector<LayerArg>& signature_;
  Diagnostics& diag_;
  Bound bound_;
  size_t next_ = 0;
};

const Dim* size_in(const Val& v) {
  const Dim* d = v.as<Dim>();
  return d && !(d->is_constant() && d->value() < 0) ? d : nullptr;
}

const Dim* integer_in(const Val& v) {
  const Dim* d = v.as<Dim>();
  return d && d->is_constant() ? d : nullptr;
}

ArgValue sizes_in(const Val& v) {
  Shape out;
  for (const Val& item : items_of(v)) {
    if (!size_in(item)) return {};
    out.push_back(*size_in(item));
  }
  return out;
}

ArgValue integers_in(const Val& v) {
  std::vector<int64_t> out;
  for (const Val& item : items_of(v)) {
    if (!integer_in(item)) return {};
    out.push_back(integer_in(item)->value());
  }
  return out.empty() ? ArgValue() : out;
}

ArgValue texts_in(const Val& v) {
  std::vector<std::string> out;
  for (const Val& item : items_of(v)) {
    if (!item.as<std::string>()) return {};
    out.push_back(*item.as<std::string>());
  }
  return out.empty() ? ArgValue() : out;
}

template <class T>
ArgValue given(const T* value) {
  return value ? ArgValue(*value) : ArgValue();
}

}  // namespace

std::string Callee::usage() const { return fmt::format("{}({})", name, signature); }

Bound bind_arguments(const Callee& callee, const std::vector<LayerArg>& signature, const Given& given,
                     Loc call, Diagnostics& diagnostics) {
  return ArgumentBinder(callee, signature, diagnostics).bind(given, call);
}

std::vector<Val> items_of(const Val& v) {
  if (const Many* many = v.as<Many>()) return many->items;
  return {v};
}

ArgValue convert_argument(ArgKind kind, const Val& v) {
  switch (kind) {
    case ArgKind::Size:
      return given(size_in(v));
    case ArgKind::Sizes:
      return sizes_in(v);
    case ArgKind::Int:
      return integer_in(v) ? ArgValue(integer_in(v)->value()) : ArgValue();
    case ArgKind::Ints:
      return integers_in(v);
    case ArgKind::Real:
      return v.as<double>() || integer_in(v) ? ArgValue(real_of(v)) : ArgValue();
    case ArgKind::Flag:
      return given(v.as<bool>());
    case ArgKind::Type:
      return given(v.as<DType>());
    case ArgKind::Text:
      return given(v.as<std::string>());
    case ArgKind::Init:
      return given(v.as<Init>());
    case ArgKind::Texts:
      return texts_in(v);
    case ArgKind::Tensor:
    case ArgKind::Tensors:
      return {};
  }
  return {};
}

std::string_view expected_of(ArgKind kind) {
  switch (kind) {
    case ArgKind::Tensor:
      return "a tensor";
    case ArgKind::Tensors:
      return "tensors";
    case ArgKind::Size:
      return "a size";
    case ArgKind::Sizes:
      return "a list of sizes";
    case ArgKind::Int:
      return "a whole number";
    case ArgKind::Ints:
      return "a whole number or a list of them";
    case ArgKind::Real:
      return "a number";
    case ArgKind::Flag:
      return "true or false";
    case ArgKind::Type:
      return "an element type";
    case ArgKind::Text:
      return "a text in quotes";
    case ArgKind::Init:
      return "an initialiser";
    case ArgKind::Texts:
      return "texts in quotes";
  }
  return "";
}

}  // namespace nnc
