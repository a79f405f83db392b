// Makes graphs runnable: interpreted as they are, or compiled by the pipeline with fusion or without. An engine
// owns the threads and the compiled code of one session; its functions share them, and equal kernels of different
// functions are compiled once.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "codegen/compile_program.h"
#include "ir/interpreter.h"
#include "runtime/thread_pool.h"

namespace nnc {

enum class ExecutionMode : uint8_t { Fused, Unfused, Interpreted };
template <>
struct EnumNames<ExecutionMode> {
  static constexpr std::string_view values[] = {"fused", "unfused", "interpreted"};
};
/// Throws Error, listing the modes, for a name that is none.
ExecutionMode execution_mode_from_name(const std::string& name);

struct EngineOptions {
  ExecutionMode mode = ExecutionMode::Fused;
  int threads = 0;                    // 0: every available processor
  std::string target = "host";        // see Target::named
  std::optional<CacheOptions> cache;  // of compiled objects; unset: what the environment says
};

/// All state of a model by path. Tensors stay where they are for as long as the object lives.
using State = NamedTensors;

/// One entry of a compiled program and what a run of it spends there.
struct KernelProfile {
  std::string name, parts;  // the region, and what was fused into it
  std::string kind;
  double seconds = 0;           // per run of the program, over all its calls; the median of the runs
  double flops = 0, bytes = 0;  // per run
  int64_t calls = 0;            // per run
  int threads = 1;
};

/// A graph ready to run over state that lives elsewhere.
class Function {
 public:
  virtual ~Function() = default;
  /// Runs once. `inputs` in the order of the graph's inputs, each of the size `dims` gives it; state is read and
  /// written in place. Throws Error for an index out of range, naming the op, and for extents that are too large.
  virtual void run(std::span<const std::byte* const> inputs, const Bindings& dims) = 0;
  /// Runs `runs` times and says what each kernel took; nothing where no kernels were compiled.
  virtual std::vector<KernelProfile> profile(std::span<const std::byte* const> inputs, const Bindings& dims,
                                             int runs) = 0;
  /// Where output number i (state writes not counted) lies until the next run.
  virtual const std::byte* output(size_t index) const = 0;
  /// Names and types of those outputs.
  const std::vector<Port>& outputs() const { return outputs_; }
  /// The value of a scalar output as a double.
  double scalar(size_t index) const;

 protected:
  std::vector<Port> outputs_;
};

struct CompileStats {
  size_t kernels = 0;  // distinct functions
  size_t cached = 0;   // those of them that earlier processes had compiled
  double seconds = 0;  // from graph to machine code
  size_t arena_bytes = 0;
};

class Engine {
 public:
  explicit Engine(EngineOptions options);

  const EngineOptions& options() const { return options_; }
  int threads() const { return pool_->size(); }
  /// `state` outlives the function and holds every param of the graph, of its type. `max_dims` bounds the extents
  /// of every symbol; tiles are chosen for `expected` where given.
  std::unique_ptr<Function> prepare(const Graph& graph, State& state, const Bindings& max_dims,
                                    const Bindings& expected = {});
  const CompileStats& stats() const { return stats_; }

 private:
  EngineOptions options_;
  std::unique_ptr<ThreadPool> pool_;
  std::shared_ptr<Jit> jit_;
  CompileStats stats_;
};

/// Adds zeros for every param of the graph that `state` lacks.
void add_missing_state(const Graph& graph, State& state);

}  // namespace nnc
