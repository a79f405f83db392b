// Divisions of f32 that AVX-512's divider is too slow for, on Intel's processors, become quick ones (quick_division.h),
// which give the same bits. The divider works beside the ports that do all other arithmetic, so that a division is best
// left to it where those have as much to do meanwhile (a sigmoid's is), and not beside a square root (Adam's). Private to
// codegen.
#pragma once

#include <llvm/IR/PassManager.h>

namespace nnc {

/// Runs after what does not change in loops was taken out of them: the reciprocal of such a divisor stays outside.
struct BalanceDivisions : llvm::PassInfoMixin<BalanceDivisions> {
  llvm::PreservedAnalyses run(llvm::Function& function, llvm::FunctionAnalysisManager& analyses);
};

}  // namespace nnc
