// nnc doctor: what this machine offers, and whether compiled code computes here what its definition says.
#include <sys/sysinfo.h>

#include <cmath>
#include <fstream>
#include <thread>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "codegen/build_id.h"
#include "codegen/cache_folder.h"
#include "codegen/llvm_version.h"
#include "codegen/target.h"
#include "ir/graph_text.h"
#include "runtime/engine.h"
#include "tools/nnc/command.h"

namespace nnc::tool {
namespace {

/// What was found out about one thing; a trouble is what is wrong with it and what to do.
struct Finding {
  std::string name, text, trouble;
};

std::string size_text(double bytes) {
  const char* units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  size_t unit = 0;
  for (; bytes >= 1024 && unit + 1 < std::size(units); ++unit) bytes /= 1024;
  return fmt::format("{:.{}f} {}", bytes, bytes < 10 && unit > 0 ? 1 : 0, units[unit]);
}

// The value behind "key :" in a file of such lines.
std::string value_in(const char* path, const std::string& key) {
  std::ifstream in(path);
  for (std::string line; std::getline(in, line);) {
    size_t colon = line.find(':');
    if (!line.starts_with(key) || colon == std::string::npos) continue;
    size_t begin = line.find_first_not_of(" \t", colon + 1);
    return begin == std::string::npos ? "" : line.substr(begin);
  }
  return "";
}

Finding processor() {
  std::string model = value_in("/proc/cpuinfo", "model name"), cpu = Target::host().cpu;
  return {"processor", model.empty() ? cpu : fmt::format("{} ({})", model, cpu), ""};
}

Finding vectors() {
  Target t = Target::host();
  bool tuned = t.vector_bytes >= 32 && t.fma;
  return {
      "vectors",
      fmt::format("{} bits, {} registers{}{}", t.vector_bytes * 8, t.vector_registers,
                  t.fma ? ", fused multiply-add" : "", tuned ? "" : "; nnc is tuned for AVX2 and AVX-512"),
      ""};
}

Finding cores() {
  return {"cores",
          fmt::format("{} available of {}", available_processors(), std::thread::hardware_concurrency()), ""};
}

Finding caches() {
  Target t = Target::host();
  return {"caches",
          fmt::format("{} and {} per core", size_text(static_cast<double>(t.l1_bytes)),
                      size_text(static_cast<double>(t.l2_bytes))),
          ""};
}

Finding memory() {
  struct sysinfo info {};
  sysinfo(&info);
  double unit = info.mem_unit;
  std::string available = value_in("/proc/meminfo", "MemAvailable");
  double free =
      available.empty() ? static_cast<double>(info.freeram) * unit : std::atof(available.c_str()) * 1024;
  return {
      "memory",
      fmt::format("{}, {} available", size_text(static_cast<double>(info.totalram) * unit), size_text(free)),
      ""};
}

// "always [madvise] never": the one in brackets holds.
Finding huge_pages() {
  std::ifstream in("/sys/kernel/mm/transparent_hugepage/enabled");
  std::string line;
  std::getline(in, line);
  size_t begin = line.find('['), end = line.find(']');
  bool known = begin != std::string::npos && end != std::string::npos;
  std::string mode = known ? line.substr(begin + 1, end - begin - 1) : "unknown";
  return {"huge pages", mode, ""};
}

Finding cache() {
  CacheOptions options = CacheOptions::from_environment();
  if (options.folder.empty()) return {"cache", "off: every process compiles anew", ""};
  std::string trouble = open_cache_folder(options.folder);
  if (!trouble.empty())
    return {"cache", options.folder,
            trouble + "; set NNC_CACHE_DIR to a folder of your own, or NNC_CACHE=off"};
  return {"cache",
          fmt::format("{}, writable, {} entries, at most {}", options.folder,
                      cache_files(options.folder).size(), size_text(static_cast<double>(options.max_bytes))),
          ""};
}

Finding build() {
  std::string id;
  for (char c : build_id_of(reinterpret_cast<const void*>(&build_id_of)))
    id += fmt::format("{:02x}", static_cast<uint8_t>(c));
  return {"build", fmt::format("{}, LLVM {}", id.empty() ? "no build id" : id, llvm_version()), ""};
}

constexpr const char* kSelfTest = R"(graph self_test(x: f32[B, 40], w: f32[40, 24]) {
  dot = dot(x, w, lhs_contract = [1], rhs_contract = [0]) : f32[B, 24]
  tanh = tanh(dot) : f32[B, 24]
  reduce = reduce(tanh, monoid = add, axes = [1]) : f32[B]
  output y = tanh
  output s = reduce
}
)";

