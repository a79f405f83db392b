#include "codegen/placement.h"

#include <algorithm>
#include <set>

#include "passes/memory_plan.h"

namespace nnc {
namespace {

// One entry's use of a root slot (arena, input or state), and the loops through whose slices or carries it went.
struct Access {
  int root = -1;
  bool write = false;
  std::vector<int> loops;
};

void add_roots(const Program& p, int slot, bool write, std::vector<int> loops, std::vector<Access>& out) {
  const Slot& s = p.slots[slot];
  if (s.storage == Storage::Slice || s.storage == Storage::Carry) {
    loops.push_back(s.index);
    add_roots(p, s.parent, write, loops, out);
    if (s.storage == Storage::Carry) add_roots(p, s.other, write, loops, out);
    return;
  }
  out.push_back({slot, write, std::move(loops)});
}

std::vector<Access> accesses(const Program& p, const Entry& e) {
  std::vector<Access> out;
  if (e.kind == EntryKind::Copy) {
    add_roots(p, e.from, false, {}, out);
    add_roots(p, e.to, true, {}, out);
  }
  if (e.kind != EntryKind::Call) return out;
  for (const Argument& a : p.calls[e.index].arguments) add_roots(p, a.slot, a.write, {}, out);
  return out;
}

class Placement {
 public:
  Placement(ProgramBuilder& builder, const Bindings& max_dims)
      : builder_(builder), p_(builder.program()), max_dims_(max_dims) {}

  void run() {
    write_state_in_place();
    append_state_copies();
    find_lifetimes();
    assign_offsets();
    set_barriers();
  }

 private:
  std::vector<Access> accesses_of(size_t entry) const { return accesses(p_, p_.entries[entry]); }

  // --- state ---

  // Whether the state's old value is still read after `entry`, or is itself a result.
  bool read_later(int state, size_t entry) const {
    for (const Port& out : p_.outputs) {
      if (out.slot == state) return true;
    }
    for (const ProgramBuilder::StateWrite& w : builder_.state_writes()) {
      if (w.value == state) return true;
    }
    for (size_t i = entry + 1; i < p_.entries.size(); ++i) {
      for (const Access& a : accesses_of(i)) {
        if (a.root == state) return true;
      }
    }
    return false;
  }

  // The top-level entry that produces a slot; -1 for one inside a loop or none.
  int producer_of(int slot) const {
    int depth = 0;
    for (size_t i = 0; i < p_.entries.size(); ++i) {
      const Entry& e = p_.entries[i];
      depth += (e.kind == EntryKind::LoopBegin) - (e.kind == EntryKind::LoopEnd);
      if (e.kind == EntryKind::Call && written_by(e.index, slot))
        return depth == 0 ? static_cast<int>(i) : -1;
    }
    return -1;
  }

  // The argument through which the call writes the slot; null if it does not.
  const Argument* written_by(int call, int slot) const {
    for (const Argument& a : p_.calls[call].arguments) {
      if (a.write && a.slot == slot) return &a;
    }
    return nullptr;
  }

  // Every use of `operand` by the call may be the same memory as the result.
  bool may_share(int call, int operand, int result) const {
    int group = written_by(call, result)->alias_group;
    const std::vector<Argument>& arguments = p_.calls[call].arguments;
    return std::all_of(arguments.begin(), arguments.end(), [&](const Argument& a) {
      return a.alias_group == group || a.slot == result || !touches(a.slot, operand);
    });
  }

  bool touches(int slot, int root) const {
    std::vector<Access> roots;
    add_roots(p_, slot, false, {}, roots);
    return std::any_of(roots.begin(), roots.end(), [&](const Access& a) { return a.root == root; });
  }

  void write_state_in_place() {
    std::set<int> values;
    for (const auto& w : builder_.state_writes()) {
      bool first_use = values.insert(w.value).second;
      const Slot& value = p_.slots[w.value];
      if (!first_use || value.storage != Storage::Arena) continue;
      int entry = producer_of(w.value);
      if (entry < 0 || read_later(w.state, entry)) continue;
      if (!may_share(p_.entries[entry].index, w.state, w.value)) continue;
      p_.slots[w.value] = p_.slots[w.state];
    }
  }

  bool same_place(int a, int b) const {
    const Slot &x = p_.slots[a], &y = p_.slots[b];
    return a == b || (x.storage == Storage::State && y.storage == Storage::State && x.index == y.index);
  }

  // What could not be written in place is copied at the end; old state that becomes other state by way of a
  // temporary, since its place may be overwritten by then.
  void append_state_copies() {
    std::vector<Entry> last;
    for (const auto& w : builder_.state_writes()) {
      if (same_place(w.value, w.state)) continue;
      int from = w.value;
      if (p_.slots[from].storage == Storage::State) {
        Slot copy{
            .storage = Storage::Arena, .type = p_.slots[from].type, .name = p_.slots[from].name + ".old"};
        p_.slots.push_back(std::move(copy));
        int temporary = static_cast<int>(p_.slots.size() - 1);
        p_.entries.push_back({.kind = EntryKind::Copy, .from = from, .to = temporary});
        from = temporary;
      }
      last.push_back({.kind = EntryKind::Copy, .from = from, .to = w.state});
    }
    p_.entries.insert(p_.entries.end(), last.begin(), last.end());
  }

  // --- lifetimes ---

