// Kernels come as objects, from disk or compiled by threads of our own, and are linked into the process by ORC. That
// costs 0.4 ms for a session and 0.05 ms for an object, so that nothing quicker is needed where all were on disk.
#include "codegen/jit.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstring>
#include <exception>
#include <map>
#include <optional>
#include <set>
#include <thread>

#include <fmt/format.h>
#include <llvm/Config/llvm-config.h>
#include <llvm/ExecutionEngine/Orc/LLJIT.h>
#include <llvm/TargetParser/Host.h>

#include "codegen/build_id.h"
#include "codegen/compile.h"
#include "codegen/digest.h"
#include "codegen/object_cache.h"
#include "ir/error.h"

namespace nnc {
namespace {

namespace orc = llvm::orc;

[[noreturn]] void refuse(llvm::Error error) { throw Error("LLVM: " + llvm::toString(std::move(error))); }

void check(llvm::Error error) {
  if (error) refuse(std::move(error));
}

template <class T>
T check(llvm::Expected<T> value) {
  if (!value) refuse(value.takeError());
  return std::move(*value);
}

using Unary = double (*)(double);
using Binary = double (*)(double, double);
using Ternary = double (*)(double, double, double);

// Everything compiled code may call: the C library for f64 functions, and what LLVM falls back on where the
// machine has no instruction.
orc::SymbolMap callable(orc::LLJIT& jit) {
  orc::SymbolMap map;
  auto add = [&](const char* name, auto* function) {
    map[jit.mangleAndIntern(name)] = {orc::ExecutorAddr::fromPtr(function), llvm::JITSymbolFlags::Callable};
  };
  add("nnc_libm_exp", Unary(std::exp));
  add("nnc_libm_expm1", Unary(std::expm1));
  add("nnc_libm_log", Unary(std::log));
  add("nnc_libm_log1p", Unary(std::log1p));
  add("nnc_libm_sin", Unary(std::sin));
  add("nnc_libm_cos", Unary(std::cos));
  add("nnc_libm_tanh", Unary(std::tanh));
  add("nnc_libm_erf", Unary(std::erf));
  add("nnc_libm_pow", Binary(std::pow));
  add("floor", Unary(std::floor));
  add("fma", Ternary(std::fma));
  add("floorf", static_cast<float (*)(float)>(std::floor));
  add("fmaf", static_cast<float (*)(float, float, float)>(std::fma));
  add("memcpy", static_cast<void* (*)(void*, const void*, size_t)>(std::memcpy));
  add("memset", static_cast<void* (*)(void*, int, size_t)>(std::memset));
  return map;
}

std::unique_ptr<orc::LLJIT> make_lljit(const Target& target) {
  make_target_machine(target);  // refuses a machine LLVM cannot compile for
  orc::LLJITBuilder builder;
  builder.setJITTargetMachineBuilder(
      orc::JITTargetMachineBuilder(llvm::Triple(llvm::sys::getProcessTriple())));
  builder.setPlatformSetUp(orc::setUpInactivePlatform);
  builder.setLinkProcessSymbolsByDefault(false);
  std::unique_ptr<orc::LLJIT> jit = check(builder.create());
  check(jit->getMainJITDylib().define(orc::absoluteSymbols(callable(*jit))));
  // ORC prints what it could not link unless told otherwise; lookup fails as well and says why.
  jit->getExecutionSession().setErrorReporter([](llvm::Error e) { llvm::consumeError(std::move(e)); });
  return jit;
}

struct Job {
  const loop::Kernel* kernel;
  Digest key;
  size_t size;  // of the kernel's text
  std::string object = {};
  std::exception_ptr failure = {};

  std::string symbol() const { return "kernel_" + hex(key); }
};

void run_job(Job& job, const Target& target, ObjectCache& cache) {
  try {
    job.object = compile_kernel(*job.kernel, target, job.symbol(), Output::Object);
    cache.store(job.key, job.kernel->name, job.object);
  } catch (...) {
    job.failure = std::current_exception();
  }
}

// The longest first, so that no thread begins a long one when the others have run out of work.
void run_jobs(std::span<Job> jobs, const Target& target, ObjectCache& cache, int threads) {
  std::stable_sort(jobs.begin(), jobs.end(), [](const Job& a, const Job& b) { return a.size > b.size; });
  std::atomic<size_t> next = 0;
  auto work = [&] {
    for (size_t i; (i = next++) < jobs.size();) run_job(jobs[i], target, cache);
  };
  std::vector<std::thread> helpers;
  for (size_t i = 1; i < std::min(jobs.size(), static_cast<size_t>(std::max(threads, 1))); ++i)
    helpers.emplace_back(work);
  work();
  for (std::thread& t : helpers) t.join();
  for (Job& job : jobs) {
    if (job.failure) std::rethrow_exception(job.failure);
  }
}

// Who compiles, and for what: with the kernel's text, all that its code depends on.
struct Origin {
  std::string own_build = build_id_of(reinterpret_cast<const void*>(&make_lljit)),
              llvm_build = build_id_of(reinterpret_cast<const void*>(&llvm::sys::getHostCPUName));
  std::string target;

