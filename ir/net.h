// A model while its graph is built: parameters named by scope, state, randomness, and the bodies of scans.
// Every composite with parameters takes a Net; the rest take a Builder (net.b()). The same calls build the
// training and the evaluation graph; only the mode differs, and both declare the same parameters.
//
//   Net net("mlp", Mode::Train);
//   Value x = net.b().input("x", {DType::F32, {Dim::symbol("B"), 784}});
//   NetScope h(net, "h");
//   Value y = linear(net, x, 128);   // h.weight, h.bias
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "ir/builder.h"
#include "ir/initializers.h"

namespace nnc {

enum class Mode : uint8_t { Train, Eval };

/// Counters every training graph shares, i64[]: the number of steps taken, and the seed of the run.
inline constexpr const char* kStepParam = "train.step";
inline constexpr const char* kSeedParam = "train.seed";

/// A parameter of the model; one without an initialiser starts as zeros.
struct ParamDecl {
  std::string path;
  Type type;
  bool trainable = true;
  std::optional<Init> init;
  Loc loc;
};

/// What a target of class indices may hold: 0 … classes - 1, and `ignored`.
struct ClassRange {
  Dim classes;
  std::optional<int64_t> ignored;
};

class Net {
 public:
  Net(const std::string& name, Mode mode);

  bool training() const { return mode_ == Mode::Train; }
  /// Where nodes go now: the model's graph, or the body of the innermost open scan.
  Builder& b() { return frames_.back()->b; }
  void add_output(const std::string& name, Value value) {
    frames_.front()->graph.add_output({name, value, false});
  }
  /// The graph: its outputs, then the state writes.
  Graph take_graph();

  /// The parameter `name` of the current scope; its shape must be numbers. Throws Error for a shape that is
  /// symbolic or absurd, and for a second parameter of the same path.
  Value param(const std::string& name, const Type& type, std::optional<Init> init, bool trainable = true);
  /// The value of a state parameter of this scope after a training step; ignored outside training.
  void write_state(const std::string& name, Value value);
  /// Uniform in [0, 1), other numbers at every step (of training, and of every scan around).
  Value uniform(const Type& type);
  const std::vector<ParamDecl>& declared() const { return declared_; }

  /// Records that integers of `target`, but for `ignored`, index `classes` classes, for the loader to check.
  void note_classes(Value target, const Dim& classes, std::optional<int64_t> ignored = {}) {
    classes_[target] = {classes, ignored};
  }
  const std::map<Value, ClassRange>& classes() const { return classes_; }

  void enter(const std::string& scope);
  void leave();
  /// Path of the current scope, and of a name in it.
  std::string path() const;
  std::string path(const std::string& name) const;
  /// `name` the first time in this scope, then name_1, name_2…
  std::string unique(const std::string& name);
  void set_loc(Loc loc) { b().set_loc(loc); }

  /// Opens the body of a scan over `length`: gives a body input per carry and per scanned value (types
  /// without the leading axis). Until end_scan every node goes into the body.
  std::vector<Value> begin_scan(const std::vector<std::pair<std::string, Type>>& carries,
                                const std::vector<std::pair<std::string, Type>>& scanned, const Dim& length);
  /// Closes it. `next` are the carries after a step, `yields` what to stack; `initial` and `sequences` live
  /// outside.
  std::vector<Value> end_scan(const std::vector<Value>& next, const std::vector<Value>& yields,
                              const std::vector<Value>& initial, const std::vector<Value>& sequences);
  /// Leaves the innermost scan without a result, after an error.
  void abandon_scan();

  /// How many scans are open; a value made at one depth is read deeper through `import`.
  size_t depth() const { return frames_.size() - 1; }
  Value import(Value value, size_t depth);

 private:
  struct Frame {
    explicit Frame(const std::string& name) : graph(name), b(graph) {}
    Graph graph;
    Builder b;
    Dim length;
    std::vector<ScopeId> scopes;  // of the scopes entered, outermost first
    std::vector<std::string> carries;
    std::optional<Value> index;                     // body input: the number of the step, if anything asked
    std::vector<std::pair<Value, Value>> captured;  // (outside, body input)
    std::map<Value, Value> images;
  };
  Value capture(Frame& outer, Frame& inner, Value value);
  Value counter(size_t depth);

  Mode mode_;
  std::vector<std::unique_ptr<Frame>> frames_;
  std::vector<std::string> scopes_;
  std::map<std::string, int> ordinals_;
  std::vector<ParamDecl> declared_;
  std::set<std::string> paths_;
  std::map<Value, ClassRange> classes_;
  std::vector<Output> writes_;
};

/// Enters a scope for the lifetime of the object.
class NetScope {
 public:
  NetScope(Net& net, const std::string& name) : net_(net) { net_.enter(name); }
  ~NetScope() { net_.leave(); }
  NetScope(const NetScope&) = delete;
  NetScope& operator=(const NetScope&) = delete;

 private:
  Net& net_;
};

}  // namespace nnc
