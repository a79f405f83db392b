#include "tests/codegen/assembly.h"

#include <algorithm>
#include <map>
#include <sstream>

namespace nnc::test {
namespace {

struct Line {
  std::string text;  // without indentation and comment
  bool is_label() const { return !text.empty() && text.back() == ':'; }
};

std::vector<Line> lines_of(const std::string& assembly) {
  std::vector<Line> lines;
  std::istringstream in(assembly);
  for (std::string text; std::getline(in, text);) {
    text = text.substr(0, text.find('#'));
    size_t first = text.find_first_not_of(" \t"), last = text.find_last_not_of(" \t");
    if (first == std::string::npos) continue;
    text = text.substr(first, last - first + 1);
    bool directive = text[0] == '.' && text.back() != ':';
    if (!directive) lines.push_back({text});
  }
  return lines;
}

// The label a jump goes to; empty for anything else.
std::string jump_target(const std::string& text) {
  if (text[0] != 'j') return {};
  size_t at = text.find(".L");
  return at == std::string::npos ? std::string{} : text.substr(at);
}

std::string joined(const std::vector<std::string>& instructions) {
  std::string out;
  for (const std::string& i : instructions) out += "  " + i + "\n";
  return out;
}

}  // namespace

int InnerLoop::count(const std::string& mnemonic) const {
  return static_cast<int>(std::count_if(instructions.begin(), instructions.end(),
                                        [&](const std::string& i) { return i.starts_with(mnemonic); }));
}

std::vector<InnerLoop> inner_loops(const std::string& assembly) {
  std::vector<Line> lines = lines_of(assembly);
  std::map<std::string, size_t> label_at;
  std::vector<std::pair<size_t, size_t>> loops;
  for (size_t i = 0; i < lines.size(); ++i) {
    if (lines[i].is_label()) label_at[lines[i].text.substr(0, lines[i].text.size() - 1)] = i;
    auto target = label_at.find(jump_target(lines[i].text));
    if (target != label_at.end()) loops.emplace_back(target->second, i);
  }
  std::vector<InnerLoop> out;
  for (auto [begin, end] : loops) {
    auto inside = [&, begin = begin, end = end](const auto& l) {
      return l != std::pair(begin, end) && l.first >= begin && l.second <= end;
    };
    if (std::any_of(loops.begin(), loops.end(), inside)) continue;
    InnerLoop& loop = out.emplace_back();
    for (size_t i = begin; i <= end; ++i) {
      if (!lines[i].is_label()) loop.instructions.push_back(lines[i].text);
    }
  }
  return out;
}

InnerLoop fma_loop(const std::string& assembly) {
  InnerLoop best;
  for (InnerLoop& loop : inner_loops(assembly)) {
    if (loop.count("vfmadd") > best.count("vfmadd")) best = std::move(loop);
  }
  return best;
}

std::vector<std::string> stack_accesses(const std::string& assembly, const InnerLoop& loop) {
  // rbp is an ordinary register unless the prologue makes it the frame's.
  bool has_frame = assembly.find("%rsp, %rbp") != std::string::npos;
  std::vector<std::string> out;
  for (const std::string& i : loop.instructions) {
    bool on_stack =
        i.find("(%rsp") != std::string::npos || (has_frame && i.find("(%rbp") != std::string::npos);
    if (on_stack) out.push_back(i);
  }
  return out;
}

namespace {

std::string registers_of(int bytes) { return bytes == 64 ? "%zmm" : bytes == 32 ? "%ymm" : "%xmm"; }

}  // namespace

testing::AssertionResult no_spills(const std::string& assembly, const InnerLoop& loop, int vector_bytes,
                                   int or_bytes) {
  const std::string registers = registers_of(vector_bytes),
                    others = or_bytes > 0 ? registers_of(or_bytes) : registers;
  auto failure = [&](const std::string& what, const std::string& instruction) {
    return testing::AssertionFailure() << what << ": " << instruction << "\nin the loop\n"
                                       << joined(loop.instructions);
  };
  for (const std::string& i : stack_accesses(assembly, loop)) return failure("touches the stack", i);
  for (const std::string& i : loop.instructions) {
    if (!i.starts_with("vfmadd")) continue;
    if (i.find(registers) == std::string::npos && i.find(others) == std::string::npos)
      return failure("not in " + registers, i);
  }
  return testing::AssertionSuccess();
}

testing::AssertionResult no_spills(const std::string& assembly, int vector_bytes) {
  InnerLoop loop = fma_loop(assembly);
  if (loop.instructions.empty())
    return testing::AssertionFailure() << "no loop contains vfmadd:\n" << assembly;
  return no_spills(assembly, loop, vector_bytes);
}

}  // namespace nnc::test
