// A row says how a graph is built and what it reads and writes. Kernel and loop take turns, so that a machine that
// drifts does so for both; `ratio` is the loop's median time over the kernel's. Rows marked "compute" have more
// arithmetic than the loop leaves time for on the machines that we know.
#include "tools/bench_streams.h"

#include <algorithm>
#include <chrono>
#include <memory>

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "codegen/compile_program.h"
#include "ir/composites/activations.h"
#include "ir/composites/class_losses.h"
#include "ir/composites/normalization.h"
#include "ir/optimizers.h"
#include "passes/differentiate.h"
#include "passes/pipeline.h"
#include "runtime/executor.h"
#include "tools/gemm_call.h"
#include "tools/stream.h"

namespace nnc::tool {
namespace {

struct Row {
  const char* name;
  void (*build)(Net& net, const Shape& shape);
  int reads, writes;
  bool in_place = false;  // the arrays written are the first of those read
};

Value input(Net& net, const char* name, const Shape& shape) {
  return net.b().input(name, {DType::F32, shape});
}

void relu_row(Net& net, const Shape& shape) { net.add_output("y", relu(net.b(), input(net, "x", shape))); }

void add_row(Net& net, const Shape& shape) {
  net.add_output("y", net.b().add(input(net, "x", shape), input(net, "z", shape)));
}

void bias_relu_row(Net& net, const Shape& shape) {
  Value bias = input(net, "bias", {shape.back()});
  net.add_output("y", relu(net.b(), net.b().add(input(net, "x", shape), bias)));
}

// x (z + 3) with a residual, clamped: seven operations on two operands.
void chain_row(Net& net, const Shape& shape) {
  Builder& b = net.b();
  Value x = input(net, "x", shape), z = input(net, "z", shape), three = b.scalar(DType::F32, 3);
  Value product = b.mul(x, b.add(z, three));
  Value scaled = b.sub(b.mul(product, b.scalar(DType::F32, 0.3)), z);
  net.add_output("y", b.min(b.max(b.add(scaled, x), b.scalar(DType::F32, -4)), three));
}

void exp_row(Net& net, const Shape& shape) { net.add_output("y", net.b().exp(input(net, "x", shape))); }
void gelu_row(Net& net, const Shape& shape) { net.add_output("y", gelu(net.b(), input(net, "x", shape))); }
void tanh_exp_row(Net& net, const Shape& shape) {
  Builder& b = net.b();
  net.add_output("y", b.unary(Op::Tanh, b.add(b.exp(input(net, "x", shape)), input(net, "z", shape))));
}

void sum_row(Net& net, const Shape& shape) {
  std::vector<int64_t> axes;
  for (size_t i = 0; i < shape.size(); ++i) axes.push_back(static_cast<int64_t>(i));
  net.add_output("y", net.b().reduce_add(input(net, "x", shape), axes));
}
void sum_rows_row(Net& net, const Shape& shape) {
  net.add_output("y", net.b().reduce_add(input(net, "x", shape), {1}));
}
void sum_columns_row(Net& net, const Shape& shape) {
  net.add_output("y", net.b().reduce_add(input(net, "x", shape), {0}));
}

void softmax_row(Net& net, const Shape& shape) {
  net.add_output("y", softmax(net.b(), input(net, "x", shape)));
}

void layer_norm_row(Net& net, const Shape& shape) {
  net.add_output("y", layer_norm(net, input(net, "x", shape), 1e-5, true));
}

void rms_norm_row(Net& net, const Shape& shape) {
  net.add_output("y", rms_norm(net, input(net, "x", shape), std::nullopt, true));
}

void layer_norm_gradient_row(Net& net, const Shape& shape) {
  Value x = input(net, "x", shape), dy = input(net, "dy", shape);
  Value y = layer_norm(net, x, 1e-5, false);
  net.add_output("dx", gradients(net.b(), y, {x}, dy)[0]);
}

// The gradient takes the place of the logits, as it does where a product made them.
void cross_entropy_row(Net& net, const Shape& shape) {
  Value logits = net.b().param("logits", {DType::F32, shape});
  Value loss = cross_entropy(net, logits, net.b().input("label", {DType::I32, {shape[0]}}));
  net.add_output("loss", loss);
  net.b().graph().add_output({"logits", gradients(net.b(), loss, {logits})[0], true});
}

// As a training step updates one parameter.
void update(Net& net, const Shape& shape, const OptimizerSpec& spec) {
  Builder& b = net.b();
  Value w = b.param("w", {DType::F32, shape}), g = input(net, "g", shape);
  Value rate = b.input("rate", {DType::F64, {}}), step = b.input("step", {DType::I64, {}});
  Value finite = b.unary(Op::IsFinite, b.input("loss", {DType::F32, {}}));
  Update u = apply_optimizer(b, spec, w, g, rate, step);
  b.graph().add_output({"w", b.select(finite, u.param, w), true});
  for (const auto& [path, value] : u.state)
    b.graph().add_output({path, b.select(finite, value, b.param(path, b.type(value), false)), true});
}

void sgd_row(Net& net, const Shape& shape) { update(net, shape, {"sgd", {}}); }
void momentum_row(Net& net, const Shape& shape) { update(net, shape, {"sgd", {{"momentum", 0.9}}}); }
void adam_row(Net& net, const Shape& shape) { update(net, shape, {"adam", {}}); }
void adamw_row(Net& net, const Shape& shape) { update(net, shape, {"adamw", {}}); }

constexpr Row kPointwise[] = {{"relu", relu_row, 1, 1},
                              {"add", add_row, 2, 1},
                              {"bias relu", bias_relu_row, 1, 1},
                              {"chain of 7", chain_row, 2, 1},
                              {"exp", exp_row, 1, 1},
                              {"gelu (compute)", gelu_row, 1, 1},
                              {"exp add tanh (compute)", tanh_exp_row, 2, 1},
                              {"sum", sum_row, 1, 0},
                              {"row sums", sum_rows_row, 1, 0},
                              {"column sums", sum_columns_row, 1, 0},
                              {"softmax", softmax_row, 1, 1},
                              {"layer_norm", layer_norm_row, 1, 1},
                              {"rms_norm", rms_norm_row, 1, 1},
                              {"layer_norm gradient", layer_norm_gradient_row, 2, 1},
                              {"sgd", sgd_row, 2, 1, true},
                              {"momentum", momentum_row, 3, 2, true},
                              {"adam", adam_row, 4, 3, true},
                              {"adamw", adamw_row, 4, 3, true}};
constexpr Row kCrossEntropy = {"cross_entropy with gradient (compute)", cross_entropy_row, 1, 1, true};

// A compiled row with its memory.
class StreamRun {
 public:
  StreamRun(const Row& row, const Shape& shape, int threads)
      : row_(row), pool_(threads), elements_(element_count(shape).value()) {
    Net net(row.name, Mode::Train);
    row.build(net, shape);
    Graph fused = run_pipeline(net.take_graph(), {});
    CompileOptions options{Target::host(), {}, {}};
    program_ = compile_program(fused, options, std::make_shared<Jit>(options.target));
    executor_ = std::make_unique<Executor>(program_, pool_, threads);
    for (size_t i = 0; i < program_->state.size(); ++i) executor_->bind_state(i, memory(program_->state[i]));
    for (size_t i = 0; i < program_->inputs.size(); ++i)
      executor_->bind_input(i, memory(program_->inputs[i]));
    executor_->run();
    collect_arrays();
  }

