// Where the time of a step goes, kernel by kernel, beside what the machine could do.
#pragma once

#include <span>
#include <string>

#include "runtime/engine.h"
#include "runtime/machine_limits.h"

namespace nnc::tool {

/// The time a kernel would take at the machine's limits over the time it takes: the roofline share. Data that stay in
/// the caches can push it above 1.
double roofline_share(const KernelProfile& kernel, const MachineLimits& limits);

void print_profile(const std::string& mode, std::span<const KernelProfile> kernels,
                   const MachineLimits& limits);
/// One object per kernel.
void print_profile_json(const std::string& mode, std::span<const KernelProfile> kernels,
                        const MachineLimits& limits);

}  // namespace nnc::tool
