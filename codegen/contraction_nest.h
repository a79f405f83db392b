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

/// A number of rows, columns or steps, known now or only at run time.
struct Count {
  Val value;
  std::optional<int64_t> fixed;
};

/// Columns computed together: `vectors` of them from `first` (in the block), the last one masked where a mask
/// is given.
struct Panel {
  int vectors = 1;
  Val first;
  Val mask = {};
  Val count = {};  // columns that exist, valid with a mask
};

class Nest {
 public:
  /// `inputs` and `outputs` are the kernel's buffers for the body's inputs and outputs.
  Nest(loop::Builder& b, const Form& form, const Plan& plan, std::vector<int> inputs,
       std::vector<int> outputs);
  void emit();

 private:
  // What the loops have fixed so far.
  struct Task {
    IndexExpr batch;
    Val row, column;  // of the block's first element
    Count rows, columns;
  };
  struct Chunk {
    Val first;  // depth of the first step
    Count depth;
    Val continues;  // invalid in the only chunk; else whether partial results exist
  };

  void declare_scratch();
  void task(Val t);
  void shared_panels(Val t, Val inner);
  void block();
  void chunk(const Chunk& c);
  void for_panels(const std::function<void(const Panel&)>& body);
  void panel(const Chunk& c, const Panel& p);
  void panel_rows(const Chunk& c, const Panel& p);
  Val first_rows(const Chunk& c, const Panel& p);
  void rows_from(Val first, const Chunk& c, const Panel& p, const ColumnSource& source);
  void tile(int rows, Val row, const Chunk& c, const Panel& p, const ColumnSource& source);

  RowSource row_source(Val row, const Chunk& c);
  ColumnSource columns_in_place(const Chunk& c, const Panel& p);
  ColumnSource columns_packed(const Panel& p);
  TilePlace place(Val row, const Panel& p);
  void pack_rows(const Chunk& c);
  void pack_columns(const Chunk& c, const Panel& p);
  void pack_columns_plain(const Chunk& c, const Panel& p);
  void pack_columns_transposed(const Chunk& c, const Panel& p);
  Val element(const Operand& operand, const Point& at, const Lanes& lanes);

  void epilogue(const Panel& p);
  void epilogue_by_columns(const Panel& p);
  void epilogue_by_rows(const Panel& p);
  void results(const Point& at, const Lanes& lanes, Val value);
  void store_result(size_t k, const Point& at, const Lanes& lanes, Val value);

  Count block_count(Axis axis, Val first, int64_t block);
  Val block_base(const Panel& p);
  Val panel_base(const Panel& p);
  IndexExpr variable(Axis axis, Val value) { return pull_.variable(form_.extent(axis), value); }
  IndexExpr row_at(Val i) { return variable(kRow, b_.add(task_.row, i)); }
  IndexExpr column_at(Val j) { return variable(kColumn, b_.add(task_.column, j)); }
  TileShape shape(int rows, const Panel& p) const { return {rows, p.vectors, lanes()}; }
  int input_buffer(NodeId input) const;
  int lanes() const { return plan_.tile.lanes; }
  int64_t depth_room() const;  // steps a panel has room for
  int64_t row_panel_stride() const;
  bool whole_depth() const { return plan_.depth_chunk == 0; }
  DType dtype() const { return form_.accumulator(); }

  loop::Builder& b_;
  const Form& form_;
  const Plan& plan_;
  std::vector<int> inputs_, outputs_;
  Pull pull_;
  int row_panel_ = -1, column_panel_ = -1, block_ = -1, square_ = -1;
  Task task_;
};

}  // namespace nnc::contraction
