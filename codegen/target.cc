// What the host offers, as LLVM reports it, and the narrower targets that can be asked for by name.
#include "codegen/target.h"

#include <unistd.h>

#include <llvm/ADT/StringMap.h>
#include <llvm/TargetParser/Host.h>
#include <llvm/TargetParser/SubtargetFeature.h>
#include <llvm/TargetParser/Triple.h>

#include "ir/error.h"

namespace nnc {
namespace {

bool has_feature(const Target& target, const std::string& feature) {
  return ("," + target.features + ",").find(",+" + feature + ",") != std::string::npos;
}

bool is_x86() { return llvm::Triple(llvm::sys::getProcessTriple()).isX86(); }

std::string host_features() {
  llvm::SubtargetFeatures features;
  for (const auto& [name, enabled] : llvm::sys::getHostCPUFeatures()) features.AddFeature(name, enabled);
  std::string text = features.getString();
  return text;
}

// sysconf knows nothing of some machines (containers, other libraries than glibc): the default stays.
void set_cache_sizes([[maybe_unused]] Target& target) {
#ifdef _SC_LEVEL2_CACHE_SIZE
  if (long l1 = sysconf(_SC_LEVEL1_DCACHE_SIZE); l1 > 0) target.l1_bytes = l1;
  if (long l2 = sysconf(_SC_LEVEL2_CACHE_SIZE); l2 > 0) target.l2_bytes = l2;
#endif
}

bool has_avx512(const Target& t) {
  return has_feature(t, "avx512f") && has_feature(t, "avx512vl") && has_feature(t, "avx512bw") &&
         has_feature(t, "avx512dq");
}

bool has_avx2(const Target& t) { return has_feature(t, "avx2") && has_feature(t, "fma"); }

void set_vectors(Target& t) {
  if (!is_x86()) {
    // 128-bit vectors and 32 registers are what AArch64, PowerPC and RISC-V have at least.
    t.vector_registers = 32;
    t.fma = true;
    return;
  }
  t.fma = has_feature(t, "fma");
  t.streams = true;
  if (has_avx512(t)) {
    t.vector_bytes = 64;
    t.vector_registers = 32;
  } else if (has_avx2(t)) {
    t.vector_bytes = 32;
  }
}

Target narrowed_to_avx2(Target t) {
  if (!has_avx2(t)) throw Error("this machine (" + t.cpu + ") has no AVX2");
  t.cpu = "x86-64-v3";
  t.features = "+avx2,+fma,+bmi,+bmi2,+f16c,+lzcnt,+movbe";
  t.vector_bytes = 32;
  t.vector_registers = 16;
  return t;
}

}  // namespace

Target Target::host() {
  Target t;
  t.cpu = llvm::sys::getHostCPUName().str();
  t.features = host_features();
  set_cache_sizes(t);
  set_vectors(t);
  return t;
}

Target Target::named(const std::string& name) {
  Target t = host();
  if (name == "host") return t;
  if (name == "avx2") return narrowed_to_avx2(std::move(t));
  if (name == "avx512") {
    if (t.vector_bytes != 64) throw Error("this machine (" + t.cpu + ") has no AVX-512 (f, vl, bw and dq)");
    return t;
  }
  throw Error("there is no target '" + name + "'", {"targets: host, avx2, avx512"});
}

}  // namespace nnc
