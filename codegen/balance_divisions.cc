#include "codegen/balance_divisions.h"

#include <algorithm>
#include <map>
#include <vector>

#include <llvm/Analysis/DomTreeUpdater.h>
#include <llvm/Analysis/LoopInfo.h>
#include <llvm/IR/Dominators.h>
#include <llvm/IR/IntrinsicInst.h>
#include <llvm/IR/MDBuilder.h>
#include <llvm/Transforms/Utils/BasicBlockUtils.h>

#include "codegen/avx512.h"
#include "codegen/quick_division.h"

namespace nnc {
namespace {

// Cycles that whole vectors take: an instruction on the two ports, which are never both busy all the time, and division and
// square root on the divider, beside their three instructions to the ports.
constexpr double kPort = 0.6, kDivision = 10.8, kSquareRoot = 13.4, kTheirPorts = 3 * kPort;
// A quick division, and what is left of it in a loop over one divisor.
constexpr double kQuick = 16 * kPort, kQuickByOne = 9 * kPort;
// What a division must gain, and what all of a block's must leave of its time, to be worth their code.
constexpr double kGain = 1, kLeft = 0.9;

// Only Intel's processors are all known to estimate reciprocals alike; LLVM calls those with AVX-512 lakes and rapids.
bool has_quick_division(const llvm::Function& f) {
  llvm::StringRef cpu = f.getFnAttribute("target-cpu").getValueAsString();
  return is_for_avx512(f) && (cpu.contains("lake") || cpu.contains("rapids"));
}

bool is_whole_vector(const llvm::Type* type) {
  auto* vector = llvm::dyn_cast<llvm::FixedVectorType>(type);
  return vector && vector->getNumElements() == 16 && vector->getElementType()->isFloatTy();
}

bool is_division(const llvm::Instruction& i) {
  return i.getOpcode() == llvm::Instruction::FDiv && is_whole_vector(i.getType());
}

bool is_square_root(const llvm::Instruction& i) {
  auto* call = llvm::dyn_cast<llvm::IntrinsicInst>(&i);
  return call && call->getIntrinsicID() == llvm::Intrinsic::sqrt && is_whole_vector(i.getType());
}

// Negations are part of multiply-adds, and a number is spread over lanes by two operations of which one costs.
bool takes_port(const llvm::Instruction& i) {
  if (i.mayReadOrWriteMemory() || i.getNumOperands() == 0) return false;
  if (llvm::isa<llvm::PHINode, llvm::BitCastInst, llvm::InsertElementInst>(i)) return false;
  return i.getOpcode() != llvm::Instruction::FNeg &&
         (i.getType()->isVectorTy() || i.getOperand(0)->getType()->isVectorTy());
}

struct Work {
  double divider = 0, ports = 0;
  double cycles() const { return std::max(divider, ports); }
};

Work work_of(const llvm::BasicBlock& block) {
  Work work;
  for (const llvm::Instruction& i : block) {
    double divider = is_division(i) ? kDivision : is_square_root(i) ? kSquareRoot : 0;
    work.divider += divider;
    work.ports += divider > 0 ? kTheirPorts : takes_port(i) ? kPort : 0;
  }
  return work;
}

bool divides_by_one(const llvm::Instruction& division, const llvm::Loop& loop) {
  return loop.isLoopInvariant(division.getOperand(1));
}

// A loop that asks memory ahead waits for memory, and the more instructions are on their way the fewer loads are.
bool waits_for_memory(const llvm::BasicBlock& block) {
  return llvm::any_of(block, [](const llvm::Instruction& i) {
    auto* call = llvm::dyn_cast<llvm::IntrinsicInst>(&i);
    return call && call->getIntrinsicID() == llvm::Intrinsic::prefetch;
  });
}

// The divisions of a block in a loop that are to be quick: as many as make it so.
std::vector<llvm::Instruction*> worth_turning(llvm::BasicBlock& block, const llvm::Loop& loop) {
  std::vector<llvm::Instruction*> divisions, chosen;
  for (llvm::Instruction& i : block)
    if (is_division(i)) divisions.push_back(&i);
  if (divisions.empty() || waits_for_memory(block)) return {};
  std::stable_partition(divisions.begin(), divisions.end(),
                        [&](const llvm::Instruction* d) { return divides_by_one(*d, loop); });
  Work before = work_of(block), work = before;
  for (llvm::Instruction* d : divisions) {
    double quick = divides_by_one(*d, loop) ? kQuickByOne : kQuick;
    Work next{work.divider - kDivision, work.ports - kTheirPorts + quick};
    if (next.cycles() + kGain > work.cycles()) break;
    chosen.push_back(d);
    work = next;
  }
  if (work.cycles() > kLeft * before.cycles()) return {};
  return chosen;
}

// Reciprocals are made where their divisor is, once for each.
class Turner {
 public:
  Turner(llvm::DominatorTree& tree, llvm::LoopInfo& loops)
      : updates_(tree, llvm::DomTreeUpdater::UpdateStrategy::Eager), loops_(loops) {}