  void kernel() { executor_->run(); }
  bool stream(Stores stores) {
    Stream f = find_stream(row_.reads, row_.writes, stores);
    if (f == nullptr) return false;
    pool_.parallel(pool_.size(), [&](int thread, int count) {
      int64_t rounds = elements_ / 64;
      f(reads_.data(), writes_.data(), rounds * thread / count * 64, rounds * (thread + 1) / count * 64);
    });
    return true;
  }
  double bytes() const { return 4.0 * static_cast<double>(elements_) * (row_.reads + row_.writes); }

 private:
  // Numbers that every row can do with: floats normal and not negative, integers one.
  void* memory(const Port& port) {
    std::vector<int64_t> shape;
    for (const Dim& d : port.type.shape) shape.push_back(d.value());
    bool large = is_float(port.type.dtype) && element_count(port.type.shape).value() > 1;
    tensors_.push_back(large ? random_tensor(port.type.dtype, shape)
                             : Tensor::filled(shape, one(port.type.dtype)));
    Tensor& t = tensors_.back();
    if (large)
      std::for_each(t.as<float>().begin(), t.as<float>().end(), [](float& x) { x = x < 0 ? -x : x; });
    return t.bytes().data();
  }
  static Literal one(DType dtype) { return Literal::from_int(dtype, 1); }

