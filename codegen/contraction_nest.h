// The loops of a contraction's kernel. One object emits one kernel, outermost loop first.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "codegen/contraction_form.h"
#include "codegen/contraction_plan.h"
#include "codegen/contraction_tile.h"
#include "codegen/pull.h"

namespace nnc::contraction {

/// Consecutive rows of the block.
struct Rows {
  Val first;
  Count count;
};

/// Columns computed together, from `first` (in the block): results are so many vectors, the last one masked where a
/// mask is given.
struct Panel {
  int vectors = 1;
  Val first;
  Val mask = {};
  Val count = {};  // columns that exist, valid with a mask
  int sums = 0;    // columns of a tile whose vectors lie along depth: with `ragged`, more than exist
  bool ragged = false;
  int last = 0;        // lanes of a narrower last vector,
  Val last_mask = {};  // and which of them exist, where not all do
};

/// Rows computed together, from `first` (in the block).
struct Strip {
  int rows = 1;
  Val first;
};

/// Columns read as vectors of successive steps: column `j` from step `k` on, of the active lanes where a mask is given.
struct DepthColumns {
  int count = 1;
  std::function<Val(int j, Val k, Val active)> vector;
};

/// Rows of the block whose results are finished, kept in the block's buffer from an offset on.
struct Finished {
  Val first, count, kept;
};

class Nest {
 public:
  /// `inputs` and `outputs` are the kernel's buffers for the body's inputs and outputs.
  Nest(loop::Builder& b, const Form& form, const Plan& plan, std::vector<int> inputs,
       std::vector<int> outputs);
  void emit();

 private:
  // What is packed next, from that depth on, if anything is; blocks of columns are numbered batch by batch.
  struct NextColumns {
    Val unit, depth, exist;
  };
  // The lines of a panel of those, and a tile's share: so many in each piece of its depth.
  struct NextLines {
    Val base, from, each, end;
  };
  // What the loops have fixed so far: a block is the rows of a thread's tasks that share their columns.
  struct Block {
    Val unit;  // the block of columns
    IndexExpr batch;
    Val row, column;      // of the first element
    Count rows, columns;  // but for the tail's
    Rows packed;          // that the row panel holds
    NextColumns next;     // for blocks that ask for them
  };
  struct Chunk {
    Val first;  // depth of the first step
    Count depth;
    Val continues;  // invalid in the only chunk; else whether partial results exist
    Val last;       // likewise; whether no chunk follows
  };

  void declare_scratch();
  void same_columns(Val unit, Val units);
  void block(Val from, Val to);
  void chunks();
  void chunk(const Chunk& c);
  void strips(const Chunk& c, const Rows& rows);
  void strips_packed(const Chunk& c);
  Val single_chunk();
  Chunk whole_chunk();
  void for_panels(const std::function<void(const Panel&)>& body);
  void for_strips(const Rows& rows, Val done, const std::function<void(const Strip&)>& body);
  void ladder(Val count, Val first, const std::function<void(int rows, Val first)>& body);
  Val copying_strip(const Chunk& c, const Rows& rows);
  void tile(const Strip& s, const Chunk& c, const Panel& p, const ColumnSource& source);
  Accumulators contract(const Strip& s, const Chunk& c, const Panel& p, const ColumnSource& source,
                        Accumulators inits);

  Accumulators contract_requesting(const Strip& s, const Chunk& c, const Panel& p, const ColumnSource& source,
                                   Accumulators inits);
  void request_row(const Strip& s, const Chunk& c, const Panel& p, Val i);
  void request_results(const Panel& p, Val row);
  NextColumns block_after(Val units, Val again);
  NextColumns chunk_after(const Chunk& c);
  NextLines next_lines(const Strip& s, const Chunk& c, const Panel& p);
  void request_lines(const NextLines& lines, Val piece);
  int64_t lines_of_column() const;
  int request_pieces() const { return plan_.requests ? plan_.tile.rows : kRequestPieces; }
  void request_next_results(TileShape t, const TilePlace& place);

