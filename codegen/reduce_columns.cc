// Column sums and their like: neighbouring results side by side, one per lane, down all that is folded. A matrix that
// no cache of a core holds is read a few rows at a time, all columns of a task's before the next rows; what its columns
// have come to in this chunk, and before it, is kept beside.
#include <algorithm>

#include "codegen/reduce_nest.h"
#include "codegen/rounding.h"

namespace nnc {

using loop::Val;

namespace {

constexpr int64_t kStrip = 1024;  // columns read side by side

// How a matrix is read by rows.
struct ByRows {
  int64_t rows;  // read together
  int vectors;   // of each, at most
  bool asks;     // for as many rows after them, to the second-level cache
  int64_t task;  // columns of one, if not of so many vectors
};
constexpr ByRows kNear{4, 8, false, 0};  // as many streams as machines foresee
// What no cache of the machine holds is used up as it arrives; short rows in the order of memory, by one thread.
constexpr ByRows kFar{8, 2, true, 0}, kFarShort{1, 4, false, 512};

class ColumnKernel {
 public:
  explicit ColumnKernel(ReduceNest& nest)
      : nest_(nest),
        b_(nest.b),
        form_(form()),
        vectors_(std::min(column_vectors(), form_.vectors)),
        block_(int64_t{vectors_} * nest.lanes) {}

  void run() { by_rows() ? strips() : columns(); }

 private:
  bool by_rows() const { return nest_.k.is_large() && nest_.kept.empty() && nest_.folded.size() == 1; }

  ByRows form() const {
    if (!by_rows() || nest_.k.expect(nest_.k.bytes()) < kStreamedBytes) return kNear;
    return nest_.k.expect(width()) <= kFarShort.task ? kFarShort : kFar;
  }

  // To use neighbouring cache lines and hide the latency of an add; half of the registers hold sums.
  int column_vectors() const {
    int width = 0;
    for (const FoldRule& r : nest_.rules) width += r.width();
    return std::clamp(nest_.k.target.vector_registers / 2 / width, 1, nest_.expensive() ? 2 : 8);
  }

  const Dim& width() const { return nest_.loops[nest_.lane].extent; }

  // `vectors` neighbours of the lanes' loop: a variable each, and the rules of all of them.
  struct Block {
    std::vector<IndexExpr> lanes;
    std::vector<FoldRule> rules;
    Val active;
  };
  Block block_at(Val lo, int vectors, Val active) {
    Block block{{}, {}, active};
    for (int v = 0; v < vectors; ++v) {
      block.lanes.push_back(nest_.k.pull.variable(width()));
      nest_.k.pull.set(block.lanes.back(), b_.add(lo, b_.index(v * nest_.lanes)));
      block.rules.insert(block.rules.end(), nest_.rules.begin(), nest_.rules.end());
    }
    return block;
  }

  FoldStates points(const Block& block, const std::vector<Val>& ivs) {
    Pull::Scope scope(nest_.k.pull);
    nest_.set_folded(ivs);
    FoldStates all;
    for (const IndexExpr& l : block.lanes) {
      FoldStates states = nest_.points(nest_.coordinates(l), {nest_.lanes, Pull::id_of(l), block.active});
      all.insert(all.end(), states.begin(), states.end());
    }
    return all;
  }

  void store(const Block& block, const FoldStates& states) {
    auto count = static_cast<ptrdiff_t>(nest_.rules.size());
    auto from = states.begin();
    for (const IndexExpr& l : block.lanes) {
      nest_.store_results(nest_.coordinates(l), {from, from + count},
                          {nest_.lanes, Pull::id_of(l), block.active});
      from += count;
    }
  }

  // --- one block after the other

  void columns() {
    Dim rows = element_count(nest_.extents(nest_.kept));
    nest_.k.kernel.tasks = {{rows, 1}, {width(), block_}};
    Val n = b_.dim(width()), blocks = b_.ceil_div(n, block_);
    b_.for_each(b_.task_begin(), b_.task_end(), 1, [&](Val task) {
      Pull::Scope scope(nest_.k.pull);
      nest_.set_kept(b_.idiv(task, blocks));
      Val lo = b_.mul(b_.irem(task, blocks), b_.index(block_)), end = b_.add(lo, b_.index(block_));
      auto whole = [&] {
        column_block(lo, vectors_, {});
        return std::vector<Val>{};
      };
      auto part = [&] {
        b_.for_each(lo, n, nest_.lanes, [&](Val at) { column_block(at, 1, rest_of(at, n)); });
        return std::vector<Val>{};
      };
      b_.if_else(b_.apply(Op::Le, {end, n}), whole, part);
    });
  }

  Val rest_of(Val at, Val end) { return b_.lane_mask(b_.sub(end, at), nest_.lanes); }

  void column_block(Val lo, int vectors, Val active) {
    Pull::Scope scope(nest_.k.pull);
    Block block = block_at(lo, vectors, active);
    FoldStates states = fold_nest(b_, nest_.extents(nest_.folded), 1, 1, block.rules, nest_.lanes,
                                  [&](const std::vector<Val>& ivs, Val) { return points(block, ivs); });
    store(block, states);
  }

