// Reads x86 assembly (AT&T syntax, as assembly_text gives it) far enough to judge an inner loop.
#pragma once

#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace nnc::test {

/// The instructions of an innermost loop: from a label to a jump back to it, with no other such loop inside.
struct InnerLoop {
  std::vector<std::string> instructions;
  /// Instructions whose mnemonic begins so ("vfmadd").
  int count(const std::string& mnemonic) const;
};

std::vector<InnerLoop> inner_loops(const std::string& assembly);
/// The innermost loop with the most vfmadd; empty where there is none.
InnerLoop fma_loop(const std::string& assembly);
/// Instructions of `loop` that read or write the stack frame of the function it is in.
std::vector<std::string> stack_accesses(const std::string& assembly, const InnerLoop& loop);

/// Whether the loop touches no stack and all its FMAs have vectors of this width, or of that one.
testing::AssertionResult no_spills(const std::string& assembly, const InnerLoop& loop, int vector_bytes,
                                   int or_bytes = 0);
/// Likewise, of the innermost loop with the most vfmadd.
testing::AssertionResult no_spills(const std::string& assembly, int vector_bytes);

}  // namespace nnc::test