  explicit Origin(const Target& t) : target(fmt::format("{} {} {}", t.cpu, t.features, 8 * t.vector_bytes)) {}
  /// Without an id, objects of two builds could not be told apart.
  bool is_known() const { return !own_build.empty() && !llvm_build.empty(); }
  Digest key_of(std::string_view text) const {
    return digest_of({own_build, llvm_build, LLVM_VERSION_STRING, target, text});
  }
};

}  // namespace

struct Jit::State {
  Target target;
  int threads;
  Origin origin;
  ObjectCache cache;
  std::unique_ptr<orc::LLJIT> lljit;
  std::map<Digest, KernelFunction> functions;
  size_t cached = 0;
  double seconds = 0;

  State(Target t, int compile_threads, CacheOptions cache_options)
      : target(std::move(t)),
        threads(compile_threads),
        origin(target),
        cache(origin.is_known() ? std::move(cache_options) : CacheOptions{}),
        lljit(make_lljit(target)) {}

  std::vector<Digest> keys_of(std::span<const loop::Kernel> kernels, std::vector<Job>& jobs) const;
  void make_objects(std::vector<Job>& jobs);
  KernelFunction link(const Job& job);
};

// One job for every function that does not exist yet.
std::vector<Digest> Jit::State::keys_of(std::span<const loop::Kernel> kernels, std::vector<Job>& jobs) const {
  std::vector<Digest> keys;
  std::set<Digest> wanted;
  for (const loop::Kernel& kernel : kernels) {
    std::string text = print(kernel, false);
    const Digest& key = keys.emplace_back(origin.key_of(text));
    if (!functions.contains(key) && wanted.insert(key).second) jobs.push_back({&kernel, key, text.size()});
  }
  return keys;
}

void Jit::State::make_objects(std::vector<Job>& jobs) {
  auto found = std::partition(jobs.begin(), jobs.end(), [&](Job& job) {
    std::optional<std::string> object = cache.load(job.key);
    if (object) job.object = std::move(*object);
    return object.has_value();
  });
  cached += static_cast<size_t>(found - jobs.begin());
  run_jobs({found, jobs.end()}, target, cache, threads);
}

KernelFunction Jit::State::link(const Job& job) {
  check(lljit->addObjectFile(llvm::MemoryBuffer::getMemBufferCopy(job.object, job.symbol())));
  return check(lljit->lookup(job.symbol())).toPtr<KernelFunction>();
}

Jit::Jit(Target target, int compile_threads, CacheOptions cache)
    : state_(std::make_unique<State>(std::move(target), compile_threads, std::move(cache))) {}

Jit::~Jit() = default;
Jit::Jit(Jit&&) noexcept = default;
Jit& Jit::operator=(Jit&&) noexcept = default;

const Target& Jit::target() const { return state_->target; }
size_t Jit::functions() const { return state_->functions.size(); }
size_t Jit::functions_cached() const { return state_->cached; }
double Jit::compile_seconds() const { return state_->seconds; }

std::vector<KernelFunction> Jit::compile(std::span<const loop::Kernel> kernels) {
  auto start = std::chrono::steady_clock::now();
  std::vector<Job> jobs;
  std::vector<Digest> keys = state_->keys_of(kernels, jobs);
  state_->make_objects(jobs);
  for (const Job& job : jobs) state_->functions[job.key] = state_->link(job);
  std::vector<KernelFunction> out;
  for (const Digest& key : keys) out.push_back(state_->functions.at(key));
  state_->seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return out;
}

std::string llvm_text(const loop::Kernel& kernel, const Target& target) {
  return compile_kernel(kernel, target, "kernel", Output::Llvm);
}

std::string assembly_text(const loop::Kernel& kernel, const Target& target) {
  return compile_kernel(kernel, target, "kernel", Output::Assembly);
}

}  // namespace nnc
