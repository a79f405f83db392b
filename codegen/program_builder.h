// Turns a fused graph into a program whose temporaries are not placed yet: slots, calls in order, loops for scans.
#pragma once

#include <map>
#include <vector>

#include "codegen/equal_regions.h"
#include "codegen/program.h"
#include "codegen/target.h"

namespace nnc {

class ProgramBuilder {
 public:
  ProgramBuilder(const Target& target, const Bindings& expected, int threads)
      : target_(target), expected_(expected), threads_(threads) {}

  /// Lowers every distinct region, several at a time, and walks the whole graph, which must outlive this.
  void build(const Graph& graph);

  Program& program() { return program_; }
  /// Each belongs to one call of the program or to several.
  const std::vector<loop::Kernel>& kernels() const { return kernels_; }
  size_t kernel_of(size_t call) const { return kernel_of_[call]; }
  /// The call's kernel under the names of its own region.
  loop::Kernel named_kernel(size_t call) const;
  /// The call's kernel to change: no other call shares it any more.
  loop::Kernel& own_kernel(size_t call);
  /// State to write at the end: the new value's slot and the state's own slot.
  struct StateWrite {
    int value, state;
  };
  const std::vector<StateWrite>& state_writes() const { return state_writes_; }

 private:
  using Slots = std::map<Value, int>;

  void lower_regions(const Graph& graph);

  int add_slot(Slot slot);
  int arena_slot(const Type& type, std::string name);
  int state_slot(const Node& param);
  void add_entry(Entry entry) { program_.entries.push_back(entry); }
  void walk(const Graph& graph, Slots& slots, const Slots& wanted);
  void region(const Graph& graph, NodeId id, Slots& slots, const Slots& wanted);
  void scan(const Graph& graph, NodeId id, Slots& slots);
  void scan_body(const Graph& body, int loop, Slots& inner, const std::vector<int>& targets);
  struct Carry {
    int start, now, next;  // what it begins as, and its two sides of an iteration
  };
  Carry add_carry(const Type& type, int loop, const std::string& name);
  int slice_of(int parent, const Type& type, int loop);

  Target target_;
  Bindings expected_;
  int threads_;
  Program program_;
  std::vector<RegionOf> regions_;  // one per call
  std::vector<loop::Kernel> kernels_;
  std::vector<size_t> kernel_of_;
  std::map<std::string, int> states_;  // path → slot
  std::vector<StateWrite> state_writes_;
};

}  // namespace nnc
