// Text of the loop form, and the two sizes whoever calls a kernel needs.
#include <fmt/format.h>

#include "codegen/loop.h"

namespace nnc::loop {
namespace {

std::string_view code_name(Code code) {
  switch (code) {
    case Code::Constant:
      return "constant";
    case Code::Parameter:
      return "parameter";
    case Code::Symbol:
      return "symbol";
    case Code::TaskBegin:
      return "task_begin";
    case Code::TaskEnd:
      return "task_end";
    case Code::Apply:
      return "apply";
    case Code::Fma:
      return "fma";
    case Code::IndexDiv:
      return "index_div";
    case Code::IndexRem:
      return "index_rem";
    case Code::IndexXor:
      return "index_xor";
    case Code::Broadcast:
      return "broadcast";
    case Code::Iota:
      return "lanes";
    case Code::Extract:
      return "extract";
    case Code::Shuffle:
      return "shuffle";
    case Code::ReduceLanes:
      return "reduce_lanes";
    case Code::Load:
      return "load";
    case Code::MaskedLoad:
      return "load_masked";
    case Code::GatherLoad:
      return "load_gather";
    case Code::Prefetch:
      return "prefetch";
    case Code::Store:
      return "store";
    case Code::MaskedStore:
      return "store_masked";
    case Code::ScatterStore:
      return "store_scatter";
    case Code::Philox:
      return "philox";
    case Code::ReportIndex:
      return "report_index";
    case Code::For:
      return "for";
    case Code::If:
      return "if";
  }
  return "";
}

bool shows_imm(Code code) {
  return code == Code::Parameter || code == Code::Symbol || code == Code::Extract || code == Code::Philox;
}

std::string type_text(VType t) {
  return t.lanes == 1 ? std::string(name_of(t.dtype)) : fmt::format("{}x{}", name_of(t.dtype), t.lanes);
}

std::string list(const std::vector<Val>& values, size_t from = 0) {
  std::string out;
  for (size_t i = from; i < values.size(); ++i)
    out += fmt::format("{}%{}", i > from ? ", " : "", values[i].id);
  return out;
}

class Printer {
 public:
  Printer(const Kernel& kernel, bool labels) : kernel_(kernel), labels_(labels) {}

  std::string run() {
    header();
    block(kernel_.body, 1);
    return out_ + "}\n";
  }

 private:
  void header() {
    out_ = fmt::format("kernel {}(", labels_ ? kernel_.name : "_");
    for (size_t i = 0; i < kernel_.buffers.size(); ++i) out_ += (i ? ", " : "") + buffer_text(i);
    out_ += ";";
    for (const std::string& s : kernel_.symbols) out_ += " " + s;
    out_ += ") tasks";
    for (const TaskAxis& t : kernel_.tasks) out_ += fmt::format(" ceil({} / {})", t.extent.str(), t.tile);
    out_ += literals() + " {\n";
    if (labels_ && !kernel_.note.empty()) out_ += fmt::format("  # {}\n", kernel_.note);
  }

  // The values of parameters belong to the call, their number and types to the function.
  std::string literals() const {
    std::string out;
    for (const Literal& l : kernel_.literals) {
      out += fmt::format("{}{}", out.empty() ? " parameters " : ", ", name_of(l.dtype));
      if (labels_) out += " " + l.str();
    }
    return out;
  }

  std::string buffer_text(size_t i) const {
    const Buffer& b = kernel_.buffers[i];
    constexpr std::string_view roles[] = {"in", "out", "scratch"};
    std::string text = fmt::format("#{} {} {} {} group {}", i, roles[static_cast<int>(b.role)], b.index,
                                   name_of(b.dtype), b.alias_group);
    if (b.streamed) text += " streamed";
    if (b.role == BufferRole::Scratch) text += fmt::format(" count {}", b.count.str());
    return labels_ ? text + " \"" + b.name + "\"" : text;
  }

  void line(int depth, const std::string& text) { out_ += std::string(2 * depth, ' ') + text + "\n"; }

  void block(const Block& b, int depth) {
    for (const Inst& inst : b.insts) this->inst(inst, depth);
    if (!b.yields.empty()) line(depth, "yield " + list(b.yields));
  }

  void inst(const Inst& i, int depth) {
    std::string left = i.results.empty() ? "" : list(i.results) + " = ";
    if (i.code == Code::For) {
      line(depth, fmt::format("{}for %{} = %{} to %{} step {} carry ({}) from ({}) {{", left,
                              i.blocks[0].params[0].id, i.args[0].id, i.args[1].id, i.step,
                              list(i.blocks[0].params, 1), list(i.args, 2)));
      block(i.blocks[0], depth + 1);
      return line(depth, "}");
    }
    if (i.code == Code::If) {
      line(depth, fmt::format("{}if %{} {{", left, i.args[0].id));
      block(i.blocks[0], depth + 1);
      line(depth, "} else {");
      block(i.blocks[1], depth + 1);
      return line(depth, "}");
    }
    line(depth, left + plain(i));
  }

  std::string plain(const Inst& i) const {
    std::string text(i.code == Code::Apply ? info(i.op).name : code_name(i.code));
    if (i.code == Code::ReduceLanes) text += " " + std::string(info(i.op).name);
    if (i.buffer >= 0) text += fmt::format(" #{}", i.buffer);
    if (i.code == Code::Constant) text += " " + i.literal.str();
    if (shows_imm(i.code)) text += fmt::format(" {}", i.imm);
    if (!i.args.empty()) text += " " + list(i.args);
    if (!i.mask.empty()) text += fmt::format(" [{}]", fmt::join(i.mask, " "));
    return text + " : " + type_text(i.type);
  }

  const Kernel& kernel_;
  bool labels_;
  std::string out_;
};

}  // namespace

std::string print(const Kernel& kernel, bool labels) { return Printer(kernel, labels).run(); }

int64_t task_count(const Kernel& kernel, const Bindings& dims) {
  int64_t count = 1;
  for (const TaskAxis& t : kernel.tasks)
    count = checked_mul(count, (t.extent.evaluate(dims) + t.tile - 1) / t.tile);
  return count;
}

int64_t scratch_bytes(const Kernel& kernel, const Bindings& dims) {
  int64_t total = 0;
  for (const Buffer& b : kernel.buffers) {
    if (b.role != BufferRole::Scratch) continue;
    total = checked_add(total, (checked_mul(b.count.evaluate(dims), size_of(b.dtype)) + 63) / 64 * 64);
  }
  return total;
}

}  // namespace nnc::loop
