#include "tools/nnc/data_part.h"

#include <fmt/format.h>

#include "ir/error.h"

namespace nnc::tool {

DataPart find_part(const BoundData& data, const std::string& name) {
  const DataPart parts[] = {{"test", "test", data.test},
                            {"validation", "validation", data.validation},
                            {"train", "training", data.train}};
  for (const DataPart& part : parts) {
    if (part.table.samples > 0 && (name.empty() || name == part.name)) return part;
  }
  throw Error(fmt::format("the data have no {} part", name),
              {"the model file's `split` takes samples apart"});
}

}  // namespace nnc::tool
