#include "codegen/compile.h"

#include <algorithm>

#include <llvm/Analysis/AliasAnalysis.h>
#include <llvm/Analysis/BasicAliasAnalysis.h>
#include <llvm/Analysis/ScopedNoAliasAA.h>
#include <llvm/CodeGen/MachineModuleInfo.h>
#include <llvm/CodeGen/Passes.h>
#include <llvm/CodeGen/TargetPassConfig.h>
#include <llvm/IR/DiagnosticInfo.h>
#include <llvm/IR/DiagnosticPrinter.h>
#include <llvm/IR/LegacyPassManager.h>
#include <llvm/IR/Verifier.h>
#include <llvm/MC/TargetRegistry.h>
#include <llvm/Passes/PassBuilder.h>
#include <llvm/Support/CommandLine.h>
#include <llvm/Support/TargetSelect.h>
#include <llvm/Support/raw_ostream.h>
#include <llvm/Target/TargetMachine.h>
#include <llvm/TargetParser/Host.h>
#include <llvm/Transforms/InstCombine/InstCombine.h>
#include <llvm/Transforms/Scalar/EarlyCSE.h>
#include <llvm/Transforms/Scalar/LICM.h>
#include <llvm/Transforms/Scalar/LoopPassManager.h>
#include <llvm/Transforms/Scalar/LoopStrengthReduce.h>
#include <llvm/Transforms/Scalar/SimplifyCFG.h>

#if LLVM_VERSION_MAJOR >= 20
#include <llvm/CodeGen/CodeGenTargetMachineImpl.h>
#endif

#include "codegen/balance_divisions.h"
#include "codegen/emit.h"
#include "ir/error.h"

