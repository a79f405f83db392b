// Decides which results leave past the caches. A usual store first reads the line that it is about to overwrite, so
// that a large result costs twice its traffic; one that goes past the caches does not, but whoever reads it next
// finds it in memory alone.
#pragma once

#include "codegen/program_builder.h"

namespace nnc {

/// Marks them in the kernels of a program whose memory is planned.
void stream_results(ProgramBuilder& builder, const Bindings& expected);

}  // namespace nnc
