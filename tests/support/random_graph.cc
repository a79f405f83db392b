#include "tests/support/random_graph.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "ir/bind.h"
#include "ir/philox.h"

namespace nnc::test {
namespace {

constexpr double kMaxBound = 20;
constexpr int64_t kMaxCount = 400;

struct Known {
  Value value;
  double bound = 1;    // of |x|, and of everything it was computed from
  bool exact = false;  // free of rounding: jumps cannot flip
};

class Generator {
 public:
  Generator(uint64_t seed, DType dtype)
      : stream_("graph", static_cast<int64_t>(seed), 0), b_(out_.graph), dtype_(dtype) {
    out_.bindings["B"] = 1 + below(5);
  }

  RandomGraph generate(int size);

 private:
  int64_t below(int64_t n) { return static_cast<int64_t>(stream_.f64(next_++) * static_cast<double>(n)); }
  bool chance(double p) { return stream_.f64(next_++) < p; }

  void add_inputs();
  void add_outputs();
  Value input(DType dtype, const Shape& shape, Domain domain, int64_t limit = 1);
  Shape random_shape(int64_t rank);
  const Known& pick() { return known_[static_cast<size_t>(below(static_cast<int64_t>(known_.size())))]; }
  /// A value of that shape: a known one, or a new input.
  Known like(const Shape& shape);
  int64_t rank(const Known& x) const { return b_.type(x.value).rank(); }
  int64_t extent(const Dim& d) const { return d.evaluate(out_.bindings); }
  int64_t count(const Shape& shape) const { return extent(element_count(shape)); }
  std::vector<int64_t> random_axes(const Known& x);
  /// Keeps it if it is not too big, scaled down if its bound has grown.
  void keep(Known x);

  void step();
  void smooth_unary();
  void exact_unary();
  void arithmetic();
  void jump();
  void choose();
  void integers();
  void move();
  void shift();
  void join();
  void windows();
  void index();
  void fold();
  void best();
  void product();
  void recur();

