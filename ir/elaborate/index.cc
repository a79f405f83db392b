// Subscripts: x[0:2, :, -1] takes part of a tensor, zeros[B, H] makes one of a shape.
#include <fmt/format.h>

#include "ir/elaborate/elaborator.h"
#include "ir/error.h"

namespace nnc {

Val Elaborator::eval_index(const ast::Index& index, Loc loc) {
  const ast::Ref* name = index.base->as<ast::Ref>();
  const LayerRow* row = name && lookup(name->name) == nullptr ? find_layer(name->name) : nullptr;
  if (row == nullptr) {
    Val base = eval(*index.base);
    return base.poisoned() ? poison(loc) : index_tensor(index, base, loc);
  }
  if (parse_signature(row->signature)[0].kind != ArgKind::Sizes) {
    diag_.error("not-a-function", loc, fmt::format("{} takes its arguments in round brackets", row->name))
        .with_help(fmt::format("{}({})", row->name, row->signature));
    return poison(loc);
  }
  Many sizes;
  for (const ast::Subscript& s : index.subscripts) {
    if (s.is_slice) {
      diag_.error("size", s.loc, fmt::format("{} takes sizes, not ranges", row->name));
      return poison(loc);
    }
    sizes.items.push_back(eval(*s.start));
    if (sizes.items.back().poisoned()) return poison(loc);
  }
  ast::Arg shape;
  shape.value = std::make_unique<ast::Expr>();
  shape.value->loc = loc;
  return call_layer(*row, {{&shape, Val{std::move(sizes), loc}}}, loc);
}

// A subscript as a position: from the end where it is negative.
Dim Elaborator::subscript(const ast::ExprPtr& e, const Dim& extent, const Dim& fallback) {
  if (!e) return fallback;
  Val v = eval(*e);
  if (v.poisoned()) throw PoisonUsed();
  const Dim* d = v.as<Dim>();
  if (d == nullptr) throw Error(fmt::format("a subscript is a whole number, not {}", describe(v)));
  return d->is_constant() && d->value() < 0 ? extent + *d : *d;
}

Val Elaborator::index_tensor(const ast::Index& index, const Val& base, Loc loc) {
  try {
    Builder& b = net_.b();
    Value x = tensor(base, DType::F32);
    Type type = b.type(x);
    if (static_cast<int64_t>(index.subscripts.size()) > type.rank()) {
      throw Error(fmt::format("{} has fewer axes than there are subscripts", type.str()));
    }
    Shape start(type.shape.size(), Dim(0)), size = type.shape, kept;
    std::vector<int64_t> stride(type.shape.size(), 1);
    for (size_t i = 0; i < type.shape.size(); ++i) {
      const ast::Subscript* s = i < index.subscripts.size() ? &index.subscripts[i] : nullptr;
      if (s) slice_axis(*s, type.shape[i], start[i], size[i], stride[i]);
      if (!s || s->is_slice) kept.push_back(size[i]);
    }
    return result(b.reshape(b.slice(x, start, size, stride), kept), loc);
  } catch (const Error& e) {
    return fail("subscript", loc, e, {base});
  }
}

void Elaborator::slice_axis(const ast::Subscript& s, const Dim& extent, Dim& start, Dim& size,
                            int64_t& stride) {
  start = subscript(s.start, extent, 0);
  if (!s.is_slice) {
    size = 1;
    return;
  }
  Dim step = subscript(s.step, 0, 1);
  size = subscript(s.stop, extent, extent) - start;
  if (!step.is_constant() || step.value() < 1) throw Error("a step is a number of at least 1");
  stride = step.value();
  if (stride == 1) return;
  if (!size.is_constant()) throw Error(fmt::format("a step of {} needs a range of known size", stride));
  size = (size.value() + stride - 1) / stride;
}

}  // namespace nnc
