// Index expressions and the composition of views, against brute force over every element.
#include "codegen/access_map.h"

#include <random>

#include <gtest/gtest.h>

#include "ir/bind.h"
#include "tests/support/eval.h"

namespace nnc::test {
namespace {

const Dim B = Dim::symbol("B"), T = Dim::symbol("T");

TEST(IndexExpr, SimplifiesQuotientsAndRemainders) {
  IndexExpr b = IndexExpr::variable(0, B), i = IndexExpr::variable(1, 28), t = IndexExpr::variable(2, T);
  IndexExpr k = IndexExpr::variable(3, 784), flat = IndexExpr::variable(4, B * T);
  struct Row {
    IndexExpr got, want;
  };
  const Row rows[] = {
      {(b * 28 + i) / 28, b},
      {(b * 28 + i) % 28, i},
      {(t * B + b) / B, t},
      {(t * B + b) % B, b},
      {(k / 28) * 28 + k % 28, k},
      {(flat / B) * B + flat % B, flat},
      {(b * 28 + i) / 56, b / 2},
      {(b * 28 + i) % 56, (b % 2) * 28 + i},
      {(k / 4) / 7, k / 28},
      {(k / 28) * 28 + ((k / 4) % 7) * 4 + k % 4, k},
      {(b * 28 + 30) / 28, b + 1},
      {(b * 28 + 30) % 28, 2},
      {(i - 3 + 28) / 28, (i + 25) / 28},
      {IndexExpr::variable(5, 1) + 4, 4},
  };
  for (const Row& r : rows) EXPECT_EQ(r.got.str(), r.want.str());
  EXPECT_EQ((i - 3).coefficient(1), Dim(1));
  EXPECT_EQ((k / 28).coefficient(3), std::nullopt);
  EXPECT_EQ((k * B + i).coefficient(3), B);
}

TEST(Guard, KnowsWhenItAlwaysHolds) {
  IndexExpr b = IndexExpr::variable(0, B);
  EXPECT_TRUE((Guard{b, 0, B}.always()));
  EXPECT_TRUE((Guard{b + 2, 1, B + 2}.always()));
  EXPECT_FALSE((Guard{b - 1, 0, B}.always()));
  EXPECT_FALSE((Guard{b, 0, B - 1}.always()));
  EXPECT_FALSE((Guard{b, 0, 5}.always()));
}

class Chains {
 public:
  explicit Chains(unsigned seed) : random_(seed) {}

  /// A chain of `length` random views of x, with the fill -1 in every pad.
  Value chain(Builder& b, Value x, int length) {
    for (int i = 0; i < length; ++i) x = step(b, x);
    return x;
  }
  Shape start() {
    Shape out;
    for (int64_t i = pick(1, 3); i-- > 0;)
      out.push_back(pick(0, 4) == 0 ? (pick(0, 1) ? B : T) : Dim(pick(1, 6)));
    return out;
  }

 private:
  int64_t pick(int64_t lo, int64_t hi) { return std::uniform_int_distribution<int64_t>(lo, hi)(random_); }

  Value step(Builder& b, Value x) {
    Shape shape = b.shape(x);
    auto rank = static_cast<int64_t>(shape.size());
    int64_t axis = pick(0, rank - 1);
    const Dim& extent = shape[static_cast<size_t>(axis)];
    int64_t n = extent.is_constant() ? extent.value() : 0;  // 0: symbolic
    switch (pick(0, 7)) {
      case 0:
        return merge(b, x);
      case 1:
        return n > 0 && n % 2 == 0 ? split(b, x, axis) : x;
      case 2:
        return permute(b, x);
      case 3:
        return rank < 4 ? broadcast(b, x) : x;
      case 4:
        return n > 0 ? slice(b, x, axis, n) : x;
      case 5:
        return pad(b, x, axis, n > 0);
      case 6:
        return b.reverse(x, {axis});
      default:
        return n > 2 && rank < 4 ? b.window(x, {{axis, 2, pick(1, 2), pick(1, n - 1 > 2 ? 2 : 1)}}) : x;
    }
  }

