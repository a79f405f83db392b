// Kernels are compiled to objects by threads of our own and linked into the process by ORC.
#include "codegen/jit.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstring>
#include <exception>
#include <map>
#include <thread>

#include <llvm/ExecutionEngine/Orc/LLJIT.h>
#include <llvm/TargetParser/Host.h>

#include "codegen/compile.h"
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
  return jit;
}

struct Job {
  const loop::Kernel* kernel;
  std::string symbol, object;
  std::exception_ptr failure;
};

void run_job(Job& job, const Target& target) {
  try {
    job.object = compile_kernel(*job.kernel, target, job.symbol, Output::Object);
  } catch (...) {
    job.failure = std::current_exception();
  }
}

void run_jobs(std::vector<Job>& jobs, const Target& target, int threads) {
  std::atomic<size_t> next = 0;
  auto work = [&] {
    for (size_t i; (i = next++) < jobs.size();) run_job(jobs[i], target);
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

}  // namespace

struct Jit::State {
  Target target;
  int threads = 1;
  std::unique_ptr<orc::LLJIT> lljit;
  std::map<std::string, KernelFunction> functions;  // by the kernel's text without labels
  size_t next_symbol = 0;
  double seconds = 0;

  KernelFunction link(const Job& job);
};

KernelFunction Jit::State::link(const Job& job) {
  check(lljit->addObjectFile(llvm::MemoryBuffer::getMemBufferCopy(job.object, job.symbol)));
  return check(lljit->lookup(job.symbol)).toPtr<KernelFunction>();
}

Jit::Jit(Target target, int compile_threads) : state_(std::make_unique<State>()) {
  state_->target = std::move(target);
  state_->threads = compile_threads;
  state_->lljit = make_lljit(state_->target);
  // ORC prints what it could not link unless told otherwise; lookup fails as well and says why.
  state_->lljit->getExecutionSession().setErrorReporter(
      [](llvm::Error e) { llvm::consumeError(std::move(e)); });
}

Jit::~Jit() = default;
Jit::Jit(Jit&&) noexcept = default;
Jit& Jit::operator=(Jit&&) noexcept = default;

const Target& Jit::target() const { return state_->target; }
size_t Jit::functions_compiled() const { return state_->functions.size(); }
double Jit::compile_seconds() const { return state_->seconds; }

std::vector<KernelFunction> Jit::compile(std::span<const loop::Kernel> kernels) {
  auto start = std::chrono::steady_clock::now();
  auto& functions = state_->functions;
  std::vector<std::string> texts;
  std::map<std::string, size_t> job_of;
  std::vector<Job> jobs;
  for (const loop::Kernel& kernel : kernels) {
    const std::string& text = texts.emplace_back(print(kernel, false));
    if (functions.contains(text) || !job_of.emplace(text, jobs.size()).second) continue;
    jobs.push_back({&kernel, "kernel" + std::to_string(state_->next_symbol++), {}, {}});
  }
  run_jobs(jobs, state_->target, state_->threads);
  for (auto& [text, job] : job_of) functions[text] = state_->link(jobs[job]);
  std::vector<KernelFunction> out;
  for (const std::string& text : texts) out.push_back(functions.at(text));
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
