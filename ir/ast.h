// The syntax tree of a `.nn` file: what the parser makes and the elaborator reads. It says only what is
// written; names, types and keys are checked later. Every node knows its place.
//
// A name may be dotted (`h.linear.weight`). `zeros[B, H]` and `x[0:2, :]` are both an Index.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "ir/graph.h"

namespace nnc::ast {

/// Trees are never deeper than this, whatever the text, so that walking one by recursion is safe.
inline constexpr int kMaxDepth = 400;

struct Expr;
using ExprPtr = std::unique_ptr<Expr>;

/// A name where it is declared or written.
struct Name {
  std::string text;
  Loc loc;
};

struct Number {
  bool is_int = false;
  int64_t integer = 0;  // when is_int
  double value = 0;     // always
};
struct String {
  std::string text;
};
struct Bool {
  bool value = false;
};
struct Ref {
  std::string name;
};
/// `name = value`, or positional when the name is empty.
struct Arg {
  Name name;
  ExprPtr value;
};
/// `callee(args)`; the callee is a Ref, or a Call for `Decoder(D, heads)(x)`.
struct Call {
  ExprPtr callee;
  std::vector<Arg> args;
};
/// `2`, or with is_slice `start:stop:step`, each possibly missing (null).
struct Subscript {
  Loc loc;
  bool is_slice = false;
  ExprPtr start, stop, step;
};
struct Index {
  ExprPtr base;
  std::vector<Subscript> subscripts;
};
enum class UnaryOp : uint8_t { Neg, Not };
struct Unary {
  UnaryOp op;
  ExprPtr operand;
};
enum class BinaryOp : uint8_t { Or, And, Eq, Ne, Lt, Le, Gt, Ge, Add, Sub, Mul, Div, Pow };
struct Binary {
  BinaryOp op;
  Loc op_loc;
  ExprPtr lhs, rhs;
};
struct List {
  std::vector<ExprPtr> items;
};
struct Tuple {
  std::vector<ExprPtr> items;
};

struct Expr {
  Loc loc;  // the whole expression, or its part on the first line
  std::variant<Number, String, Bool, Ref, Call, Index, Unary, Binary, List, Tuple> node;
  int depth = 1;  // of the tree below

  template <class T>
  const T* as() const {
    return std::get_if<T>(&node);
  }
};

/// `f32[B, 28*28]`; a scalar is `f32` or `f32[]`.
struct TypeExpr {
  Loc loc;
  DType dtype = DType::F32;
  std::vector<ExprPtr> dims;
};
struct TypedName {
  Name name;
  TypeExpr type;
};
/// A parameter of a model or block: `hidden`, `hidden = 128`.
struct Formal {
  Name name;
  ExprPtr default_value;  // may be null
};

struct Stmt;
using Stmts = std::vector<Stmt>;

struct InputStmt {
  TypedName input;
};
/// `param w: f32[V, D] = normal(0, 0.02)`.
struct ParamStmt {
  TypedName param;
  ExprPtr init;
};
/// `output logits = h`, or `output a, b`, where each value is the variable of that name (null).
struct OutputStmt {
  std::vector<Name> names;
  ExprPtr value;
};
/// `x = e`, or `a, b = e` for several results. `e` may be a Tuple.
struct AssignStmt {
  std::vector<Name> targets;
  ExprPtr value;
};
/// `repeat L as blocks { … }`; the label is empty when not given.
struct RepeatStmt {
  ExprPtr count;
  Name label;
  Stmts body;
};
/// `e as x`.
struct ScanInput {
  ExprPtr value;
  Name name;
};
/// `carry h = zeros[B, H]`.
struct Carry {
  Name name;
  ExprPtr init;
};
/// `ys, … = scan e as x, … over T carry h = …, … { …  yield h, … }`.
struct ScanStmt {
  std::vector<Name> targets;
  std::vector<ScanInput> inputs;
  ExprPtr length;
  std::vector<Carry> carries;
  Stmts body;
};
struct YieldStmt {
  std::vector<ExprPtr> values;
};
struct ReturnStmt {
  std::vector<ExprPtr> values;
};

struct Stmt {
  Loc loc;  // its first word
  std::variant<InputStmt, ParamStmt, OutputStmt, AssignStmt, RepeatStmt, ScanStmt, YieldStmt, ReturnStmt>
      node;

  template <class T>
  const T* as() const {
    return std::get_if<T>(&node);
  }
};

struct Model {
  Name name;
  std::vector<Formal> formals;
  Stmts body;
};
/// `block Name(formals)(inputs) -> results { … return e }`.
struct Block {
  Name name;
  std::vector<Formal> formals;
  std::vector<TypedName> inputs;
  std::vector<TypeExpr> results;
  Stmts body;
};
/// One line of a train block: `key e, …`, or `key name: type`.
struct TrainEntry {
  Name key;
  std::optional<TypedName> typed;
  std::vector<ExprPtr> values;
};
struct Train {
  Name model;
  std::vector<TrainEntry> entries;
};

struct GraphBody;
/// `a, b = op(operands, attribute = value, …) (inputs) { body } : type, type`.
struct GraphNode {
  std::vector<Name> targets;
  Name op;
  std::vector<Arg> args;
  std::unique_ptr<GraphBody> body;  // of a scan or region
  std::vector<TypeExpr> types;      // empty when not written
};
/// `output name = value`, or `write path = value` for a state write.
struct GraphOutput {
  bool state_write = false;
  Name name, value;
};
/// `input name`: the place of an input among the nodes, where that is not before all of them.
struct GraphInput {
  Name name;
};
struct GraphBody {
  std::vector<TypedName> inputs;
  std::vector<std::variant<GraphNode, GraphOutput, GraphInput>> statements;
};
/// `graph name(inputs) { … }`: typed primitives, see ir/graph_text.h.
struct Graph {
  Name name;
  GraphBody body;
};

using Item = std::variant<Model, Block, Train, Graph>;

struct File {
  std::vector<Item> items;
};

std::string_view text_of(BinaryOp op);

}  // namespace nnc::ast
