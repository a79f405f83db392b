#include "runtime/engine.h"

#include <algorithm>
#include <chrono>
#include <cstring>

#include <fmt/format.h>

#include "ir/bind.h"
#include "ir/error.h"
#include "passes/pipeline.h"
#include "runtime/executor.h"

namespace nnc {
namespace {

std::vector<Port> plain_outputs(const Graph& graph) {
  std::vector<Port> out;
  for (const Output& o : graph.outputs()) {
    if (!o.state_write) out.push_back({o.name, graph.type(o.value), -1});
  }
  return out;
}

Tensor& state_of(State& state, const std::string& path) {
  auto it = state.find(path);
  if (it == state.end()) throw Error(fmt::format("the state has no '{}'", path));
  return it->second;
}

class CompiledFunction : public Function {
 public:
  CompiledFunction(std::shared_ptr<const Program> program, ThreadPool& pool, State& state)
      : executor_(std::move(program), pool, pool.size()) {
    outputs_ = executor_.program().outputs;
    const std::vector<Port>& ports = executor_.program().state;
    for (size_t i = 0; i < ports.size(); ++i)
      executor_.bind_state(i, state_of(state, ports[i].name).bytes().data());
  }

  void run(std::span<const std::byte* const> inputs, const Bindings& dims) override {
    bind(inputs, dims);
    check(executor_.run());
  }

  std::vector<KernelProfile> profile(std::span<const std::byte* const> inputs, const Bindings& dims,
                                     int runs) override {
    bind(inputs, dims);
    const std::vector<Call>& calls = executor_.program().calls;
    std::vector<std::vector<double>> seconds(calls.size());
    std::vector<CallTime> times(calls.size());
    for (int run = 0; run < runs; ++run) {
      times.assign(calls.size(), {});
      check(executor_.run_timed(times));
      for (size_t i = 0; i < calls.size(); ++i) seconds[i].push_back(times[i].seconds);
    }
    std::vector<KernelProfile> out;
    for (size_t i = 0; i < calls.size(); ++i) out.push_back(profile_of(i, times[i].count, dims, seconds[i]));
    return out;
  }

  const std::byte* output(size_t index) const override { return executor_.output(index); }

 private:
  void bind(std::span<const std::byte* const> inputs, const Bindings& dims) {
    executor_.set_dims(dims);
    for (size_t i = 0; i < inputs.size(); ++i) executor_.bind_input(i, inputs[i]);
  }

  static void check(const Call* fault) {
    if (fault == nullptr) return;
    throw Error(fmt::format("an index is out of range in '{}', line {}", fault->name, fault->loc.line));
  }

  KernelProfile profile_of(size_t i, int64_t count, const Bindings& dims,
                           std::vector<double>& seconds) const {
    const Call& c = executor_.program().calls[i];
    std::nth_element(seconds.begin(), seconds.begin() + static_cast<std::ptrdiff_t>(seconds.size() / 2),
                     seconds.end());
    auto total = [&](const Dim& once) { return static_cast<double>(once.evaluate(dims) * count); };
    return {.name = c.name,
            .parts = c.parts,
            .kind = std::string(name_of_enum(c.kind)),
            .seconds = seconds.empty() ? 0 : seconds[seconds.size() / 2],
            .flops = total(c.kernel.flops),
            .bytes = total(c.kernel.bytes),
            .calls = count,
            .threads = executor_.threads_of(i)};
  }

  Executor executor_;
};

class InterpretedFunction : public Function {
 public:
  InterpretedFunction(const Graph& graph, State& state) : graph_(graph), state_(state) {
    outputs_ = plain_outputs(graph);
  }

  void run(std::span<const std::byte* const> inputs, const Bindings& dims) override {
    NamedTensors named;
    for (size_t i = 0; i < inputs.size(); ++i) {
      const auto& a = graph_.node(graph_.inputs()[i]).as<InputAttrs>();
      Tensor t(a.type.dtype, evaluate(a.type.shape, dims));
      if (!t.bytes().empty()) std::memcpy(t.bytes().data(), inputs[i], t.bytes().size());
      named.insert_or_assign(a.name, std::move(t));
    }
    std::vector<Tensor> results = interpret(graph_, named, state_, {.bindings = dims});
    values_.clear();
    for (size_t i = 0; i < results.size(); ++i) keep(graph_.outputs()[i], std::move(results[i]));
  }

  const std::byte* output(size_t index) const override { return values_[index].bytes().data(); }

  std::vector<KernelProfile> profile(std::span<const std::byte* const>, const Bindings&, int) override {
    return {};
  }

 private:
  // State is overwritten in place: others hold its address.
  void keep(const Output& o, Tensor value) {
    if (!o.state_write) return values_.push_back(std::move(value));
    std::span<std::byte> to = state_of(state_, o.name).bytes();
    if (!to.empty()) std::memcpy(to.data(), value.bytes().data(), to.size());
  }

  const Graph graph_;
  State& state_;
  std::vector<Tensor> values_;
};

}  // namespace

ExecutionMode execution_mode_from_name(const std::string& name) {
  for (ExecutionMode m : {ExecutionMode::Fused, ExecutionMode::Unfused, ExecutionMode::Interpreted}) {
    if (name_of_enum(m) == name) return m;
  }
  throw Error(fmt::format("there is no mode '{}'", name), {"the modes are fused, unfused and interpreted"});
}

double Function::scalar(size_t index) const {
  Literal value{outputs_[index].type.dtype, 0};
  std::memcpy(&value.bits, output(index), size_of(value.dtype));
  return value.as_double();
}

Engine::Engine(EngineOptions options)
    : options_(std::move(options)), pool_(std::make_unique<ThreadPool>(options_.threads)) {
  if (options_.mode == ExecutionMode::Interpreted) return;
  CacheOptions cache = options_.cache ? *options_.cache : CacheOptions::from_environment();
  jit_ = std::make_shared<Jit>(Target::named(options_.target), pool_->size(), std::move(cache));
}

std::unique_ptr<Function> Engine::prepare(const Graph& graph, State& state, const Bindings& max_dims,
                                          const Bindings& expected) {
  if (options_.mode == ExecutionMode::Interpreted) return std::make_unique<InterpretedFunction>(graph, state);
  auto start = std::chrono::steady_clock::now();
  PipelineOptions pipeline;
  pipeline.context.fusion = options_.mode == ExecutionMode::Fused ? FusionMode::Fused : FusionMode::Unfused;
  Graph fused = run_pipeline(graph, pipeline);
  CompileOptions compile{
      .target = jit_->target(), .max_dims = max_dims, .expected = expected, .threads = pool_->size()};
  std::shared_ptr<const Program> program = compile_program(fused, compile, jit_);
  stats_.kernels = jit_->functions();
  stats_.cached = jit_->functions_cached();
  stats_.seconds += std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  stats_.arena_bytes += static_cast<size_t>(program->arena_bytes);
  return std::make_unique<CompiledFunction>(std::move(program), *pool_, state);
}

// By path: an optimizer's moments follow their parameter, and lie apart from it.
void add_missing_state(const Graph& graph, State& state) {
  std::vector<NodeId> params(graph.params().begin(), graph.params().end());
  std::ranges::sort(params, {}, [&](NodeId id) { return graph.node(id).as<ParamAttrs>().path; });
  for (NodeId id : params) {
    const auto& a = graph.node(id).as<ParamAttrs>();
    if (!state.count(a.path)) state.emplace(a.path, Tensor::apart(a.type.dtype, evaluate(a.type.shape, {})));
  }
}

}  // namespace nnc
