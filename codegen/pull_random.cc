// Random numbers where they are used: element i is word i % 4 (f32), or the words 2 (i % 2) and 2 (i % 2) + 1 (f64), of
// Philox's block i / 4 or i / 2.
#include "codegen/pull.h"
#include "ir/philox.h"

namespace nnc {

using loop::Val;

namespace {

struct Cipher {
  Val key, counter;
};

// The elements' words, low and high; f32 has the low one alone.
using Words = std::vector<Val>;

int64_t per_block(DType dtype) { return dtype == DType::F32 ? 4 : 2; }

// a0 b0 a1 b1 ...
Val interleave(loop::Builder& b, Val x, Val y) {
  const int lanes = b.kernel().type(x).lanes;
  std::vector<int> mask;
  for (int i = 0; i < lanes; ++i) mask.insert(mask.end(), {i, lanes + i});
  return b.shuffle(x, y, std::move(mask));
}

// A block for every element, of which one word or two are kept.
Words words_apart(loop::Builder& b, const Cipher& c, Val i, DType dtype) {
  Val count = b.index(per_block(dtype)), block = b.idiv(i, count), place = b.irem(i, count);
  auto word = [&](int w) { return b.philox(c.key, block, c.counter, w); };
  auto pick = [&](int k, Val here, Val other) {
    return b.select(b.apply(Op::Eq, {place, b.index(k)}), here, other);
  };
  if (dtype == DType::F32) return {pick(0, word(0), pick(1, word(1), pick(2, word(2), word(3))))};
  return {pick(0, word(0), word(2)), pick(0, word(1), word(3))};
}

// Neighbours from the first of a block on: all of its words are used.
Words words_of_blocks(loop::Builder& b, const Cipher& c, Val first, int lanes, DType dtype) {
  const auto count = per_block(dtype);
  Val block = b.add(b.idiv(first, b.index(count)), b.iota(lanes / static_cast<int>(count)));
  auto word = [&](int w) { return b.philox(c.key, block, c.counter, w); };
  Val low = interleave(b, word(0), word(2)), high = interleave(b, word(1), word(3));
  if (dtype == DType::F32) return {interleave(b, low, high)};
  return {low, high};
}

// As uniform_f32 and uniform_f64 of ir/philox.h.
Val uniform(loop::Builder& b, const Words& w, DType dtype) {
  auto scaled = [&](Val bits, double scale) {
    return b.mul(b.cast(bits, dtype), b.immediate(Literal::from_double(dtype, scale)));
  };
  if (dtype == DType::F32) return scaled(b.idiv(w[0], b.index(1 << 8)), 0x1p-24);
  return scaled(b.add(b.mul(w[1], b.index(1 << 21)), b.idiv(w[0], b.index(1 << 11))), 0x1p-53);
}

}  // namespace

Val Pull::random(const Node& n, const AccessMap& map, const Lanes& lanes) {
  const RandomAttrs& a = n.as<RandomAttrs>();
  const DType dtype = a.type.dtype;
  Val salt = b_.parameter(Literal::from_int(DType::I64, static_cast<int64_t>(fnv1a(a.key))));
  Val seed = at(n.operands[0], {});
  const Cipher cipher{b_.ixor(seed, salt), at(n.operands[1], {})};
  const IndexExpr place = linearize(map.index, a.type.shape);
  Val i = index(place, lanes);
  auto apart = [&] { return words_apart(b_, cipher, i, dtype); };
  const int64_t block = per_block(dtype);
  const bool several_blocks = lanes.count % block == 0 && lanes.count > block;
  if (!several_blocks || place.coefficient(lanes.variable) != Dim(1)) return uniform(b_, apart(), dtype);
  Val first = scalar(place), aligned = b_.apply(Op::Eq, {b_.irem(first, b_.index(block)), b_.index(0)});
  auto together = [&] { return words_of_blocks(b_, cipher, first, lanes.count, dtype); };
  return uniform(b_, b_.if_else(aligned, together, apart), dtype);
}

}  // namespace nnc