  RandomStream stream_;
  uint64_t next_ = 0;
  RandomGraph out_;
  Builder b_;
  DType dtype_;
  std::vector<Known> known_;
};

Value Generator::input(DType dtype, const Shape& shape, Domain domain, int64_t limit) {
  std::string name = fmt::format("in{}", out_.graph.inputs().size());
  out_.inputs.emplace(name, random_tensor(dtype, evaluate(shape, out_.bindings), domain, next_++, limit));
  return b_.input(name, {dtype, shape});
}

Shape Generator::random_shape(int64_t rank) {
  static constexpr int64_t kExtents[] = {1, 2, 3, 4, 5, 7, 8, 16};
  Shape out;
  for (int64_t i = 0; i < rank; ++i)
    out.push_back(i == 0 && chance(0.4) ? Dim::symbol("B") : Dim(kExtents[below(8)]));
  return count(out) > kMaxCount ? Shape(out.begin(), out.begin() + 1) : out;
}

void Generator::add_inputs() {
  known_.push_back({input(dtype_, {Dim::symbol("B"), 1 + below(6)}, Domain::Any), 2, true});
  for (int64_t i = 0, n = 1 + below(3); i < n; ++i) {
    known_.push_back({input(dtype_, random_shape(below(4)), Domain::Any), 2, true});
  }
}

Known Generator::like(const Shape& shape) {
  for (int tries = 0; tries < 4; ++tries) {
    const Known& x = pick();
    if (b_.shape(x.value) == shape) return x;
  }
  return {input(dtype_, shape, Domain::Any), 2, true};
}

std::vector<int64_t> Generator::random_axes(const Known& x) {
  std::vector<int64_t> out;
  for (int64_t i = 0; i < rank(x); ++i) {
    if (chance(0.5)) out.push_back(i);
  }
  return out;
}

void Generator::keep(Known x) {
  if (count(b_.shape(x.value)) > kMaxCount) return;
  if (x.bound > kMaxBound) {
    x.value = b_.mul(x.value, b_.scalar(dtype_, 1 / x.bound));
    x.exact = false;
  }
  x.bound = std::max(x.bound, 1.0);
  if (x.bound > kMaxBound) x.bound = 1;
  known_.push_back(x);
}

void Generator::smooth_unary() {
  const Known x = pick();
  auto one = [&] { return b_.scalar(dtype_, 1); };
  auto positive = [&] { return b_.add(b_.unary(Op::Abs, x.value), one()); };
  switch (below(9)) {
    case 0:
      return keep({b_.unary(Op::Tanh, x.value), x.bound});
    case 1:
      return keep({b_.unary(Op::Sin, x.value), x.bound});
    case 2:
      return keep({b_.unary(Op::Cos, x.value), x.bound});
    case 3:
      return keep({b_.unary(Op::Erf, x.value), x.bound});
    case 4:
      return keep({b_.exp(b_.unary(Op::Tanh, x.value)), std::max(x.bound, 3.0)});
    case 5:
      return keep({b_.unary(Op::Expm1, b_.unary(Op::Sin, x.value)), std::max(x.bound, 2.0)});
    case 6:
      return keep({b_.log(positive()), x.bound});
    case 7:
      return keep({b_.sqrt(positive()), x.bound + 1});
    case 8:
      return keep({b_.unary(Op::Log1p, b_.unary(Op::Abs, x.value)), x.bound});
  }
}

void Generator::exact_unary() {
  const Known x = pick();
  switch (below(4)) {
    case 0:
      return keep({b_.neg(x.value), x.bound, x.exact});
    case 1:
      return keep({b_.unary(Op::Abs, x.value), x.bound, x.exact});
    case 2:
      return keep({b_.unary(Op::StopGradient, x.value), x.bound, x.exact});
    case 3:
      return keep({b_.add_one(Op::Barrier, BarrierAttrs{below(3)}, {x.value}), x.bound, x.exact});
  }
}

void Generator::arithmetic() {
  const Known x = pick(), y = like(b_.shape(x.value));
  double sum = x.bound + y.bound, product = x.bound * y.bound;
  switch (below(7)) {
    case 0:
      return keep({b_.add(x.value, y.value), sum});
    case 1:
      return keep({b_.sub(x.value, y.value), sum});
    case 2:
      return keep({b_.mul(x.value, y.value), product});
    case 3: {
      Value divisor = b_.add(b_.unary(Op::Abs, y.value), b_.scalar(dtype_, 1));
      return keep({b_.div(x.value, divisor), product});
    }
    case 4:
      return keep({b_.max(x.value, y.value), std::max(x.bound, y.bound), x.exact && y.exact});
    case 5:
      return keep({b_.min(x.value, y.value), std::max(x.bound, y.bound), x.exact && y.exact});
    case 6: {
      Value base = b_.add(b_.unary(Op::Abs, x.value), b_.scalar(dtype_, 0.5));
      return keep({b_.binary(Op::Pow, base, b_.unary(Op::Sin, y.value)), std::max(2.0, sum)});
    }
  }
}

void Generator::jump() {
  const Known x = pick();
  if (!x.exact) return;
  if (chance(0.5)) return keep({b_.unary(Op::Floor, x.value), x.bound + 1, true});
  Value narrow = b_.cast(x.value, chance(0.5) ? DType::I32 : DType::Bool);
  keep({b_.cast(narrow, dtype_), x.bound, true});
}

void Generator::choose() {
  const Known x = pick(), y = like(b_.shape(x.value)), z = like(b_.shape(x.value));
  if (!z.exact) return;
  static constexpr Op kCompare[] = {Op::Lt, Op::Le, Op::Eq, Op::Ne};
  Value condition = b_.binary(kCompare[below(4)], z.value, b_.scalar(dtype_, 0.25));
  if (chance(0.3)) condition = b_.unary(Op::Not, condition);
  if (chance(0.3))
    condition = b_.binary(chance(0.5) ? Op::And : Op::Or, condition, b_.unary(Op::IsFinite, z.value));
  keep({b_.select(condition, x.value, y.value), std::max({x.bound, y.bound}), x.exact && y.exact});
}

void Generator::integers() {
  DType type = chance(0.5) ? DType::I32 : chance(0.5) ? DType::I64 : DType::U8;
  Shape shape = random_shape(1 + below(2));
  Value x = input(type, shape, Domain::Any), y = b_.iota({type, shape}, 0);
  static constexpr Op kOps[] = {Op::Add, Op::Sub, Op::Mul, Op::Div, Op::Max, Op::Min};
  Value z = b_.binary(kOps[below(6)], x, y);
  Value folded = b_.reduce(chance(0.5) ? Monoid::Max : Monoid::Add, z, {0});
  // Into [-100, 100], which every float type holds.
  Value small = b_.sub(folded, b_.mul(b_.div(folded, b_.constant(Literal::from_int(type, 101))),
                                      b_.constant(Literal::from_int(type, 101))));
  keep({b_.mul(b_.cast(small, dtype_), b_.scalar(dtype_, 1.0 / 128)), 1, true});
}

void Generator::move() {
  const Known x = pick();
  Shape shape = b_.shape(x.value);
  switch (below(4)) {
    case 0: {
      std::vector<int64_t> order;
      for (int64_t i = 0; i < rank(x); ++i) order.insert(order.begin() + below(i + 1), i);
      return keep({b_.permute(x.value, order), x.bound, x.exact});
    }
    case 1:
      return keep({b_.reshape(x.value, {element_count(shape)}), x.bound, x.exact});
    case 2: {
      shape.insert(shape.begin(), chance(0.3) ? Dim::symbol("B") : Dim(1 + below(4)));
      return keep({b_.broadcast_to(x.value, shape), x.bound, x.exact});
    }
    case 3:
      return keep({b_.reverse(x.value, random_axes(x)), x.bound, x.exact});
  }
}

// A slice of, or padding around, every axis with a fixed extent.
void Generator::shift() {
  const Known x = pick();
  const Shape shape = b_.shape(x.value);
  Shape first(shape.size(), Dim(0)), second = chance(0.5) ? shape : first;
  bool pads = second == first;
  std::vector<int64_t> third(shape.size(), pads ? 0 : 1);
  for (size_t i = 0; i < shape.size(); ++i) {
    if (!shape[i].is_constant()) continue;
    if (pads) {
      first[i] = below(3), second[i] = below(2), third[i] = below(2);
    } else {
      int64_t n = shape[i].value(), start = below(std::max<int64_t>(n, 1)), stride = 1 + below(3);
      first[i] = start, second[i] = n == 0 ? 0 : (n - start - 1) / stride + 1, third[i] = stride;
    }
  }
  Value y = pads ? b_.pad(x.value, first, second, third, Literal::from_double(dtype_, 0.5))
                 : b_.slice(x.value, first, second, third);
  keep({y, x.bound, x.exact});
}

void Generator::join() {
  const Known x = pick();
  if (rank(x) == 0) return;
  const Known y = like(b_.shape(x.value));
  keep({b_.concat({x.value, y.value, x.value}, below(rank(x))), std::max(x.bound, y.bound),
        x.exact && y.exact});
}

// A window is summed, multiplied by itself, or spread back; alone it would only grow.
void Generator::windows() {
  const Known x = pick();
  const Shape shape = b_.shape(x.value);
  std::vector<WindowAxis> windows;
  for (int64_t i = 0; i < rank(x); ++i) {
    if (!shape[i].is_constant() || shape[i].value() < 2 || windows.size() == 2) continue;
    int64_t size = 1 + below(3), room = shape[i].value() - 1;
    int64_t dilation = size > 1 ? 1 + below(std::max<int64_t>(room / (size - 1), 1)) : 1;
    if ((size - 1) * dilation > room) continue;
    windows.push_back({i, size, 1 + below(3), dilation});
  }
  if (windows.empty()) return;
  Value w = b_.window(x.value, windows);
  if (count(b_.shape(w)) > 4 * kMaxCount) return;
  std::vector<int64_t> taps;
  for (size_t i = 0; i < windows.size(); ++i) taps.push_back(rank(x) + static_cast<int64_t>(i));
  switch (below(3)) {
    case 0:
      return keep({b_.reduce_max(w, taps), x.bound, x.exact});
    case 1:
      return keep({b_.reduce_add(w, taps), 9 * x.bound});
    case 2:
      return keep({b_.unwindow(b_.unary(Op::Sin, w), windows, shape), std::max(9.0, x.bound)});
  }
}

void Generator::index() {
  const Known x = pick();
  if (rank(x) == 0) return;
  int64_t axis = below(rank(x)), n = extent(b_.shape(x.value)[axis]);
  if (n == 0) return;
  Shape shape = random_shape(below(3));
  Value indices = input(chance(0.5) ? DType::I32 : DType::I64, shape, Domain::Index, n);
  Value rows = b_.gather(x.value, indices, axis);
  if (chance(0.5)) return keep({rows, x.bound, x.exact});
  if (count(b_.shape(rows)) > kMaxCount) return;
  auto added = static_cast<double>(count(shape) + 1);
  keep({b_.scatter_add(x.value, indices, b_.unary(Op::Tanh, rows), axis), x.bound + added});
}

void Generator::fold() {
  const Known x = pick();
  std::vector<int64_t> axes = random_axes(x);
  if (axes.empty()) return;
  double n = 1;
  for (int64_t a : axes) n *= static_cast<double>(extent(b_.shape(x.value)[a]));
  switch (below(5)) {
    case 0:
      return keep({b_.reduce_add(x.value, axes), n * x.bound});
    case 1:
      return n == 0 ? void() : keep({b_.reduce_max(x.value, axes), x.bound, x.exact});
    case 2:
      return n == 0 ? void() : keep({b_.reduce(Monoid::Min, x.value, axes), x.bound, x.exact});
    case 3:
      return keep({b_.reduce(Monoid::Mul, b_.unary(Op::Cos, x.value), axes), x.bound});
    case 4: {
      Value shifted = b_.exp(b_.unary(Op::Tanh, x.value));
      return keep({b_.reduce_add(shifted, axes), 3 * n + x.bound});
    }
  }
}

void Generator::best() {
  const Known x = pick();
  if (rank(x) == 0 || !x.exact) return;
  int64_t axis = below(rank(x));
  Value i = chance(0.5) ? b_.argmax(x.value, axis) : b_.argmin(x.value, axis);
  auto n = static_cast<double>(extent(b_.shape(x.value)[axis]));
  keep({b_.cast(i, dtype_), std::max(n, x.bound), true});
}

// Contracts one axis of x with the same extent of a new or known operand, from either side.
void Generator::product() {
  const Known x = pick();
  if (rank(x) == 0) return;
  int64_t axis = below(rank(x));
  Dim k = b_.shape(x.value)[axis];
  const Known y = like(chance(0.5) ? Shape{k, 1 + below(8)} : Shape{1 + below(8), k});
  int64_t y_axis = b_.shape(y.value)[0] == k ? 0 : 1;
  double bound = static_cast<double>(extent(k)) * x.bound * y.bound;
  if (chance(0.5)) return keep({b_.contract(x.value, y.value, axis, y_axis), bound});
  keep({b_.contract(y.value, x.value, y_axis, axis), bound});
}

// h' = tanh(h + x_t) over the leading axis, forwards or backwards.
void Generator::recur() {
  const Known x = pick();
  if (rank(x) == 0) return;
  Shape shape = b_.shape(x.value);
  Dim length = shape[0];
  Shape element(shape.begin() + 1, shape.end());
  const Known start = like(element);
  Type t{dtype_, element};
  auto body = std::make_shared<Graph>(graph_of({t, t}, [](Builder& b, const std::vector<Value>& v) {
    Value h = b.unary(Op::Tanh, b.add(v[0], v[1]));
    return std::vector{h, b.mul(h, v[1])};
  }));
  std::vector<Value> y = b_.scan({1, 1, length, chance(0.5), {body}}, {start.value, x.value});
  keep({y[0], std::max(x.bound, start.bound)});
  keep({y[1], std::max(x.bound, start.bound)});
}

void Generator::step() {
  using Step = void (Generator::*)();
  static constexpr Step kSteps[] = {
      &Generator::smooth_unary, &Generator::smooth_unary, &Generator::exact_unary, &Generator::arithmetic,
      &Generator::arithmetic,   &Generator::arithmetic,   &Generator::jump,        &Generator::choose,
      &Generator::integers,     &Generator::move,         &Generator::move,        &Generator::shift,
      &Generator::join,         &Generator::windows,      &Generator::index,       &Generator::fold,
      &Generator::fold,         &Generator::best,         &Generator::product,     &Generator::product,
      &Generator::recur};
  (this->*kSteps[below(static_cast<int64_t>(std::size(kSteps)))])();
}

// Everything nothing reads, and now and then something that is read.
void Generator::add_outputs() {
  std::vector<std::vector<NodeId>> users = users_of(out_.graph);
  for (const Known& k : known_) {
    bool read = !users[k.value.node].empty();
    if (read && !chance(0.1)) continue;
    out_.graph.add_output({fmt::format("y{}", out_.graph.outputs().size()), k.value});
    out_.scales.push_back(k.bound);
  }
}

RandomGraph Generator::generate(int size) {
  add_inputs();
  for (int tries = 0; tries < 10 * size && static_cast<int>(out_.graph.size()) < size; ++tries) step();
  add_outputs();
  return std::move(out_);
}

}  // namespace

RandomGraph random_graph(uint64_t seed, int size, DType dtype) {
  return Generator(seed, dtype).generate(size);
}

}  // namespace nnc::test