Tensor waves(std::vector<int64_t> shape) {
  Tensor out(DType::F32, std::move(shape));
  for (int64_t i = 0; i < out.count(); ++i) out.set(i, std::sin(0.7 * static_cast<double>(i)));
  return out;
}

// The largest distance between what compiled code and the interpreter give.
double largest_difference(const std::vector<Tensor>& want, const Function& got) {
  double largest = 0;
  for (size_t o = 0; o < want.size(); ++o) {
    const auto* values = reinterpret_cast<const float*>(got.output(o));
    for (int64_t i = 0; i < want[o].count(); ++i) {
      double distance = std::abs(want[o].get(i) - static_cast<double>(values[i]));
      if (!(distance <= largest)) largest = distance;
    }
  }
  return largest;
}

Finding self_test() {
  constexpr double kTolerance = 1e-4;
  try {
    Graph graph = parse_graph(kSelfTest);
    Tensor x = waves({5, 40}), w = waves({40, 24});
    State state;
    Engine engine({.threads = 1, .cache = CacheOptions{}});
    std::unique_ptr<Function> function = engine.prepare(graph, state, {{"B", 5}});
    const std::byte* inputs[] = {x.bytes().data(), w.bytes().data()};
    function->run(inputs, {{"B", 5}});
    double difference = largest_difference(interpret(graph, {{"x", x}, {"w", w}}, state), *function);
    std::string text = fmt::format("{} kernels compiled in {:.0f} ms, within {:.0e} of the definition",
                                   engine.stats().kernels, engine.stats().seconds * 1e3, difference);
    if (difference <= kTolerance) return {"self-test", text, ""};
    return {"self-test", text,
            "compiled code computes something else: use --mode=interpreted, and report this"};
  } catch (const std::exception& e) {
    return {"self-test", "failed", fmt::format("{}; use --mode=interpreted, and report this", e.what())};
  }
}

void print(const std::vector<Finding>& found, bool json) {
  nlohmann::ordered_json line;
  for (const Finding& f : found) {
    if (json)
      line[f.name] = f.trouble.empty() ? nlohmann::ordered_json(f.text)
                                       : nlohmann::ordered_json{{"found", f.text}, {"trouble", f.trouble}};
    else
      fmt::print("{:<11} {}\n{}", f.name, f.text,
                 f.trouble.empty() ? "" : fmt::format("  trouble: {}\n", f.trouble));
  }
  if (json) fmt::print("{}\n", line.dump());
}

void run(bool json) {
  std::vector<Finding> found;
  for (auto look : {processor, vectors, cores, caches, memory, huge_pages, cache, build, self_test})
    found.push_back(look());
  print(found, json);
  for (const Finding& f : found) {
    if (!f.trouble.empty()) throw Reported{};
  }
}

}  // namespace

void add_doctor(CLI::App& app) {
  CLI::App* command = add_command(app, group::kSetup, "doctor",
                                  "What this machine offers, and whether compiled code works here",
                                  {{"nnc doctor", "processor, memory, cache, a self-test"},
                                   {"nnc doctor --json", "the same as one JSON object, for a report"}});
  auto json = std::make_shared<bool>(false);
  command->add_flag("--json", *json, "Print one JSON object");
  command->callback([json] { run(*json); });
}

}  // namespace nnc::tool
