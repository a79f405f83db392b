// Reads .npy files as data: a folder of them, or a file each for inputs and labels.
#include <algorithm>
#include <filesystem>

#include <fmt/format.h>

#include "ir/error.h"
#include "runtime/arrays.h"
#include "runtime/data_source.h"
#include "runtime/npy.h"

namespace nnc {
namespace {

namespace fs = std::filesystem;

NamedArray read_array(const std::string& path, std::string name) {
  try {
    return {std::move(name), map_npy(path), path};
  } catch (const UnsupportedType& e) {
    return {std::move(name), Tensor(), path, e.what()};
  }
}

Dataset read_folder(const std::string& folder, const ArrayRoles& roles) {
  std::vector<fs::path> paths;
  std::error_code error;
  for (const auto& entry : fs::directory_iterator(folder, error)) {
    if (entry.path().extension() == ".npy") paths.push_back(entry.path());
  }
  if (error) throw Error(fmt::format("{}: {}", folder, error.message()));
  std::ranges::sort(paths);
  std::vector<NamedArray> arrays;
  for (const fs::path& path : paths)
    arrays.push_back(part_by_name(read_array(path.string(), path.stem().string())));
  return dataset_of(std::move(arrays), roles, folder);
}

/// The columns are called like the files to train on.
Dataset read_files(const DataArguments& a) {
  std::string x = fs::path(a.text("path")).stem().string(), y = fs::path(a.text("labels")).stem().string();
  if (y == x) y += " labels";
  std::vector<NamedArray> arrays;
  auto add = [&](const char* argument, const std::string& name, Table Dataset::*part) {
    if (a.text(argument).empty()) return;
    arrays.push_back(read_array(a.text(argument), name));
    arrays.back().part = part;
  };
  add("path", x, &Dataset::train);
  add("labels", y, &Dataset::train);
  add("test", x, &Dataset::test);
  add("test_labels", y, &Dataset::test);
  return dataset_of(std::move(arrays), {x, a.text("labels").empty() ? "" : y}, a.text("path"));
}

Dataset load(const DataArguments& a) {
  bool folder = fs::is_directory(a.text("path"));
  for (const char* other : {"labels", "test", "test_labels"}) {
    if (folder && !a.text(other).empty())
      throw Error(fmt::format("npy: '{}' goes with a single file, and {} is a folder", other, a.text("path")),
                  {"a folder's files are told apart by their names: x.npy, x_test.npy"});
  }
  for (const char* role : {"input", "target"}) {
    if (!folder && !a.text(role).empty())
      throw Error(fmt::format("npy: '{}' goes with a folder, and {} is a single file", role, a.text("path")));
  }
  return folder ? read_folder(a.text("path"), {a.text("input"), a.text("target")}) : read_files(a);
}

Table samples(std::string content, const std::string& place, const DataArguments&) {
  return {{.values = parse_npy(std::as_bytes(std::span(content)), place), .place = place}};
}

}  // namespace

DataSource npy_source() {
  auto path = [](std::string_view name, std::string_view doc, bool required = false) {
    return DataArgument{name, std::string(), required, true, doc};
  };
  auto role = [](std::string_view name, std::string_view doc) {
    return DataArgument{name, std::string(), false, false, doc};
  };
  return {
      "npy",
      "NumPy's arrays: a folder of them by name, x_train, x_test and x_val being parts of x, or single files",
      {path("path", "the folder, or the file of the training inputs", true),
       path("labels", "with single files: the training labels"),
       path("test", "with single files: the test inputs"),
       path("test_labels", "with single files: the test labels"),
       role("input", "with a folder: the array that is the input, where that has another name"),
       role("target", "with a folder: the array that is the target, where that has another name")},
      load,
      ".npy",
      "\x93NUMPY",
      samples};
}

}  // namespace nnc