  // The division itself moves to a block of its own, for vectors with a lane in doubt.
  void turn(llvm::Instruction* division) {
    IR ir(division);
    Vec a{&ir, division->getOperand(0)}, b{&ir, division->getOperand(1)};
    Quotient quick = quick_quotient(a, b, reciprocal_of(ir, b.value));
    llvm::BasicBlock* before = division->getParent();
    llvm::MDNode* unlikely = llvm::MDBuilder(ir.getContext()).createUnlikelyBranchWeights();
    llvm::Instruction* end = llvm::SplitBlockAndInsertIfThen(
        any_of(quick.doubtful).value, division->getIterator(), false, unlikely, &updates_, &loops_);
    ir.SetInsertPoint(division);
    llvm::PHINode* result = ir.CreatePHI(division->getType(), 2);
    division->replaceAllUsesWith(result);
    division->moveBefore(end);
    result->addIncoming(quick.value.value, before);
    result->addIncoming(division, end->getParent());
  }

 private:
  Reciprocal reciprocal_of(IR& ir, llvm::Value* divisor) {
    auto [it, inserted] = reciprocals_.try_emplace(divisor);
    if (inserted) {
      IR::InsertPointGuard back(ir);
      ir.SetInsertPoint(after(ir, divisor));
      it->second = reciprocal({&ir, divisor});
    }
    auto [value, imprecise] = it->second;
    return {{&ir, value.value}, {&ir, imprecise.value}};
  }

  static llvm::Instruction* after(IR& ir, llvm::Value* value) {
    if (auto* made = llvm::dyn_cast<llvm::Instruction>(value)) return &**made->getInsertionPointAfterDef();
    return &*ir.GetInsertBlock()->getParent()->getEntryBlock().getFirstInsertionPt();
  }

  llvm::DomTreeUpdater updates_;
  llvm::LoopInfo& loops_;
  std::map<llvm::Value*, Reciprocal> reciprocals_;
};

}  // namespace

llvm::PreservedAnalyses BalanceDivisions::run(llvm::Function& function,
                                              llvm::FunctionAnalysisManager& analyses) {
  if (!has_quick_division(function)) return llvm::PreservedAnalyses::all();
  auto& loops = analyses.getResult<llvm::LoopAnalysis>(function);
  std::vector<llvm::Instruction*> chosen;
  for (llvm::BasicBlock& block : function) {
    const llvm::Loop* loop = loops.getLoopFor(&block);
    if (loop != nullptr) llvm::append_range(chosen, worth_turning(block, *loop));
  }
  if (chosen.empty()) return llvm::PreservedAnalyses::all();
  Turner turner(analyses.getResult<llvm::DominatorTreeAnalysis>(function), loops);
  for (llvm::Instruction* division : chosen) turner.turn(division);
  return llvm::PreservedAnalyses::none();
}

}  // namespace nnc
