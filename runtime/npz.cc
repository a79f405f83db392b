// Reads .npz, the archives of np.savez and np.savez_compressed: a ZIP archive with an .npy file for each array.
#include <fmt/format.h>

#include "runtime/arrays.h"
#include "runtime/data_source.h"
#include "runtime/mapped_file.h"
#include "runtime/npy.h"
#include "runtime/zip.h"

namespace nnc {
namespace {

constexpr std::string_view kEnding = ".npy";

NamedArray read_array(const ZipMember& member, const std::string& path) {
  std::string name = member.name.substr(0, member.name.size() - kEnding.size());
  std::string place = fmt::format("{}: '{}'", path, name);
  std::string content = unpack(member, path);
  try {
    return {name, parse_npy(std::as_bytes(std::span(content)), place), place};
  } catch (const UnsupportedType& e) {
    return {name, Tensor(), place, e.what()};
  }
}

std::vector<NamedArray> read_arrays(std::span<const std::byte> archive, const std::string& path) {
  std::vector<NamedArray> arrays;
  for (const ZipMember& member : zip_members(archive, path)) {
    if (member.name.ends_with(kEnding)) arrays.push_back(part_by_name(read_array(member, path)));
  }
  return arrays;
}

Dataset load(const DataArguments& arguments) {
  const std::string& path = arguments.text("path");
  std::shared_ptr<const MappedFile> file = MappedFile::open(path);
  return dataset_of(read_arrays(file->bytes(), path), {arguments.text("input"), arguments.text("target")},
                    path);
}

Table samples(std::string content, const std::string& place, const DataArguments&) {
  return samples_of(read_arrays(std::as_bytes(std::span(content)), place), place);
}

}  // namespace

DataSource npz_source() {
  return {
      "npz",
      "the arrays of an archive by name; x_train, x_test and x_val are the parts of x",
      {{"path", std::string(), true, true, "the file"},
       {"input", std::string(), false, false, "the array that is the input, where that has another name"},
       {"target", std::string(), false, false, "the array that is the target, where that has another name"}},
      load,
      ".npz",
      "PK\x03\x04",
      samples};
}

}  // namespace nnc
