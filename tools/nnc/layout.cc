#include "tools/nnc/layout.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace nnc::tool {
namespace {

constexpr double kRankGap = 30, kColumnGap = 18;
constexpr int kSweeps = 8;

// A box, or one bend of a long edge.
struct Spot {
  double width = 0, height = 0, in = 0, out = 0;
  int rank = 0;
  double x = 0;
  std::vector<int> above, below;
};

class Layout {
 public:
  Layout(std::vector<LayoutBox>& boxes, std::vector<LayoutEdge>& edges) : boxes_(boxes), edges_(edges) {}

  Point run() {
    for (const LayoutBox& b : boxes_) spots_.push_back({b.width, b.height, b.in, b.out, 0, 0, {}, {}});
    assign_ranks();
    chain_edges();
    fill_ranks();
    reduce_crossings();
    place_columns();
    return finish();
  }

 private:
  // The longest way from a source; a source comes as late as it can.
  void assign_ranks() {
    bool changed = true;
    while (changed) {
      changed = false;
      for (const LayoutEdge& e : edges_) {
        if (spots_[e.to].rank > spots_[e.from].rank) continue;
        spots_[e.to].rank = spots_[e.from].rank + 1;
        changed = true;
      }
    }
    for (size_t i = 0; i < boxes_.size(); ++i) pull_down(static_cast<int>(i));
    int deepest = 0;
    for (size_t i = 0; i < boxes_.size(); ++i) {
      if (!boxes_[i].last) deepest = std::max(deepest, spots_[i].rank + 1);
    }
    for (size_t i = 0; i < boxes_.size(); ++i) {
      if (boxes_[i].last) spots_[i].rank = deepest;
    }
  }

  void pull_down(int box) {
    int nearest = INT32_MAX;
    for (const LayoutEdge& e : edges_) {
      if (e.to == box) return;
      if (e.from == box) nearest = std::min(nearest, spots_[e.to].rank);
    }
    if (nearest != INT32_MAX && !boxes_[box].first) spots_[box].rank = nearest - 1;
  }

  void chain_edges() {
    for (const LayoutEdge& e : edges_) {
      std::vector<int> chain{e.from};
      for (int rank = spots_[e.from].rank + 1; rank < spots_[e.to].rank; ++rank) {
        chain.push_back(static_cast<int>(spots_.size()));
        spots_.push_back({.rank = rank});
      }
      chain.push_back(e.to);
      for (size_t i = 0; i + 1 < chain.size(); ++i) {
        spots_[chain[i]].below.push_back(chain[i + 1]);
        spots_[chain[i + 1]].above.push_back(chain[i]);
      }
      chains_.push_back(std::move(chain));
    }
  }

  void fill_ranks() {
    for (size_t i = 0; i < spots_.size(); ++i) {
      if (spots_[i].rank >= static_cast<int>(ranks_.size())) ranks_.resize(spots_[i].rank + 1);
      ranks_[spots_[i].rank].push_back(static_cast<int>(i));
    }
  }

  std::vector<double> positions() const {
    std::vector<double> out(spots_.size());
    for (const std::vector<int>& rank : ranks_) {
      for (size_t i = 0; i < rank.size(); ++i) out[rank[i]] = static_cast<double>(i);
    }
    return out;
  }

  void sort_rank(std::vector<int>& rank, std::vector<int> Spot::*neighbours) {
    std::vector<double> at = positions(), wish(spots_.size());
    for (int s : rank) {
      const std::vector<int>& near = spots_[s].*neighbours;
      double sum = 0;
      for (int n : near) sum += at[n];
      wish[s] = near.empty() ? at[s] : sum / static_cast<double>(near.size());
    }
    std::stable_sort(rank.begin(), rank.end(), [&](int a, int b) { return wish[a] < wish[b]; });
  }

  int64_t crossings() const {
    std::vector<double> at = positions();
    int64_t count = 0;
    for (const std::vector<int>& rank : ranks_) {
      std::vector<std::pair<double, double>> lines;
      for (int s : rank) {
        for (int n : spots_[s].below) lines.emplace_back(at[s], at[n]);
      }
      for (size_t i = 0; i < lines.size(); ++i) {
        for (size_t j = 0; j < i; ++j) {
          count += (lines[i].first - lines[j].first) * (lines[i].second - lines[j].second) < 0;
        }
      }
    }
    return count;
  }