  Value merge(Builder& b, Value x) {
    Shape shape = b.shape(x);
    if (shape.size() < 2) return x;
    auto at = static_cast<size_t>(pick(0, static_cast<int64_t>(shape.size()) - 2));
    shape[at] = shape[at] * shape[at + 1];
    shape.erase(shape.begin() + static_cast<ptrdiff_t>(at) + 1);
    return b.reshape(x, shape);
  }
  Value split(Builder& b, Value x, int64_t axis) {
    Shape shape = b.shape(x);
    auto at = shape.begin() + axis;
    Dim half = at->value() / 2;
    *at = 2;
    shape.insert(pick(0, 1) ? at : at + 1, half);
    return b.reshape(x, shape);
  }
  Value permute(Builder& b, Value x) {
    std::vector<int64_t> order(b.shape(x).size());
    for (size_t i = 0; i < order.size(); ++i) order[i] = static_cast<int64_t>(i);
    std::shuffle(order.begin(), order.end(), random_);
    return b.permute(x, order);
  }
  Value broadcast(Builder& b, Value x) {
    Shape shape = b.shape(x);
    int64_t at = pick(0, static_cast<int64_t>(shape.size()));
    std::vector<int64_t> axes;
    for (int64_t i = 0; i < static_cast<int64_t>(shape.size()); ++i) axes.push_back(i < at ? i : i + 1);
    shape.insert(shape.begin() + at, Dim(pick(1, 3)));
    return b.broadcast(x, shape, axes);
  }
  Value slice(Builder& b, Value x, int64_t axis, int64_t n) {
    Shape start(b.shape(x).size(), 0), size = b.shape(x);
    std::vector<int64_t> stride(size.size(), 1);
    auto a = static_cast<size_t>(axis);
    int64_t from = pick(0, n - 1), by = pick(1, 2);
    start[a] = from;
    size[a] = (n - 1 - from) / by + 1;
    stride[a] = by;
    return b.slice(x, start, size, stride);
  }
  Value pad(Builder& b, Value x, int64_t axis, bool fixed) {
    size_t rank = b.shape(x).size();
    Shape low(rank, 0), high(rank, 0);
    std::vector<int64_t> interior(rank, 0);
    auto a = static_cast<size_t>(axis);
    low[a] = pick(0, 2);
    high[a] = pick(0, 2);
    if (fixed) interior[a] = pick(0, 2);
    return b.pad(x, low, high, interior, Literal::from_int(DType::I64, -1));
  }

  std::mt19937 random_;
};

// Every element of the chain, read through its access map from numbered elements of x.
void check_chain(unsigned seed) {
  Graph g;
  Builder b(g);
  Chains chains(seed);
  Value x = b.input("x", {DType::I64, chains.start()});
  Value y = chains.chain(b, x, 6);
  g.add_output({"y", y});
  Bindings dims{{"B", 3}, {"T", 5}};
  Tensor numbers = counting(DType::I64, evaluate(b.shape(x), dims));
  Tensor want = interpret(g, {{"x", numbers}}, {}, {.bindings = dims})[0];

  AccessMap map;
  for (size_t i = 0; i < b.shape(y).size(); ++i) {
    map.index.push_back(IndexExpr::variable(static_cast<int>(i), b.shape(y)[i]));
  }
  Access access = trace_views(g, y, map);
  ASSERT_EQ(access.source, x);
  IndexExpr offset = linearize(access.map.index, b.shape(x));
  for (int64_t n = 0; n < want.count(); ++n) {
    std::map<int, int64_t> at;
    int64_t rest = n;
    for (size_t i = want.shape().size(); i-- > 0; rest /= want.shape()[i]) {
      at[static_cast<int>(i)] = rest % want.shape()[i];
    }
    bool inside = true;
    for (const Guard& guard : access.map.guards) {
      int64_t v = guard.index.evaluate(at, dims);
      inside = inside && guard.lo.evaluate(dims) <= v && v < guard.hi.evaluate(dims);
    }
    ASSERT_EQ(inside ? offset.evaluate(at, dims) : -1, want.get_int(n))
        << "seed " << seed << " element " << n << ": " << access.map.str();
  }
}

TEST(AccessMap, ComposesAnyChainOfViews) {
  for (unsigned seed = 0; seed < 2000; ++seed) {
    check_chain(seed);
    if (testing::Test::HasFatalFailure()) return;
  }
}

TEST(AccessMap, ReshapesThatKeepWholeAxesDivideNothing) {
  Graph g;
  Builder b(g);
  Value x = b.input("x", {DType::F32, {B, 28, 28, T}});
  Value y = b.reshape(b.reshape(x, {B, 784, T}), {B * Dim(784), T});
  IndexExpr row = IndexExpr::variable(0, B * Dim(784)), t = IndexExpr::variable(1, T);
  Access access = trace_views(g, y, {{row, t}, {}});
  EXPECT_EQ(linearize(access.map.index, b.shape(x)).str(), (row * T + t).str());
}

}  // namespace
}  // namespace nnc::test
