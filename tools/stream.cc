// One template per instruction set: four vectors a round, each array a pointer of its own.
#include "tools/stream.h"

#include <iterator>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace nnc::tool {
namespace {

constexpr int64_t kRound = 64;  // elements

// What reading without writing comes to; a store nobody can leave out.
volatile float sink;

template <int R, int W>
void plain(const float* const* reads, float* const* writes, int64_t begin, int64_t end) {
  float total = 0;
  for (int64_t i = begin; i < end; ++i) {
    float sum = reads[0][i];
    for (int r = 1; r < R; ++r) sum += reads[r][i];
    for (int w = 0; w < W; ++w) writes[w][i] = sum;
    if (W == 0) total += sum;
  }
  if (W == 0) sink = total;
}

#if defined(__x86_64__)

struct Avx2 {
  using Vector = __m256;
  static constexpr int lanes = 8;
};
struct Avx512 {
  using Vector = __m512;
  static constexpr int lanes = 16;
};

#define NNC_AVX2 __attribute__((target("avx2"), always_inline)) inline
#define NNC_AVX512 __attribute__((target("avx512f"), always_inline)) inline

NNC_AVX2 __m256 load(Avx2, const float* p) { return _mm256_load_ps(p); }
NNC_AVX2 __m256 add(__m256 a, __m256 b) { return _mm256_add_ps(a, b); }
NNC_AVX2 void store(float* p, __m256 v, Stores s) {
  s == Stores::Plain ? _mm256_store_ps(p, v) : _mm256_stream_ps(p, v);
}
NNC_AVX512 __m512 load(Avx512, const float* p) { return _mm512_load_ps(p); }
NNC_AVX512 __m512 add(__m512 a, __m512 b) { return _mm512_add_ps(a, b); }
NNC_AVX512 void store(float* p, __m512 v, Stores s) {
  s == Stores::Plain ? _mm512_store_ps(p, v) : _mm512_stream_ps(p, v);
}

// The body of both: a function's instruction set is no template argument.
#define NNC_STREAM(SET, ATTRIBUTE)                                                                           \
  template <int R, int W, Stores S>                                                                          \
  ATTRIBUTE void stream_##SET(const float* const* reads, float* const* writes, int64_t begin, int64_t end) { \
    constexpr int vectors = kRound / SET::lanes;                                                             \
    SET::Vector totals[vectors] = {};                                                                        \
    for (int64_t i = begin; i < end; i += kRound) {                                                          \
      _Pragma("GCC unroll 8") for (int v = 0; v < vectors; ++v) {                                            \
        int64_t at = i + v * SET::lanes;                                                                     \
        SET::Vector sum = load(SET{}, reads[0] + at);                                                        \
        for (int r = 1; r < R; ++r) sum = add(sum, load(SET{}, reads[r] + at));                              \
        for (int w = 0; w < W; ++w) store(writes[w] + at, sum, S);                                           \
        if (W == 0) totals[v] = add(totals[v], sum);                                                         \
      }                                                                                                      \
    }                                                                                                        \
    for (const SET::Vector& total : totals) sink = W == 0 ? total[0] : 0;                                    \
    if (S == Stores::NonTemporal) _mm_sfence();                                                              \
  }
NNC_STREAM(Avx2, __attribute__((target("avx2"))))
NNC_STREAM(Avx512, __attribute__((target("avx512f"))))

template <int R, int W, Stores S>
Stream best() {
  if (__builtin_cpu_supports("avx512f")) return stream_Avx512<R, W, S>;
  if (__builtin_cpu_supports("avx2")) return stream_Avx2<R, W, S>;
  return S == Stores::Plain ? plain<R, W> : nullptr;
}

#else

template <int R, int W, Stores S>
Stream best() {
  return S == Stores::Plain ? plain<R, W> : nullptr;
}

#endif

struct Row {
  int reads, writes;
  Stream (*plain)();
  Stream (*non_temporal)();
};
template <int R, int W>
constexpr Row row() {
  return {R, W, best<R, W, Stores::Plain>, best<R, W, Stores::NonTemporal>};
}
constexpr Row kRows[] = {row<1, 0>(), row<1, 1>(), row<2, 1>(), row<3, 1>(), row<3, 2>(), row<4, 3>()};

}  // namespace

Stream find_stream(int reads, int writes, Stores stores) {
  for (const Row& r : kRows) {
    if (r.reads == reads && r.writes == writes) return stores == Stores::Plain ? r.plain() : r.non_temporal();
  }
  return nullptr;
}

}  // namespace nnc::tool
