// Places a program's temporaries: which results are written over operands or straight into state, where the rest
// lie in the arena, and where threads must wait for one another.
#pragma once

#include "codegen/program_builder.h"

namespace nnc {

/// Fills slot offsets, arena sizes, the copies that write state at the end, and barriers.
void place(ProgramBuilder& builder, const Bindings& max_dims);

}  // namespace nnc
