// Kernels come as objects, from disk or compiled by threads of our own, and are linked into the process by ORC. That
// costs 0.4 ms for a session and 0.05 ms for an object, so that nothing quicker is needed where all were on disk.
#include "codegen/jit.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>
#include <map>
#include <optional>
#include <set>

#include <fmt/format.h>
#include <llvm/Config/llvm-config.h>
#include <llvm/ExecutionEngine/Orc/Core.h>
#include <llvm/ExecutionEngine/Orc/ObjectLinkingLayer.h>
#include <llvm/TargetParser/Host.h>

#include "codegen/build_id.h"
#include "codegen/compile.h"
#include "codegen/digest.h"
#include "codegen/object_cache.h"
#include "codegen/parallel_for.h"
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
orc::SymbolMap callable(orc::ExecutionSession& session) {
  orc::SymbolMap map;
  auto add = [&](const char* name, auto* function) {
    map[session.intern(name)] = {orc::ExecutorAddr::fromPtr(function), llvm::JITSymbolFlags::Callable};
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

// Objects in memory that may run. Knows nothing of targets: what was compiled by an earlier process is linked without
// LLVM's code generator.
class Linker {
 public:
  Linker()
      : session_(check(orc::SelfExecutorProcessControl::Create())),
        objects_(session_),
        kernels_(session_.createBareJITDylib("kernels")) {
    check(kernels_.define(orc::absoluteSymbols(callable(session_))));
    // ORC prints what it could not link unless told otherwise; lookup fails as well and says why.
    session_.setErrorReporter([](llvm::Error e) { llvm::consumeError(std::move(e)); });
  }
  ~Linker() { llvm::consumeError(session_.endSession()); }
  Linker(const Linker&) = delete;
  Linker& operator=(const Linker&) = delete;

  KernelFunction link(const std::string& symbol, const std::string& object) {
    check(objects_.add(kernels_, llvm::MemoryBuffer::getMemBufferCopy(object, symbol)));
    return check(session_.lookup({&kernels_}, session_.intern(symbol))).getAddress().toPtr<KernelFunction>();
  }

 private:
  orc::ExecutionSession session_;
  orc::ObjectLinkingLayer objects_;
  orc::JITDylib& kernels_;
};

struct Job {
  const loop::Kernel* kernel;
  Digest key;
  size_t size;  // of the kernel's text
  std::string object = {};

  std::string symbol() const { return "kernel_" + hex(key); }
};

// What a kernel is, as far as its code goes.
struct Name {
  Digest key;
  size_t size = 0;  // of the text
};

// Who compiles, and for what: with the kernel's text, all that its code depends on.
struct Origin {
  std::string own_build = build_id_of(reinterpret_cast<const void*>(&parallel_for)),
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
  std::vector<std::unique_ptr<Compiler>> compilers;  // one per thread
  Linker linker;
  std::map<Digest, KernelFunction> functions;
  size_t cached = 0;
  double seconds = 0;

  State(Target t, int compile_threads, CacheOptions cache_options)
      : target(std::move(t)),
        threads(std::max(compile_threads, 1)),
        origin(target),
        cache(origin.is_known() ? std::move(cache_options) : CacheOptions{}) {
    for (int i = 0; i < threads; ++i) compilers.push_back(std::make_unique<Compiler>(target));
  }

  std::vector<Name> names_of(std::span<const loop::Kernel> kernels) const;
  std::vector<Job> jobs_for(std::span<const loop::Kernel> kernels, const std::vector<Name>& names) const;
  void make_objects(std::vector<Job>& jobs);
  void compile_all(std::span<Job> jobs);
};

std::vector<Name> Jit::State::names_of(std::span<const loop::Kernel> kernels) const {
  std::vector<Name> names(kernels.size());
  parallel_for(threads, kernels.size(), [&](size_t i, size_t) {
    std::string text = print(kernels[i], false);
    names[i] = {origin.key_of(text), text.size()};
  });
  return names;
}

// One for every function that does not exist yet.
std::vector<Job> Jit::State::jobs_for(std::span<const loop::Kernel> kernels,
                                      const std::vector<Name>& names) const {
  std::vector<Job> jobs;
  std::set<Digest> wanted;
  for (size_t i = 0; i < kernels.size(); ++i) {
    const Name& name = names[i];
    if (!functions.contains(name.key) && wanted.insert(name.key).second)
      jobs.push_back({&kernels[i], name.key, name.size});
  }
  return jobs;
}

void Jit::State::make_objects(std::vector<Job>& jobs) {
  auto found = std::partition(jobs.begin(), jobs.end(), [&](Job& job) {
    std::optional<std::string> object = cache.load(job.key);
    if (object) job.object = std::move(*object);
    return object.has_value();
  });
  cached += static_cast<size_t>(found - jobs.begin());
  compile_all({found, jobs.end()});
}

// The longest first, so that no thread begins a long one when the others have run out of work.
void Jit::State::compile_all(std::span<Job> jobs) {
  std::stable_sort(jobs.begin(), jobs.end(), [](const Job& a, const Job& b) { return a.size > b.size; });
  parallel_for(threads, jobs.size(), [&](size_t i, size_t thread) {
    Job& job = jobs[i];
    job.object = compilers[thread]->compile(*job.kernel, job.symbol(), CodeForm::Object);
    cache.store(job.key, job.kernel->name, job.object);
  });
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
  std::vector<Name> names = state_->names_of(kernels);
  std::vector<Job> jobs = state_->jobs_for(kernels, names);
  state_->make_objects(jobs);
  for (const Job& job : jobs) state_->functions[job.key] = state_->linker.link(job.symbol(), job.object);
  std::vector<KernelFunction> out;
  for (const Name& name : names) out.push_back(state_->functions.at(name.key));
  state_->seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return out;
}

std::string llvm_text(const loop::Kernel& kernel, const Target& target) {
  return Compiler(target).compile(kernel, "kernel", CodeForm::Llvm);
}

std::string assembly_text(const loop::Kernel& kernel, const Target& target) {
  return Compiler(target).compile(kernel, "kernel", CodeForm::Assembly);
}

}  // namespace nnc
