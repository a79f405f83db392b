// The pull evaluator: emits the code for an element of a body value at a point, by asking its operands for
// theirs. Movement, windows, concat, gather and padding become addresses, guards and selects; folds become
// loops in place; what a lowering has already computed it binds. Nothing is contracted: a * b + c rounds
// twice.
//
//   Pull pull(b, body, {0, 1});                         // buffers of the body's inputs
//   IndexExpr i = pull.variable(n, iv);
//   b.store(2, iv, pull.vector(out, {{i}}, {.count = 16, .variable = iv's id}));
#pragma once

#include <map>
#include <set>
#include <string>
#include <tuple>
#include <vector>

#include "codegen/access_map.h"
#include "codegen/loop_builder.h"

namespace nnc {

/// Lane k of a vector stands for `variable` + k; count 1 is scalar code. `active` (a mask, or invalid for
/// all) marks the lanes that exist: others are neither loaded nor checked.
struct Lanes {
  int count = 1;
  int variable = -1;
  loop::Val active = {};
};

class Pull {
 public:
  /// `inputs[i]` is the buffer of body input i, dense and row-major.
  Pull(loop::Builder& b, const Graph& body, std::vector<int> inputs);

  /// A new variable that stands for `value`: a scalar, or a vector with an index of its own in every lane.
  /// Variables of different axes differ even where their values are one: lanes may lie along either.
  IndexExpr variable(const Dim& extent, loop::Val value, int axis = 0);
  /// A variable without a value yet: what depends on it may be hoisted around, not computed.
  IndexExpr variable(const Dim& extent);
  void set(const IndexExpr& variable, loop::Val value);
  /// The id in such an expression, -1 where an extent of 1 left none.
  static int id_of(const IndexExpr& variable);

  /// The element(s) of `v` at `map`: one lane where they do not vary over the lanes, else `lanes.count`.
  loop::Val at(Value v, const AccessMap& map, const Lanes& lanes = {});
  /// The same, always `lanes.count` wide.
  loop::Val vector(Value v, const AccessMap& map, const Lanes& lanes);
  /// Emits here, outside the loop over the lanes' variable, what `v` at `map` needs that does not vary with
  /// it.
  void hoist(Value v, const AccessMap& map, const Lanes& lanes);

  /// Asks the first-level cache for the operands' elements that the lanes of `v` at `map` are made of, one each; once in
  /// a scope.
  void request(Value v, const AccessMap& map, const Lanes& lanes);

  /// From here to the end of the scope `v` is this value, wherever it is read.
  void bind(Value v, loop::Val value);
  /// The same where it is read at `map`; elsewhere it is computed as if not bound.
  void bind(Value v, const AccessMap& map, loop::Val value);
  /// Where its first coordinates are `outer`, `v` is in a buffer that the remaining ones address, of that shape.
  void bind_buffer(Value v, int buffer, const std::vector<IndexExpr>& outer, const Shape& shape);

  /// What is computed or bound while a Scope lives is forgotten at its end: open one in every loop body.
  class Scope {
   public:
    explicit Scope(Pull& pull) : pull_(pull) { pull_.scopes_.emplace_back(); }
    ~Scope() { pull_.scopes_.pop_back(); }
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    Pull& pull_;
  };

  /// The index as code; the lanes' variable counts as its first lane.
  loop::Val scalar(const IndexExpr& e);
  /// One lane where it does not vary, else one index per lane.
  loop::Val index(const IndexExpr& e, const Lanes& lanes);
  /// Elements at `offset` of any buffer: one load, neighbours, or a gather; zero where a guard fails.
  loop::Val load(int buffer, const IndexExpr& offset, std::span<const Guard> guards, const Lanes& lanes);
  /// All guards at once; invalid where there are none.
  loop::Val mask(std::span<const Guard> guards, const Lanes& lanes);
  bool varies(const IndexExpr& e, const Lanes& lanes) const;
  bool varies(const AccessMap& map, const Lanes& lanes) const;
  /// From here on whoever reads a vector of neighbours from an operand asks for those `elements` further on as well, to be
  /// brought to that level of the caches; an invalid distance ends that.
  void prefetch(loop::Val elements, int level = 1) {
    prefetch_ = elements;
    prefetch_level_ = level;
  }
  loop::Builder& builder() { return b_; }
  const Graph& body() const { return body_; }

 private:
  struct Stored {
    int buffer;
    std::string outer;
    Shape shape;
  };
  struct Table {
    std::map<std::string, loop::Val> at;
    std::map<Value, loop::Val> bound;
    std::map<Value, std::pair<std::string, loop::Val>> bound_at;
    std::map<Value, Stored> buffers;
    std::set<std::string> requested;  // values and where
  };

  loop::Val find(Value v, const AccessMap& map, const std::string& key, const Lanes& lanes);
  loop::Val compute(Value v, const AccessMap& map, const Lanes& lanes);
  loop::Val leaf(Value v, const AccessMap& map, const Lanes& lanes);
  loop::Val elementwise(const Node& n, const AccessMap& map, const Lanes& lanes);
  loop::Val view(const Node& n, const AccessMap& map, const Lanes& lanes);
  loop::Val concat(const Node& n, const AccessMap& map, const Lanes& lanes);
  loop::Val iota(const IndexExpr& e, DType dtype, const Lanes& lanes);
  loop::Val gather(const Node& n, const AccessMap& map, const Lanes& lanes);
  loop::Val random(const Node& n, const AccessMap& map, const Lanes& lanes);
  loop::Val unwindow(const Node& n, const AccessMap& map, const Lanes& lanes);
  loop::Val fold(Value v, const AccessMap& map, const Lanes& lanes);
  loop::Val load_one(int buffer, const IndexExpr& offset, std::span<const Guard> guards, const Lanes& lanes);
  loop::Val atom(const IndexAtom& atom, const Lanes& lanes);
  loop::Val checked_index(loop::Val index, const Dim& extent, const AccessMap& map, const Lanes& lanes);
  using TapStep = std::function<std::vector<loop::Val>(const std::vector<IndexExpr>& tap,
                                                       const std::vector<loop::Val>& state)>;
  /// Loops over the points of `extents` in row-major order, carrying `state`; few points are unrolled.
  std::vector<loop::Val> for_taps(const Shape& extents, std::vector<loop::Val> state, const TapStep& step);
  bool varying(int variable, const Lanes& lanes) const;

  loop::Builder& b_;
  const Graph& body_;
  std::map<NodeId, int> inputs_;
  std::map<int, loop::Val> variables_;                              // by id
  std::map<std::tuple<uint32_t, std::string, int>, int> by_value_;  // id by Val, extent and axis
  std::vector<Table> scopes_;
  loop::Val prefetch_;  // how far ahead, if at all
  int prefetch_level_ = 1;
};

}  // namespace nnc
