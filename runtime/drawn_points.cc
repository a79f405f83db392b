#include "runtime/drawn_points.h"

namespace nnc {
namespace {

Table draw_table(const std::string& source, int64_t first, int64_t count,
                 const std::function<LabelledPoint(int64_t)>& draw) {
  Tensor points(DType::F64, {count, 2}), labels(DType::I32, {count});
  for (size_t i = 0; i < static_cast<size_t>(count); ++i) {
    LabelledPoint p = draw(first + static_cast<int64_t>(i));
    points.as<double>()[2 * i] = p.point.x;
    points.as<double>()[2 * i + 1] = p.point.y;
    labels.as<int32_t>()[i] = static_cast<int32_t>(p.label);
  }
  Table table;
  table.push_back({"point", std::move(points), ColumnRole::Input, {}, source, ""});
  table.push_back({"label", std::move(labels), ColumnRole::Label, {}, source, ""});
  return table;
}

}  // namespace

Dataset drawn_points(const std::string& source, int64_t n,
                     const std::function<LabelledPoint(int64_t)>& draw) {
  return {draw_table(source, 0, n, draw), draw_table(source, n, test_share(n), draw)};
}

}  // namespace nnc
