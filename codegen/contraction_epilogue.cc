// The part of a contraction's nest that turns a block of dot results into the region's outputs. Vectors lie
// along the axis in which the first output is contiguous; where that is the rows, squares of the block are
// turned over.
#include "codegen/contraction_nest.h"

namespace nnc::contraction {

void Nest::epilogue(const Panel& p, const Finished& f) {
  if (form_.output_unit() == kRow)
    epilogue_by_rows(p, f);
  else
    epilogue_by_columns(p, f);
}

// Every output at the point, given the dot there. All are computed before any is stored: an output may be an
// operand's memory.
void Nest::results(const Point& at, const Lanes& lanes, Val value) {
  pull_.bind(form_.dot(), value);
  std::vector<Val> values;
  for (size_t k = 0; k < outputs_.size(); ++k) {
    values.push_back(pull_.vector(form_.body().outputs()[k].value, form_.output_map(k, at), lanes));
  }
  for (size_t k = 0; k < outputs_.size(); ++k) store_result(k, at, lanes, values[k]);
}

void Nest::store_result(size_t k, const Point& at, const Lanes& lanes, Val value) {
  IndexExpr offset = form_.output_offset(k, at);
  std::optional<Dim> step = lanes.count == 1 ? Dim(1) : offset.coefficient(lanes.variable);
  if (step && step->is(1)) {
    Val first = pull_.scalar(offset);
    if (lanes.active.valid())
      b_.masked_store(outputs_[k], first, value, lanes.active);
    else
      b_.store(outputs_[k], first, value);
  } else {
    Val all = b_.broadcast(b_.immediate(Literal::from_int(DType::Bool, 1)), lanes.count);
    b_.scatter(outputs_[k], pull_.index(offset, lanes), value, lanes.active.valid() ? lanes.active : all);
  }
}

void Nest::epilogue_by_columns(const Panel& p, const Finished& f) {
  const bool single = form_.extent(kColumn).is(1);
  Val width = b_.index(static_cast<int64_t>(p.vectors) * lanes());
  b_.for_each(b_.index(0), f.count, 1, [&](Val i) {
    Pull::Scope row_scope(pull_);
    IndexExpr row = row_at(b_.add(f.first, i));
    Val kept = b_.add(f.kept, b_.mul(i, width));
    for (int j = 0; j < p.vectors; ++j) {
      Pull::Scope scope(pull_);
      IndexExpr column = column_at(b_.add(p.first, b_.index(j * lanes())));
      Lanes l{lanes(), Pull::id_of(column), j + 1 == p.vectors ? p.mask : Val{}};
      if (single) l = {};
      results({at_.batch, row, column, 0}, l, b_.load(block_, b_.add(kept, b_.index(j * lanes())), l.count));
    }
  });
}

void Nest::epilogue_by_rows(const Panel& p, const Finished& f) {
  const int64_t width = static_cast<int64_t>(p.vectors) * lanes();
  const bool single = form_.extent(kRow).is(1);
  Val columns = p.mask.valid() ? p.count : b_.index(width);
  b_.for_each(b_.index(0), f.count, lanes(), [&](Val i) {
    b_.for_each(b_.index(0), columns, lanes(), [&](Val j) {
      Val from = b_.add(b_.add(f.kept, b_.mul(i, b_.index(width))), j);
      std::vector<Val> square;
      for (int r = 0; r < lanes(); ++r)
        square.push_back(b_.load(block_, b_.add(from, b_.index(r * width)), lanes()));
      square = transpose_lanes(b_, std::move(square));
      for (int r = 0; r < lanes(); ++r) b_.store(square_, b_.index(r * lanes()), square[r]);
      Val rest = b_.sub(f.count, i);
      b_.for_each(b_.index(0), b_.imin(b_.index(lanes()), b_.sub(columns, j)), 1, [&](Val r) {
        Pull::Scope scope(pull_);
        IndexExpr row = row_at(b_.add(f.first, i)), column = column_at(b_.add(b_.add(p.first, j), r));
        Lanes l{lanes(), Pull::id_of(row), b_.lane_mask(rest, lanes())};
        if (single) l = {};
        Val value = b_.load(square_, b_.mul(r, b_.index(lanes())), l.count);
        results({at_.batch, row, column, 0}, l, value);
      });
    });
  });
}

}  // namespace nnc::contraction
