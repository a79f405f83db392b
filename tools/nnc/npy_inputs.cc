#include "tools/nnc/npy_inputs.h"

#include <optional>

#include <fmt/format.h>

#include "ir/error.h"
#include "runtime/npy.h"

namespace nnc::tool {

std::vector<Tensor> read_npy_inputs(std::span<const std::string> arguments,
                                    std::span<const DataField> fields) {
  std::vector<std::optional<Tensor>> found(fields.size());
  for (const std::string& argument : arguments) {
    size_t equals = argument.find('='), index = 0;
    if (equals == std::string::npos && fields.size() > 1) {
      throw Error(fmt::format("the model has {} inputs: say which one {} is, as in --input {}={}",
                              fields.size(), argument, fields[0].name, argument));
    }
    std::string name = equals == std::string::npos ? fields[0].name : argument.substr(0, equals);
    while (index < fields.size() && fields[index].name != name) ++index;
    if (index == fields.size()) throw Error(fmt::format("the model has no input '{}'", name));
    Tensor t = load_npy(equals == std::string::npos ? argument : argument.substr(equals + 1));
    found[index] = convert_exactly(std::move(t), fields[index].type.dtype, fmt::format("input '{}'", name));
  }
  std::vector<Tensor> out;
  for (size_t i = 0; i < fields.size(); ++i) {
    if (!found[i])
      throw Error(fmt::format("no file for input '{}'", fields[i].name), {"give --input NAME=FILE.npy"});
    out.push_back(std::move(*found[i]));
  }
  return out;
}

}  // namespace nnc::tool
