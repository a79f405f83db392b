#include "tools/nnc/axis.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace nnc::tool {
namespace {

constexpr double kDecadesForLog = 2;

// The largest of 1, 2 and 5 times the powers of ten that leaves `least` steps in the range.
double round_step(double range, int least) {
  double most = range / least * (1 + 1e-9), power = std::pow(10, std::floor(std::log10(most)));
  for (double factor : {5.0, 2.0}) {
    if (factor * power <= most) return factor * power;
  }
  return power;
}

// "2e-5".
std::string scientific(double value) {
  if (value == 1) return "1";
  double exponent = std::floor(std::log10(std::abs(value)) + 1e-9);
  return fmt::format("{:.6g}e{:.0f}", value / std::pow(10, exponent), exponent);
}

std::string label_of(double value, double step) {
  if (value == 0) return "0";
  double size = std::abs(value);
  if (size >= 1e6 || step < 1e-6) return scientific(value);
  int decimals = std::max(0, static_cast<int>(std::ceil(-std::log10(step) - 1e-9)));
  return fmt::format("{:.{}f}", value, decimals);
}

void add_linear_ticks(Axis& axis, double step) {
  for (double i = std::ceil(axis.low / step - 1e-9); i * step <= axis.high + step * 1e-9; ++i)
    axis.ticks.push_back({i * step, label_of(i * step, step)});
}

std::string plain(double value) { return fmt::format("{:g}", value); }

// Decades, of many decades every second or third, of few also their doubles and halves.
void add_decades(Axis& axis, int ticks) {
  double first = std::log10(axis.low), last = std::log10(axis.high);
  int every = std::max(1, static_cast<int>((last - first) / ticks));
  bool readable = axis.low >= 0.9e-3 && axis.high < 1e6, few = last - first <= 3.5;
  for (int e = static_cast<int>(std::floor(first)); e <= last; ++e) {
    for (double factor : {1.0, 2.0, 5.0}) {
      double value = factor * std::pow(10, e);
      bool wanted = (factor == 1 || few) && e % every == 0;
      if (wanted && value >= axis.low && value <= axis.high)
        axis.ticks.push_back({value, readable ? plain(value) : scientific(value)});
    }
  }
}

Axis linear_axis(double low, double high, int ticks) {
  double range = high - low, least = std::max(std::abs(low), std::abs(high)) * 1e-12;
  double room = range > least ? range * 0.04 : low == 0 ? 0.5 : std::abs(low) * 0.05;
  Axis out{.low = low - room, .high = high + room};
  // What never goes below zero needs no room there.
  if (low >= 0 && out.low < 0) out.low = 0;
  add_linear_ticks(out, round_step(out.high - out.low, ticks));
  return out;
}

Axis log_axis(double low, double high, int ticks) {
  double room = std::pow(10, 0.04 * (std::log10(high) - std::log10(low)));
  Axis out{.low = low / room, .high = high * room, .logarithmic = true};
  add_decades(out, ticks);
  return out;
}

}  // namespace

double Axis::place(double value) const {
  double share = logarithmic ? (std::log(value) - std::log(low)) / (std::log(high) - std::log(low))
                             : (value - low) / (high - low);
  return std::clamp(share, 0.0, 1.0);
}

Axis value_axis(std::span<const double> values, int ticks) {
  std::vector<double> finite;
  std::ranges::copy_if(values, std::back_inserter(finite), [](double v) { return std::isfinite(v); });
  if (finite.empty()) return linear_axis(0, 1, ticks);
  auto [low, high] = std::ranges::minmax(finite);
  // Far enough from the ends of doubles that no step on the way reaches them.
  constexpr double kMost = 1e280, kLeast = 1e-280;
  low = std::clamp(low, -kMost, kMost), high = std::clamp(high, -kMost, kMost);
  if (low > 0) low = std::max(low, kLeast), high = std::max(high, kLeast);
  bool decades = low > 0 && std::log10(high) - std::log10(low) >= kDecadesForLog;
  return decades ? log_axis(low, high, ticks) : linear_axis(low, high, ticks);
}

Axis count_axis(double first, double last, int ticks) {
  double room = first == last ? 0.5 : 0;
  Axis out{.low = first - room, .high = last + room};
  add_linear_ticks(out, std::max(1.0, round_step(out.high - out.low, ticks)));
  return out;
}

}  // namespace nnc::tool
