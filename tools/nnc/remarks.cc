#include "tools/nnc/remarks.h"

#include "ir/error.h"
#include "runtime/file.h"

namespace nnc::tool {

void RemarkOptions::add_to(CLI::App& command) {
  command
      .add_option("--remarks", kinds,
                  "What the compiler says of its decisions: fuse, why neighbouring kernels are not one")
      ->delimiter(',')
      ->check(one_of({"fuse", "all"}));
}

void print_remarks(const std::vector<Diagnostic>& remarks, const ModelOptions& model) {
  Diagnostics all(model.file, read_file(model.file));
  for (const Diagnostic& d : remarks) all.add(d);
  print_diagnostics(all, model.message_format);
}

void remark_on(const Graph& graph, PassContext context, const RemarkOptions& options,
               const ModelOptions& model) {
  if (!options.wanted()) return;
  if (context.fusion != FusionMode::Fused)
    throw Error("there is nothing to remark on: kernels are fused in mode 'fused' alone",
                {"leave out --remarks, or choose --mode fused"});
  std::vector<Diagnostic> remarks;
  context.remarks = &remarks;
  PipelineOptions pipeline;
  pipeline.context = std::move(context);
  run_pipeline(graph, pipeline);
  print_remarks(remarks, model);
}

}  // namespace nnc::tool
