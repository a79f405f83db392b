#include "tools/nnc/kernel_profile.h"

#include <algorithm>
#include <numeric>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace nnc::tool {
namespace {

double total_seconds(std::span<const KernelProfile> kernels) {
  return std::accumulate(kernels.begin(), kernels.end(), 0.0,
                         [](double sum, const KernelProfile& k) { return sum + k.seconds; });
}

double rate(double amount, double seconds) { return seconds > 0 ? amount / seconds * 1e-9 : 0; }

}  // namespace

double roofline_share(const KernelProfile& k, const MachineLimits& limits) {
  double best = std::max(k.flops / limits.gflops, k.bytes / limits.gbytes_per_second) * 1e-9;
  return k.seconds > 0 ? best / k.seconds : 0;
}

void print_profile(const std::string& mode, std::span<const KernelProfile> kernels,
                   const MachineLimits& limits) {
  double total = total_seconds(kernels);
  fmt::print("{}: {:.4f} ms per step in kernels; this machine: {:.1f} GFLOP/s, {:.1f} GB/s\n", mode,
             total * 1e3, limits.gflops, limits.gbytes_per_second);
  fmt::print("{:>9} {:>6} {:>5} {:>3} {:>8} {:>8} {:>9} {:>6}  {:<11} {}\n", "us", "share", "calls", "thr",
             "GFLOP/s", "GB/s", "KiB", "roof", "kind", "kernel: what is fused into it");
  for (const KernelProfile& k : kernels) {
    fmt::print("{:>9.2f} {:>5.1f}% {:>5} {:>3} {:>8.2f} {:>8.2f} {:>9.1f} {:>5.0f}%  {:<11} {}\n",
               k.seconds * 1e6, 100 * k.seconds / total, k.calls, k.threads, rate(k.flops, k.seconds),
               rate(k.bytes, k.seconds), k.bytes / 1024, 100 * roofline_share(k, limits), k.kind, k.parts);
  }
}

void print_profile_json(const std::string& mode, std::span<const KernelProfile> kernels,
                        const MachineLimits& limits) {
  double total = total_seconds(kernels);
  for (const KernelProfile& k : kernels) {
    nlohmann::ordered_json line{{"mode", mode},
                                {"kernel", k.name},
                                {"kind", k.kind},
                                {"fused", k.parts},
                                {"us", k.seconds * 1e6},
                                {"share", k.seconds / total},
                                {"calls", k.calls},
                                {"threads", k.threads},
                                {"gflops", rate(k.flops, k.seconds)},
                                {"gbytes_per_s", rate(k.bytes, k.seconds)},
                                {"bytes", k.bytes},
                                {"roofline_share", roofline_share(k, limits)}};
    fmt::print("{}\n", line.dump());
  }
}

}  // namespace nnc::tool