  void find_lifetimes() {
    lives_.assign(p_.slots.size(), {0, INT64_MAX, -1, -1});
    std::vector<std::vector<std::pair<size_t, std::vector<int>>>> uses(p_.slots.size());
    for (size_t i = 0; i < p_.entries.size(); ++i) {
      for (Access& a : accesses_of(i)) uses[a.root].emplace_back(i, std::move(a.loops));
    }
    for (const Port& out : p_.outputs) {
      std::vector<Access> roots;
      add_roots(p_, out.slot, false, {}, roots);
      for (const Access& a : roots) uses[a.root].emplace_back(p_.entries.size(), std::vector<int>{});
    }
    for (size_t s = 0; s < uses.size(); ++s) {
      for (const auto& [entry, loops] : uses[s]) extend(lives_[s], entry);
      extend_over_loops(lives_[s], uses[s]);
      lives_[s].bytes = bytes_of(p_.slots[s], max_dims_);
    }
  }

  static void extend(Lifetime& life, size_t entry) {
    life.first = std::min(life.first, static_cast<int64_t>(entry));
    life.last = std::max(life.last, static_cast<int64_t>(entry));
  }

  // What comes from outside a loop, or carries between its iterations, must last all of it. Innermost loops end first.
  void extend_over_loops(Lifetime& life, const std::vector<std::pair<size_t, std::vector<int>>>& uses) const {
    for (size_t end = 0; end < p_.entries.size(); ++end) {
      if (p_.entries[end].kind != EntryKind::LoopEnd) continue;
      size_t begin = static_cast<size_t>(p_.entries[end].to);
      bool inside = false, outside = false, carried = false;
      for (const auto& [entry, loops] : uses) {
        bool in = entry > begin && entry < end;
        inside |= in;
        outside |= !in;
        carried |= in && std::count(loops.begin(), loops.end(), p_.entries[end].index) > 0;
      }
      if (!inside || !(outside || carried)) continue;
      extend(life, begin);
      extend(life, end);
    }
  }

  // --- arena ---

  // A call's result takes the memory of an operand that dies there, where the kernel reads each element of it
  // before it writes that element.
  void share_with_operands() {
    for (size_t i = 0; i < p_.entries.size(); ++i) {
      if (p_.entries[i].kind != EntryKind::Call) continue;
      for (const Argument& a : p_.calls[p_.entries[i].index].arguments) {
        bool begins = a.write && p_.slots[a.slot].storage == Storage::Arena;
        if (begins && lives_[a.slot].first == static_cast<int64_t>(i))
          share_result(i, p_.entries[i].index, a);
      }
    }
  }

  void share_result(size_t entry, int call, const Argument& result) {
    for (const Argument& a : p_.calls[call].arguments) {
      if (a.write || a.alias_group != result.alias_group || taken_.count(a.slot)) continue;
      bool dies =
          p_.slots[a.slot].storage == Storage::Arena && lives_[a.slot].last == static_cast<int64_t>(entry);
      if (!dies || !same_size(a.slot, result.slot) || !may_share(call, a.slot, result.slot)) continue;
      lives_[result.slot].shares = a.slot;
      taken_.insert(a.slot);
      return;
    }
  }

  bool same_size(int a, int b) const {
    const Type &x = p_.slots[a].type, &y = p_.slots[b].type;
    return size_of(x.dtype) == size_of(y.dtype) && element_count(x.shape) == element_count(y.shape);
  }

  void assign_offsets() {
    share_with_operands();
    std::vector<Lifetime> arena;
    std::vector<int> slot_of;
    std::vector<int64_t> number(p_.slots.size(), -1);
    for (size_t s = 0; s < p_.slots.size(); ++s) {
      if (p_.slots[s].storage != Storage::Arena || lives_[s].last < 0) continue;
      Lifetime life = lives_[s];
      if (life.shares >= 0) life.shares = number[life.shares];
      number[s] = static_cast<int64_t>(arena.size());
      arena.push_back(life);
      slot_of.push_back(static_cast<int>(s));
    }
    MemoryPlan plan = plan_memory(arena);
    for (size_t i = 0; i < arena.size(); ++i) p_.slots[slot_of[i]].offset = plan.offsets[i];
    p_.arena_bytes = plan.arena_bytes;
    p_.arena_lower_bound = plan.lower_bound;
  }

  // --- barriers ---

  bool same_bytes(int a, int b) const {
    const Slot &x = p_.slots[a], &y = p_.slots[b];
    if (x.storage != y.storage) return false;
    if (x.storage != Storage::Arena) return x.index == y.index;
    return x.offset < y.offset + lives_[b].bytes && y.offset < x.offset + lives_[a].bytes;
  }

  void set_barriers() {
    std::vector<Access> pending;
    for (size_t i = 0; i < p_.entries.size(); ++i) {
      Entry& e = p_.entries[i];
      std::vector<Access> now = accesses_of(i);
      bool loop_edge = e.kind == EntryKind::LoopBegin || e.kind == EntryKind::LoopEnd;
      bool conflict = std::any_of(now.begin(), now.end(), [&](const Access& a) {
        return std::any_of(pending.begin(), pending.end(), [&](const Access& b) {
          return (a.write || b.write) && same_bytes(a.root, b.root);
        });
      });
      e.barrier_before = loop_edge || conflict;
      if (e.barrier_before) pending.clear();
      pending.insert(pending.end(), now.begin(), now.end());
    }
  }

  ProgramBuilder& builder_;
  Program& p_;
  const Bindings& max_dims_;
  std::vector<Lifetime> lives_;
  std::set<int> taken_;
};

}  // namespace

void place(ProgramBuilder& builder, const Bindings& max_dims) { Placement(builder, max_dims).run(); }

}  // namespace nnc