namespace nnc {
namespace {

// The class that puts code generation together, by its name of each release.
#if LLVM_VERSION_MAJOR < 20
using CodeGenMachine = llvm::LLVMTargetMachine;
#else
using CodeGenMachine = llvm::CodeGenTargetMachineImpl;
#endif

// LLVM's strength reduction takes longer than most other passes together, and is run where it pays alone. There is no
// other switch than that of its command line.
void leave_out_strength_reduction() {
  auto option = llvm::cl::getRegisteredOptions().find("disable-lsr");
  if (option == llvm::cl::getRegisteredOptions().end()) return;
  static_cast<llvm::cl::opt<bool>*>(option->second)->setValue(true);
}

// LLVM's tables of targets are its own, filled once per process.
void initialize_llvm() {
  static const bool done = [] {
    leave_out_strength_reduction();
    return !llvm::InitializeNativeTarget() && !llvm::InitializeNativeTargetAsmPrinter();
  }();
  if (!done) throw Error("LLVM was built without this machine's target");
}

// Errors that LLVM reports about a function are kept instead of printed.
struct Diagnostics : llvm::DiagnosticHandler {
  explicit Diagnostics(std::string& errors) : errors(errors) {}
  bool handleDiagnostics(const llvm::DiagnosticInfo& info) override {
    if (info.getSeverity() != llvm::DS_Error) return true;
    llvm::raw_string_ostream out(errors);
    llvm::DiagnosticPrinterRawOStream printer(out);
    info.print(printer);
    return true;
  }
  std::string& errors;
};

// Buffers are told apart by their scopes: looked at first, they spare the walk along addresses.
llvm::AAManager alias_analysis() {
  llvm::AAManager out;
  out.registerFunctionAnalysis<llvm::ScopedNoAliasAA>();
  out.registerFunctionAnalysis<llvm::BasicAA>();
  return out;
}

// Innermost loops that carry vectors, sums above all, are where a kernel spends its time: an address there must not cost
// an instruction.
struct ReduceHotLoops : llvm::PassInfoMixin<ReduceHotLoops> {
  llvm::PreservedAnalyses run(llvm::Loop& loop, llvm::LoopAnalysisManager& analyses,
                              llvm::LoopStandardAnalysisResults& results, llvm::LPMUpdater& updater) {
    auto carries_vector = [](const llvm::PHINode& phi) { return phi.getType()->isVectorTy(); };
    if (!loop.isInnermost() || llvm::none_of(loop.getHeader()->phis(), carries_vector))
      return llvm::PreservedAnalyses::all();
    return llvm::LoopStrengthReducePass().run(loop, analyses, results, updater);
  }
};

// What is left to do for kernels that are vectorised and blocked already: merge equal address arithmetic,
// simplify it, and take what is constant out of loops.
void optimize(llvm::Module& module, llvm::TargetMachine& machine) {
  llvm::PassBuilder passes(&machine);
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager sccs;
  llvm::ModuleAnalysisManager modules;
  functions.registerPass(alias_analysis);
  passes.registerModuleAnalyses(modules);
  passes.registerCGSCCAnalyses(sccs);
  passes.registerFunctionAnalyses(functions);
  passes.registerLoopAnalyses(loops);
  passes.crossRegisterProxies(loops, functions, sccs, modules);

  llvm::FunctionPassManager pipeline;
  pipeline.addPass(llvm::EarlyCSEPass(true));
  pipeline.addPass(llvm::InstCombinePass());
  pipeline.addPass(llvm::SimplifyCFGPass());
  pipeline.addPass(llvm::createFunctionToLoopPassAdaptor(llvm::LICMPass(llvm::LICMOptions()), true));
  pipeline.addPass(BalanceDivisions());
  pipeline.addPass(llvm::EarlyCSEPass(true));
  pipeline.addPass(llvm::createFunctionToLoopPassAdaptor(ReduceHotLoops()));
  for (llvm::Function& f : module) {
    if (!f.isDeclaration()) pipeline.run(f, functions);
  }
}

template <class F>
void for_each_inst(const loop::Block& block, const F& f) {
  for (const loop::Inst& i : block.insts) {
    f(i);
    for (const loop::Block& inner : i.blocks) for_each_inst(inner, f);
  }
}

// Constants (patterns of shuffles) hoisted out of all loops would take registers from one whose sums fill them. Where
// there is arithmetic behind the sums, its own constants are worth more outside of its loops.
bool hoists_constants(const loop::Kernel& kernel, const Target& target) {
  size_t most_carried = 0;
  bool arithmetic = false;
  for_each_inst(kernel.body, [&](const loop::Inst& i) {
    if (i.code == loop::Code::For) most_carried = std::max(most_carried, i.results.size());
    arithmetic = arithmetic || (i.code == loop::Code::Apply && i.type.lanes > 1 && is_float(i.type.dtype));
  });
  return arithmetic || 4 * most_carried < 3 * static_cast<size_t>(target.vector_registers);
}

// As TargetMachine::addPassesToEmitFile(), but that it can leave constants where they are used.
std::string generate(llvm::Module& module, CodeGenMachine& machine, llvm::CodeGenFileType type,
                     bool hoist_constants) {
  llvm::SmallString<0> bytes;
  llvm::raw_svector_ostream out(bytes);
  llvm::legacy::PassManager pipeline;
  auto* info = new llvm::MachineModuleInfoWrapperPass(&machine);  // both are the pipeline's
  llvm::TargetPassConfig* config = machine.createPassConfig(pipeline);
  if (!hoist_constants) config->disablePass(&llvm::EarlyMachineLICMID);
  pipeline.add(config);
  pipeline.add(info);
  bool failed = config->addISelPasses();
  if (!failed) config->addMachinePasses();
  config->setInitialized();
  if (failed || machine.addAsmPrinter(pipeline, out, nullptr, type, info->getMMI().getContext()))
    throw Error("LLVM cannot write code for this machine");
  pipeline.add(llvm::createFreeMachineFunctionPass());
  pipeline.run(module);
  return std::string(bytes);
}

std::string text_of(const llvm::Module& module) {
  std::string text;
  llvm::raw_string_ostream out(text);
  module.print(out, nullptr);
  return text;
}

std::string output_of(llvm::Module& module, CodeGenMachine& machine, CodeForm form, bool hoist_constants) {
  switch (form) {
    case CodeForm::Llvm:
      return text_of(module);
    case CodeForm::Assembly:
      return generate(module, machine, llvm::CodeGenFileType::AssemblyFile, hoist_constants);
    case CodeForm::Object:
      return generate(module, machine, llvm::CodeGenFileType::ObjectFile, hoist_constants);
  }
  return {};
}

std::unique_ptr<llvm::TargetMachine> make_target_machine(const Target& target) {
  initialize_llvm();
  std::string triple = llvm::sys::getProcessTriple(), error;
  const llvm::Target* llvm_target = llvm::TargetRegistry::lookupTarget(triple, error);
  if (llvm_target == nullptr) throw Error("LLVM: " + error);
  llvm::TargetOptions options;
  options.AllowFPOpFusion = llvm::FPOpFusion::Strict;
  return std::unique_ptr<llvm::TargetMachine>(
      llvm_target->createTargetMachine(triple, target.cpu, target.features, options, llvm::Reloc::PIC_,
                                       llvm::CodeModel::Small, llvm::CodeGenOptLevel::Default));
}

}  // namespace

struct Compiler::Machine {
  explicit Machine(const Target& target) : owner(make_target_machine(target)) {}
  CodeGenMachine& get() { return static_cast<CodeGenMachine&>(*owner); }
  std::unique_ptr<llvm::TargetMachine> owner;
};

Compiler::Compiler(Target target) : target_(std::move(target)) {}
Compiler::~Compiler() = default;

std::string Compiler::compile(const loop::Kernel& kernel, const std::string& symbol, CodeForm form) {
  if (!machine_) machine_ = std::make_unique<Machine>(target_);
  CodeGenMachine& machine = machine_->get();
  std::string errors;
  llvm::LLVMContext context;
  context.setDiagnosticHandler(std::make_unique<Diagnostics>(errors));
  std::unique_ptr<llvm::Module> module = emit(kernel, target_, symbol, context);
  module->setTargetTriple(machine.getTargetTriple().str());
  module->setDataLayout(machine.createDataLayout());
  assert(!llvm::verifyModule(*module, &llvm::errs()));
  optimize(*module, machine);
  std::string result = output_of(*module, machine, form, hoists_constants(kernel, target_));
  if (!errors.empty()) throw Error("LLVM could not compile kernel " + kernel.name + ": " + errors);
  return result;
}

}  // namespace nnc