  void collect_arrays() {
    for (Tensor& t : tensors_) {
      if (t.count() == elements_) reads_.push_back(t.as<float>().data());
    }
    for (size_t i = 0; i < program_->outputs.size() && !row_.in_place; ++i) {
      auto* output = reinterpret_cast<const float*>(executor_->output(i));
      writes_.push_back(const_cast<float*>(output));
    }
    for (int i = 0; i < row_.writes && row_.in_place; ++i) writes_.push_back(const_cast<float*>(reads_[i]));
  }

  const Row& row_;
  ThreadPool pool_;
  int64_t elements_;
  std::shared_ptr<const Program> program_;
  std::unique_ptr<Executor> executor_;
  std::vector<Tensor> tensors_;
  std::vector<const float*> reads_;
  std::vector<float*> writes_;
};

// Seconds of one call, once calls of its own have left the caches the way they stay.
template <class F>
double seconds_of(F&& run, int calls) {
  using Clock = std::chrono::steady_clock;
  for (int i = 0; i < 3; ++i) run();
  auto start = Clock::now();
  for (int i = 0; i < calls; ++i) run();
  return std::chrono::duration<double>(Clock::now() - start).count() / calls;
}

double median(std::vector<double> v) {
  std::nth_element(v.begin(), v.begin() + static_cast<ptrdiff_t>(v.size() / 2), v.end());
  return v[v.size() / 2];
}

void compare(benchmark::State& state, const Row& row, const Shape& shape, int threads) {
  StreamRun run(row, shape, threads);
  int calls = static_cast<int>(std::clamp(64e6 / run.bytes(), 1.0, 500.0));
  std::vector<double> kernel, plain, direct;
  for (auto _ : state) {
    kernel.push_back(seconds_of([&] { run.kernel(); }, calls));
    plain.push_back(seconds_of([&] { run.stream(Stores::Plain); }, calls));
    if (!row.in_place && find_stream(row.reads, row.writes, Stores::NonTemporal) != nullptr)
      direct.push_back(seconds_of([&] { run.stream(Stores::NonTemporal); }, calls));
    state.SetIterationTime(kernel.back());
  }
  double best = median(plain);
  if (!direct.empty()) best = std::min(best, median(direct));
  state.counters["GB/s"] = run.bytes() / median(kernel) * 1e-9;
  state.counters["stream"] = run.bytes() / best * 1e-9;
  state.counters["ratio"] = best / median(kernel);
}

void add(const Row& row, const Shape& shape, const std::string& size) {
  for (int threads : {1, 2}) {
    if (threads > available_processors()) continue;
    std::string name = fmt::format("{} {} threads:{}", row.name, size, threads);
    benchmark::RegisterBenchmark(name.c_str(), compare, row, shape, threads)
        ->UseManualTime()
        ->Unit(benchmark::kMillisecond)
        ->Iterations(9);
  }
}

}  // namespace

void register_streams() {
  for (const Row& row : kPointwise) {
    for (int64_t kib : {256, 2048, 16384, 65536})
      add(row, {kib / 4, 1024}, kib < 1024 ? fmt::format("{} KiB", kib) : fmt::format("{} MiB", kib / 1024));
  }
  add(kCrossEntropy, {512, 28996}, "512x28996");
}

}  // namespace nnc::tool
