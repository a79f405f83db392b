// A warm training step asks the system for nothing: no allocation on any thread and no page fault. Every way to
// allocate is counted here, for the whole test program.
#include <sys/mman.h>
#include <sys/resource.h>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <numeric>

#include <gtest/gtest.h>

#include "codegen/compile_program.h"
#include "passes/pipeline.h"
#include "runtime/data_source.h"
#include "runtime/file.h"
#include "runtime/trainer.h"
#include "tests/ir/model_text.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define NNC_SANITIZED
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define NNC_SANITIZED
#endif

#if !defined(NNC_SANITIZED) && defined(__GLIBC__)
#define NNC_COUNTS_ALLOCATIONS
namespace {
std::atomic<int64_t> allocations{0};
}
// operator new ends in these too. Libraries call them only if they are visible.
#pragma GCC visibility push(default)
extern "C" {
void* __libc_malloc(size_t);
void* __libc_calloc(size_t, size_t);
void* __libc_realloc(void*, size_t);
void* __libc_memalign(size_t, size_t);

void* malloc(size_t size) { return allocations.fetch_add(1, std::memory_order_relaxed), __libc_malloc(size); }
void* calloc(size_t n, size_t size) {
  return allocations.fetch_add(1, std::memory_order_relaxed), __libc_calloc(n, size);
}
void* realloc(void* old, size_t size) {
  return allocations.fetch_add(1, std::memory_order_relaxed), __libc_realloc(old, size);
}
void* memalign(size_t alignment, size_t size) {
  return allocations.fetch_add(1, std::memory_order_relaxed), __libc_memalign(alignment, size);
}
void* aligned_alloc(size_t alignment, size_t size) { return memalign(alignment, size); }
int posix_memalign(void** out, size_t alignment, size_t size) {
  *out = memalign(alignment, size);
  return *out == nullptr ? ENOMEM : 0;
}
}
#pragma GCC visibility pop
#endif

namespace nnc {
namespace {

constexpr const char* kModel = R"(model Net(hidden = 32) {
  input image: u8[B, 28, 28]
  h = relu(linear(flatten(cast(image, f32) / 255), hidden))
  output logits = linear(dropout(h, 0.1), 10)
}
train Net {
  data      digits(n = 300, seed = 2)
  target    digit: i32[B]
  loss      cross_entropy(logits, digit)
  metric    accuracy(logits, digit)
  metric    f1(logits, digit)
  metric    auc(logits, digit)
  metric    perplexity(logits, digit)
  optimizer adam(lr = 1e-3)
  batch     16
}
)";

// Batches of 512 KiB, which two threads gather ahead.
constexpr const char* kWideModel = R"(model Wide {
  input x: f32[B, 8192]
  output y = linear(x, 1)
}
train Wide {
  data      linear(n = 500, features = 8192, noise = 0.1, seed = 3)
  target    t: f32[B, 1]
  loss      mse(y, t)
  optimizer sgd(lr = 1e-5)
  batch     16
}
)";

#ifdef NNC_COUNTS_ALLOCATIONS

/// What the process has asked for so far, all threads together.
struct Demands {
  int64_t allocations, faults;
  static Demands now() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    return {::allocations.load(), usage.ru_minflt};
  }
  Demands since(const Demands& before) const {
    return {allocations - before.allocations, faults - before.faults};
  }
};

std::unique_ptr<Trainer> trainer_with(int threads, const char* model = kModel) {
  auto t = std::make_unique<Trainer>(test::module_of(model), TrainerOptions{.engine = {.threads = threads}});
  t->set_data(bind_data(load_data(*t->module().spec->data, ""), t->input_fields(), t->target_fields()));
  t->initialize();
  return t;
}

// The system may take pages away at any time: one of five windows must be undisturbed.
void expect_an_undisturbed_window(const std::function<Demands()>& window) {
  Demands least{INT64_MAX, INT64_MAX};
  for (int i = 0; i < 5 && (i == 0 || least.faults > 0); ++i) {
    Demands d = window();
    EXPECT_EQ(d.allocations, 0) << "window " << i;
    least.faults = std::min(least.faults, d.faults);
  }
  EXPECT_EQ(least.faults, 0);
}

TEST(WarmStep, TheCountersCount) {
  Demands before = Demands::now();
  auto vector = std::make_unique<std::vector<char>>(1 << 10, 'x');
  constexpr size_t kBytes = 1 << 20;  // of fresh pages: what malloc gives may have been in use before
  void* fresh = mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ASSERT_NE(fresh, MAP_FAILED);
  std::memset(fresh, 1, kBytes);
  Demands seen = Demands::now().since(before);
  munmap(fresh, kBytes);
  EXPECT_GE(seen.allocations, 2);
  EXPECT_GT(seen.faults, 0);
}

// Every fifth batch is smaller than the others, as the last of an epoch is.
TEST(WarmStep, AThousandStepsAllocateNothing) {
  for (int threads : {1, 2}) {
    SCOPED_TRACE(threads);
    auto t = trainer_with(threads);
    std::vector<int64_t> rows(16);
    std::iota(rows.begin(), rows.end(), 0);
    auto steps = [&](int count) {
      for (int i = 0; i < count; ++i) t->train_step(std::span(rows).first(i % 5 == 4 ? 12 : 16));
    };
    steps(10);
    expect_an_undisturbed_window([&] {
      Demands before = Demands::now();
      steps(1000);
      return Demands::now().since(before);
    });
  }
}

// From the first step of an epoch to its last, the measures included.
void expect_an_undisturbed_epoch(Trainer& t) {
  t.train_epoch();
  expect_an_undisturbed_window([&] {
    Demands before{}, seen{};
    t.train_epoch([&](int64_t step, int64_t, double) {
      if (step == 1)
        before = Demands::now();
      else
        seen = Demands::now().since(before);
      return true;
    });
    return seen;
  });
}

TEST(WarmStep, AnEpochAllocatesBetweenItsEndsNothing) {
  for (int threads : {1, 2}) {
    SCOPED_TRACE(threads);
    expect_an_undisturbed_epoch(*trainer_with(threads));
  }
}

TEST(WarmStep, GatheringAheadAllocatesNothing) { expect_an_undisturbed_epoch(*trainer_with(2, kWideModel)); }

#else

TEST(WarmStep, IsNotMeasuredHere) { GTEST_SKIP() << "allocations cannot be counted in this build"; }

#endif

// The plan is at most a tenth above what is alive at once.
TEST(WarmStep, TheArenaIsNearItsLowerBound) {
  for (const auto& entry : std::filesystem::directory_iterator(NNC_SOURCE_DIR "/examples")) {
    if (entry.path().extension() != ".nn") continue;
    SCOPED_TRACE(entry.path().filename());
    Module m = test::module_of(read_file(entry.path().string()));
    if (!m.spec) continue;
    PipelineOptions pipeline;
    pipeline.context.update = m.spec->update;
    Graph fused = run_pipeline(m.train, pipeline);
    CompileOptions options{.target = Target::named("host"), .max_dims = {}, .expected = {}};
    for (const std::string& symbol : fused.symbols()) options.max_dims[symbol] = 64;
    Program program = plan_program(fused, options);
    EXPECT_LE(program.arena_bytes, program.arena_lower_bound + program.arena_lower_bound / 10);
  }
}

}  // namespace
}  // namespace nnc
