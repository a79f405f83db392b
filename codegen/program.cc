#include "codegen/program.h"

#include <fmt/format.h>

#include "ir/bind.h"

namespace nnc {
namespace {

std::string_view storage_name(Storage s) {
  switch (s) {
    case Storage::Arena:
      return "arena";
    case Storage::Input:
      return "input";
    case Storage::State:
      return "state";
    case Storage::Slice:
      return "slice";
    case Storage::Carry:
      return "carry";
  }
  return "";
}

std::string place_of(const Program& p, const Slot& s) {
  switch (s.storage) {
    case Storage::Arena:
      return fmt::format("arena+{}", s.offset);
    case Storage::Input:
    case Storage::State:
      return fmt::format("{} {}", storage_name(s.storage), s.name);
    case Storage::Slice:
      return fmt::format("slice of {}", p.slots[s.parent].name);
    case Storage::Carry:
      return fmt::format("{} or {}", p.slots[s.parent].name, p.slots[s.other].name);
  }
  return "";
}

std::string argument_names(const Program& p, const Call& call, bool write) {
  std::string out;
  for (const Argument& a : call.arguments) {
    if (a.write == write) out += (out.empty() ? "" : ", ") + p.slots[a.slot].name;
  }
  return out;
}

std::string entry_text(const Program& p, const Entry& e) {
  std::string barrier = e.barrier_before ? "| " : "  ";
  switch (e.kind) {
    case EntryKind::Call: {
      const Call& c = p.calls[e.index];
      return fmt::format("{}{} {} ({}) -> ({})", barrier, name_of_enum(c.kind), c.name,
                         argument_names(p, c, false), argument_names(p, c, true));
    }
    case EntryKind::Copy:
      return fmt::format("{}copy {} to {}", barrier, p.slots[e.from].name, p.slots[e.to].name);
    case EntryKind::LoopBegin:
      return fmt::format("{}loop {} times {{", barrier, p.loops[e.index].trip.str());
    case EntryKind::LoopEnd:
      return barrier + "}";
  }
  return "";
}

}  // namespace

int64_t bytes_of(const Slot& slot, const Bindings& dims) {
  return checked_mul(element_count(slot.type.shape, dims), size_of(slot.type.dtype));
}

std::string print_memory(const Program& p) {
  std::string out =
      fmt::format("arena {} bytes, live-range lower bound {}\n", p.arena_bytes, p.arena_lower_bound);
  for (const Slot& s : p.slots) {
    out += fmt::format("  {:<40} {:<24} {:>12} bytes  {}\n", s.name, s.type.str(), bytes_of(s, p.max_dims),
                       place_of(p, s));
  }
  out += "entries\n";
  for (const Entry& e : p.entries) out += entry_text(p, e) + "\n";
  return out;
}

}  // namespace nnc
