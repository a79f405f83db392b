#include "codegen/compile.h"

#include <llvm/IR/DiagnosticInfo.h>
#include <llvm/IR/DiagnosticPrinter.h>
#include <llvm/IR/LegacyPassManager.h>
#include <llvm/IR/Verifier.h>
#include <llvm/MC/TargetRegistry.h>
#include <llvm/Passes/PassBuilder.h>
#include <llvm/Support/TargetSelect.h>
#include <llvm/Support/raw_ostream.h>
#include <llvm/TargetParser/Host.h>
#include <llvm/Transforms/InstCombine/InstCombine.h>
#include <llvm/Transforms/Scalar/EarlyCSE.h>
#include <llvm/Transforms/Scalar/LICM.h>
#include <llvm/Transforms/Scalar/LoopPassManager.h>
#include <llvm/Transforms/Scalar/SimplifyCFG.h>

#include "codegen/emit.h"
#include "ir/error.h"

namespace nnc {
namespace {

// LLVM's tables of targets are its own, filled once per process.
void initialize_llvm() {
  static const bool done = [] {
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

// What is left to do for kernels that are vectorised and blocked already: merge equal address arithmetic,
// simplify it, and take what is constant out of loops.
void optimize(llvm::Module& module, llvm::TargetMachine& machine) {
  llvm::PassBuilder passes(&machine);
  llvm::LoopAnalysisManager loops;
  llvm::FunctionAnalysisManager functions;
  llvm::CGSCCAnalysisManager sccs;
  llvm::ModuleAnalysisManager modules;
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
  pipeline.addPass(llvm::EarlyCSEPass(true));
  for (llvm::Function& f : module) {
    if (!f.isDeclaration()) pipeline.run(f, functions);
  }
}

std::string generate(llvm::Module& module, llvm::TargetMachine& machine, llvm::CodeGenFileType type) {
  llvm::SmallString<0> bytes;
  llvm::raw_svector_ostream out(bytes);
  llvm::legacy::PassManager pipeline;
  if (machine.addPassesToEmitFile(pipeline, out, nullptr, type))
    throw Error("LLVM cannot write code for this machine");
  pipeline.run(module);
  return std::string(bytes);
}

std::string text_of(const llvm::Module& module) {
  std::string text;
  llvm::raw_string_ostream out(text);
  module.print(out, nullptr);
  return text;
}

std::string output_of(llvm::Module& module, llvm::TargetMachine& machine, Output output) {
  switch (output) {
    case Output::Llvm:
      return text_of(module);
    case Output::Assembly:
      return generate(module, machine, llvm::CodeGenFileType::AssemblyFile);
    case Output::Object:
      return generate(module, machine, llvm::CodeGenFileType::ObjectFile);
  }
  return {};
}

}  // namespace

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

std::string compile_kernel(const loop::Kernel& kernel, const Target& target, const std::string& symbol,
                           Output output) {
  std::unique_ptr<llvm::TargetMachine> machine = make_target_machine(target);
  std::string errors;
  llvm::LLVMContext context;
  context.setDiagnosticHandler(std::make_unique<Diagnostics>(errors));
  std::unique_ptr<llvm::Module> module = emit(kernel, target, symbol, context);
  module->setTargetTriple(machine->getTargetTriple().str());
  module->setDataLayout(machine->createDataLayout());
  assert(!llvm::verifyModule(*module, &llvm::errs()));
  optimize(*module, *machine);
  std::string result = output_of(*module, *machine, output);
  if (!errors.empty()) throw Error("LLVM could not compile kernel " + kernel.name + ": " + errors);
  return result;
}

}  // namespace nnc