  // --- a few rows after the other

  // Buffers of what all columns of a strip have come to: one for each part of each rule's state.
  using Totals = std::vector<int>;

  Totals totals_of(const std::string& name, int64_t columns) {
    Totals out;
    for (const FoldRule& r : nest_.rules) {
      for (DType t : r.types()) out.push_back(nest_.k.scratch(name, t, columns));
    }
    return out;
  }

  void strips() {
    const int64_t strip = round_up(kStrip, block_), task = std::max(form_.task, block_);
    const Totals all = totals_of("total", strip), chunk = totals_of("chunk", strip);
    nest_.k.kernel.tasks = {{width(), task}};
    Val last = b_.imin(b_.mul(b_.task_end(), b_.index(task)), b_.dim(width()));
    b_.for_each(b_.mul(b_.task_begin(), b_.index(task)), last, strip, [&](Val begin) {
      one_strip(begin, b_.imin(b_.add(begin, b_.index(strip)), last), all, chunk);
    });
  }

  void one_strip(Val begin, Val end, const Totals& all, const Totals& chunk) {
    Val rows = b_.dim(nest_.loops[nest_.folded[0]].extent);
    clear(all, begin, end);
    b_.for_each(b_.index(0), rows, kRoundsPerChunk, [&](Val first) {
      clear(chunk, begin, end);
      add_rows(begin, end, chunk, first, b_.imin(b_.add(first, b_.index(kRoundsPerChunk)), rows));
      blocks(begin, end, [&](const Block& block, Val place) {
        write(all, place,
              fold_merge_all(b_, block.rules, read(all, block, place), read(chunk, block, place)));
      });
    });
    blocks(begin, end, [&](const Block& block, Val place) { store(block, read(all, block, place)); });
  }

  void add_rows(Val begin, Val end, const Totals& chunk, Val first, Val last) {
    const int64_t rows = form_.rows;
    if (form_.asks) nest_.k.pull.prefetch(b_.mul(b_.dim(width()), b_.index(rows)), 2);
    b_.for_each(first, last, rows, [&](Val row) {
      Val below = b_.imin(b_.add(row, b_.index(rows)), last);
      blocks(begin, end, [&](const Block& block, Val place) {
        auto point = [&](Val iv, Val) { return points(block, {iv}); };
        write(chunk, place, fold_range(b_, block.rules, read(chunk, block, place), row, below, point));
      });
    });
    nest_.k.pull.prefetch({});
  }

  void clear(const Totals& totals, Val begin, Val end) {
    b_.for_each(begin, end, nest_.lanes, [&](Val at) {
      write(totals, b_.sub(at, begin), fold_identities(b_, nest_.rules, nest_.lanes));
    });
  }

  // Of columns [begin, end), each with its place among them.
  void blocks(Val begin, Val end, const std::function<void(const Block& block, Val place)>& f) {
    auto one = [&](Val at, int vectors, Val active) {
      Pull::Scope scope(nest_.k.pull);
      f(block_at(at, vectors, active), b_.sub(at, begin));
    };
    Val whole = b_.sub(end, b_.irem(b_.sub(end, begin), b_.index(block_)));
    b_.for_each(begin, whole, block_, [&](Val at) { one(at, vectors_, {}); });
    b_.for_each(whole, end, nest_.lanes, [&](Val at) { one(at, 1, rest_of(at, end)); });
  }

  FoldStates read(const Totals& totals, const Block& block, Val place) {
    FoldStates out;
    for (size_t i = 0; i < block.rules.size(); ++i) {
      FoldState state;
      for (int part = 0; part < block.rules[i].width(); ++part)
        state.push_back(b_.load(buffer(totals, i, part), at(i, place), nest_.lanes));
      out.push_back(std::move(state));
    }
    return out;
  }

  void write(const Totals& totals, Val place, const FoldStates& states) {
    for (size_t i = 0; i < states.size(); ++i) {
      for (size_t part = 0; part < states[i].size(); ++part)
        b_.store(buffer(totals, i, static_cast<int>(part)), at(i, place), states[i][part]);
    }
  }

  // Where state i of a block is: rule i modulo the rules, vector i divided by them.
  int buffer(const Totals& totals, size_t i, int part) const {
    int before = part;
    for (size_t rule = 0; rule < i % nest_.rules.size(); ++rule) before += nest_.rules[rule].width();
    return totals[static_cast<size_t>(before)];
  }
  Val at(size_t i, Val place) {
    return b_.add(place, b_.index(static_cast<int64_t>(i / nest_.rules.size()) * nest_.lanes));
  }

  ReduceNest& nest_;
  loop::Builder& b_;
  ByRows form_;
  int vectors_;
  int64_t block_;  // columns
};

}  // namespace

void reduce_columns(ReduceNest& nest) { ColumnKernel(nest).run(); }

}  // namespace nnc
