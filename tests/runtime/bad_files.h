// Feeds a reader damaged copies of a good file: cut at every length, and with seeded random mutations. A
// reader must answer each with an Error or a value, within a second and without taking memory for what the
// file merely claims.
#pragma once

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <ctime>
#include <filesystem>
#include <fstream>
#include <functional>
#include <random>
#include <string>

#include "ir/error.h"

namespace nnc {

/// A folder that is there for one test and gone afterwards.
class TestFolder {
 public:
  TestFolder() {
    std::string name = (std::filesystem::temp_directory_path() / "nnc-test-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) throw Error("no temporary folder");
    path_ = name;
  }
  ~TestFolder() { std::filesystem::remove_all(path_); }

  const std::string& path() const { return path_; }
  std::string file(const std::string& name) const { return path_ + "/" + name; }
  std::string write(const std::string& name, std::string_view content) const {
    std::ofstream(file(name), std::ios::binary | std::ios::trunc)
        .write(content.data(), static_cast<long>(content.size()));
    return file(name);
  }
  std::vector<std::string> names() const {
    std::vector<std::string> out;
    for (const auto& entry : std::filesystem::directory_iterator(path_))
      out.push_back(entry.path().filename());
    return out;
  }

 private:
  std::string path_;
};

inline std::string slurp(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

/// The message and notes of the Error that `run` throws; "" when it throws none.
inline std::string error_of(const std::function<void()>& run) {
  try {
    run();
  } catch (const Error& e) {
    std::string out = e.what();
    for (const std::string& note : e.notes()) out += "\n" + note;
    return out;
  }
  return "";
}

inline long peak_memory_mib() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss / 1024;
}

/// True when the reader accepted the file.
inline bool survives(const std::function<void()>& read) {
  std::clock_t start = std::clock();  // processor time: neighbours do not count
  std::string error = error_of(read);
  EXPECT_LT(std::clock() - start, CLOCKS_PER_SEC);
  return error.empty();
}

inline std::string mutate(std::string content, std::mt19937& random) {
  int edits = 1 + static_cast<int>(random() % 4);
  for (int i = 0; i < edits && !content.empty(); ++i) {
    size_t at = random() % content.size();
    switch (random() % 5) {
      case 0:
        content[at] = static_cast<char>(random());
        break;
      case 1:
        content[at] = static_cast<char>(content[at] ^ (1 << random() % 8));
        break;
      case 2:
        content.erase(at, 1 + random() % 8);
        break;
      case 3:
        content.insert(at, content.substr(random() % content.size(), random() % 16));
        break;
      default:
        content[at] = "09-,\"{}[]\n\xff"[random() % 11];
        break;
    }
  }
  return content;
}

/// `read` opens the file of this name in the folder; `truncations_fail` says whether every shorter copy is an
/// error.
inline void expect_survives_damage(const TestFolder& folder, const std::string& name, const std::string& good,
                                   const std::function<void()>& read, bool truncations_fail = true) {
  long before = peak_memory_mib();
  for (size_t length = 0; length < good.size(); ++length) {
    folder.write(name, std::string_view(good).substr(0, length));
    bool accepted = survives(read);
    EXPECT_FALSE(accepted && truncations_fail) << name << " cut to " << length;
  }
  std::mt19937 random(7);
  for (int i = 0; i < 800; ++i) {
    folder.write(name, mutate(good, random));
    survives(read);
  }
  EXPECT_LT(peak_memory_mib() - before, 600) << name;  // the sanitizers' own bookkeeping included
}

}  // namespace nnc