  RowSource row_source(Val row, const Chunk& c);
  ColumnSource columns(const Chunk& c, const Panel& p);
  ColumnSource columns_in_place(const Chunk& c, const Panel& p);
  ColumnSource columns_to_copy(const Chunk& c, const Panel& p);
  Val steps_ahead(Val depth_stride);
  TilePlace place(const Strip& s, const Panel& p);
  void pack_rows(const Chunk& c);
  void pack_rows_by_depth(const Chunk& c);
  void pack_rows_by_row(const Chunk& c);
  void for_depth_vectors(const Chunk& c, const std::function<void(Val k, Val active)>& body);
  void pack_columns(const Chunk& c);
  void pack_columns_plain(const Chunk& c);
  void pack_columns_transposed(const Chunk& c, const Panel& p);
  Panel panel_of(int64_t columns, Val first);
  Accumulators contract_along_depth(const Strip& s, const Chunk& c, const Panel& p,
                                    const Accumulators& inits);
  std::vector<IndexExpr> columns_of(const Panel& p);
  Accumulators sum_along_depth(const Strip& s, const Chunk& c, const DepthColumns& columns);
  Accumulators step_along_depth(const Strip& s, const Chunk& c, const DepthColumns& columns, Val k,
                                Val active, std::span<const Val> sums);
  void pack_tail();
  void tail(const Strip& s, const Chunk& c);
  std::vector<Val> tail_along_rows(const RowSource& rows, Val mask, const Chunk& c);
  std::vector<Val> tail_along_depth(const Strip& s, const Chunk& c);
  std::vector<Val> row_vectors(const Strip& s, const RowSource& rows, Val k, Val active);
  Val element(const Operand& operand, const Point& at, const Lanes& lanes);

  void epilogue(const Panel& p, const Finished& f);
  void epilogue_by_columns(const Panel& p, const Finished& f);
  void epilogue_by_rows(const Panel& p, const Finished& f);
  void results(const Point& at, const Lanes& lanes, Val value);
  void store_result(size_t k, const Point& at, const Lanes& lanes, Val value);

  Count block_count(Axis axis, Val first, int64_t block);
  Count column_count();
  Count row_count(Val to);
  Val kept_at(const Panel& p, Val row);
  void finish_tile(const Strip& s, const Chunk& c, const Panel& p, Val kept);
  Val panel_base(const Panel& p) { return b_.mul(p.first, b_.index(panel_steps())); }
  IndexExpr variable(Axis axis, Val value) { return pull_.variable(form_.extent(axis), value, axis); }
  IndexExpr row_at(Val i) { return variable(kRow, b_.add(at_.row, i)); }
  IndexExpr column_at(Val j) { return variable(kColumn, b_.add(at_.column, j)); }
  TileShape shape(int rows, const Panel& p) const { return {rows, p.vectors, lanes(), p.last}; }
  static Val mask_of_last(const Panel& p) { return p.last > 0 ? p.last_mask : p.mask; }
  int input_buffer(NodeId input) const;
  int lanes() const { return plan_.tile.lanes; }
  int64_t depth_room() const;  // steps a panel has room for
  int64_t row_panel_stride() const;
  int64_t panel_steps() const { return depth_room() + 3; }
  int64_t block_rows() const;
  bool whole_depth() const { return plan_.depth_chunk == 0; }
  /// Whether all rows are in one task.
  bool one_task_of_rows() const;
  bool one_task() const;
  Val row_tasks();
  Val column_blocks();
  Val batch_of(Val unit);
  Val column_of(Val unit);
  /// Whether results leave tile by tile, each as soon as it is finished, rather than a block at once.
  bool finishes_tiles() const { return !plan_.direct && form_.output_unit() == kColumn; }
  bool packs_columns() const {
    return plan_.columns == ColumnLayout::Packed || plan_.columns == ColumnLayout::Transposed;
  }
  bool along_depth() const { return plan_.axis == VectorAxis::Depth; }
  DType dtype() const { return form_.accumulator(); }

  loop::Builder& b_;
  const Form& form_;
  const Plan& plan_;
  std::vector<int> inputs_, outputs_;
  Pull pull_;
  int row_panel_ = -1, column_panel_ = -1, block_ = -1, square_ = -1, tail_panel_ = -1;
  Block at_;
};

}  // namespace nnc::contraction