  void reduce_crossings() {
    std::vector<std::vector<int>> best = ranks_;
    int64_t fewest = crossings();
    for (int sweep = 0; sweep < kSweeps && fewest > 0; ++sweep) {
      for (size_t r = 1; r < ranks_.size(); ++r) sort_rank(ranks_[r], &Spot::above);
      for (size_t r = ranks_.size() - 1; r-- > 0;) sort_rank(ranks_[r], &Spot::below);
      if (int64_t now = crossings(); now < fewest) fewest = now, best = ranks_;
    }
    ranks_ = best;
  }

  // Left sides nearest to the wishes in squares that keep order and gaps: neighbours that would overlap move as one
  // (the pool of adjacent violators).
  void place_rank(const std::vector<int>& rank, const std::vector<double>& wishes) {
    struct Pool {
      double sum;
      int count;
      double mean() const { return sum / count; }
    };
    std::vector<double> shift(rank.size());
    for (size_t i = 1; i < rank.size(); ++i) shift[i] = shift[i - 1] + spots_[rank[i - 1]].width + kColumnGap;
    std::vector<Pool> pools;
    for (size_t i = 0; i < rank.size(); ++i) {
      pools.push_back({wishes[i] - shift[i], 1});
      while (pools.size() > 1 && pools[pools.size() - 2].mean() >= pools.back().mean()) {
        Pool last = pools.back();
        pools.pop_back();
        pools.back().sum += last.sum;
        pools.back().count += last.count;
      }
    }
    size_t i = 0;
    for (const Pool& pool : pools) {
      for (int k = 0; k < pool.count; ++k, ++i) spots_[rank[i]].x = pool.mean() + shift[i];
    }
  }

  // Where its lines would be straight: under what is above, over what is below.
  double wish(int s, bool up, bool down) const {
    const Spot& spot = spots_[s];
    double sum = 0, count = 0;
    for (int n : spot.above) {
      if (up) sum += spots_[n].x + spots_[n].out - spot.in, ++count;
    }
    for (int n : spot.below) {
      if (down) sum += spots_[n].x + spots_[n].in - spot.out, ++count;
    }
    return count == 0 ? spot.x : sum / count;
  }

  void place_columns() {
    auto place = [&](const std::vector<int>& rank, bool up, bool down) {
      std::vector<double> wishes;
      for (int s : rank) wishes.push_back(wish(s, up, down));
      place_rank(rank, wishes);
    };
    for (const std::vector<int>& rank : ranks_) place(rank, false, false);
    for (int sweep = 0; sweep < kSweeps; ++sweep) {
      for (const std::vector<int>& rank : ranks_) place(rank, true, false);
      for (size_t r = ranks_.size(); r-- > 0;) place(ranks_[r], false, true);
    }
    for (const std::vector<int>& rank : ranks_) place(rank, true, true);
  }

  Point finish() {
    double left = INFINITY, right = 0, y = 0;
    for (const Spot& s : spots_) left = std::min(left, s.x);
    std::vector<double> top, bottom;
    for (const std::vector<int>& rank : ranks_) {
      double height = 0;
      for (int s : rank) height = std::max(height, spots_[s].height);
      top.push_back(y);
      bottom.push_back(y + height);
      y += height + kRankGap;
    }
    for (size_t i = 0; i < spots_.size(); ++i) {
      spots_[i].x -= left;
      right = std::max(right, spots_[i].x + spots_[i].width);
      if (i < boxes_.size()) boxes_[i].x = spots_[i].x, boxes_[i].y = top[spots_[i].rank];
    }
    for (size_t e = 0; e < edges_.size(); ++e) trace(edges_[e], chains_[e], top, bottom);
    return {right, bottom.empty() ? 0 : bottom.back()};
  }

  void trace(LayoutEdge& edge, const std::vector<int>& chain, const std::vector<double>& top,
             const std::vector<double>& bottom) const {
    const Spot &from = spots_[chain.front()], &to = spots_[chain.back()];
    edge.points = {{from.x + from.out, top[from.rank] + from.height}, {from.x + from.out, bottom[from.rank]}};
    for (size_t i = 1; i + 1 < chain.size(); ++i) {
      const Spot& bend = spots_[chain[i]];
      edge.points.push_back({bend.x, top[bend.rank]});
      edge.points.push_back({bend.x, bottom[bend.rank]});
    }
    edge.points.push_back({to.x + to.in, top[to.rank]});
  }

  std::vector<LayoutBox>& boxes_;
  std::vector<LayoutEdge>& edges_;
  std::vector<Spot> spots_;
  std::vector<std::vector<int>> chains_, ranks_;
};

}  // namespace

Point lay_out(std::vector<LayoutBox>& boxes, std::vector<LayoutEdge>& edges) {
  return boxes.empty() ? Point{} : Layout(boxes, edges).run();
}

}  // namespace nnc::tool
