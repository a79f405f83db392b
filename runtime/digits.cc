// Draws handwritten-looking digits, 28 x 28 in grey, so that a classifier can be tried without any file. Each
// digit is a skeleton of lines and cubic curves; a sample wobbles its points, turns, slants, scales and
// shifts it, and inks every pixel by its distance to the strokes.
#include <algorithm>
#include <array>
#include <cmath>
#include <span>

#include "runtime/data_source.h"
#include "runtime/draws.h"

namespace nnc {
namespace {

constexpr int kSide = 28;
constexpr int kPixels = kSide * kSide;

struct Point {
  float x = 0, y = 0;
};

/// Starts a stroke at c, goes straight from where it is to c, or curves to c with the control points a and b.
struct Piece {
  enum Kind { Move, Line, Curve } kind;
  Point a, b, c;
};
constexpr Piece move(float x, float y) { return {Piece::Move, {}, {}, {x, y}}; }
constexpr Piece line(float x, float y) { return {Piece::Line, {}, {}, {x, y}}; }
constexpr Piece curve(float ax, float ay, float bx, float by, float x, float y) {
  return {Piece::Curve, {ax, ay}, {bx, by}, {x, y}};
}

// The skeletons in a unit box, y downwards; digits people write in two ways have two.
constexpr Piece k0[] = {move(.52f, .04f), curve(.12f, .02f, .10f, .96f, .50f, .96f),
                        curve(.90f, .96f, .90f, .06f, .52f, .04f)};
constexpr Piece k1[] = {move(.34f, .24f), line(.54f, .04f), line(.54f, .96f)};
constexpr Piece k1b[] = {move(.50f, .04f), line(.50f, .96f)};
constexpr Piece k2[] = {move(.20f, .27f), curve(.22f, -.04f, .80f, -.04f, .78f, .28f),
                        curve(.77f, .50f, .40f, .65f, .20f, .94f), line(.82f, .94f)};
constexpr Piece k2b[] = {move(.20f, .22f), curve(.30f, -.02f, .82f, -.02f, .74f, .34f),
                         curve(.68f, .60f, .40f, .94f, .26f, .92f), curve(.10f, .88f, .30f, .66f, .50f, .84f),
                         curve(.60f, .94f, .75f, .96f, .86f, .86f)};
constexpr Piece k3[] = {move(.22f, .15f), curve(.40f, -.04f, .80f, .02f, .75f, .28f),
                        curve(.72f, .45f, .50f, .47f, .42f, .47f), curve(.60f, .47f, .82f, .55f, .80f, .73f),
                        curve(.78f, 1.0f, .35f, 1.0f, .18f, .83f)};
constexpr Piece k4[] = {move(.62f, .05f), line(.15f, .65f), line(.88f, .65f), move(.64f, .33f),
                        line(.64f, .97f)};
constexpr Piece k4b[] = {move(.24f, .06f), curve(.20f, .30f, .12f, .56f, .30f, .54f), line(.78f, .50f),
                         move(.76f, .06f), line(.70f, .96f)};
constexpr Piece k5[] = {move(.78f, .06f), line(.28f, .06f), line(.24f, .45f),
                        curve(.50f, .30f, .85f, .42f, .82f, .68f),
                        curve(.80f, .98f, .35f, 1.02f, .18f, .85f)};
constexpr Piece k6[] = {move(.70f, .06f), curve(.40f, .15f, .20f, .45f, .20f, .68f),
                        curve(.20f, 1.04f, .80f, 1.04f, .80f, .68f),
                        curve(.80f, .42f, .30f, .40f, .20f, .68f)};
constexpr Piece k7[] = {move(.18f, .07f), line(.82f, .07f), curve(.65f, .35f, .45f, .60f, .40f, .96f)};
constexpr Piece k7b[] = {move(.18f, .07f), line(.82f, .07f), line(.42f, .96f), move(.36f, .50f),
                         line(.74f, .50f)};
constexpr Piece k8[] = {move(.50f, .48f), curve(.10f, .40f, .20f, .03f, .50f, .03f),
                        curve(.80f, .03f, .90f, .40f, .50f, .48f), curve(.05f, .58f, .10f, .97f, .50f, .97f),
                        curve(.90f, .97f, .95f, .58f, .50f, .48f)};
constexpr Piece k9[] = {move(.78f, .32f), curve(.78f, -.04f, .22f, -.04f, .22f, .32f),
                        curve(.22f, .62f, .70f, .60f, .78f, .32f), curve(.80f, .55f, .75f, .80f, .60f, .96f)};

struct Skeleton {
  std::span<const Piece> usual, other;
};
constexpr Skeleton kDigits[10] = {{k0, k0}, {k1, k1b}, {k2, k2b}, {k3, k3}, {k4, k4b},
                                  {k5, k5}, {k6, k6},  {k7, k7b}, {k8, k8}, {k9, k9}};

/// How much samples vary: each value is drawn from minus to plus the spread around the middle, those in the
/// middle more often. Set so that a small net reaches 97.5 % and no linear classifier comes within two points
/// of it.
struct Spread {
  float middle, spread;
};
constexpr Spread kTurn{0, .14f};  // tangent of half the angle
constexpr Spread kSlant{-.12f, .25f};
constexpr Spread kWidth{15.f, 3.f};  // pixels
constexpr Spread kHeight{19.f, 3.f};
constexpr Spread kShift{14.f, 3.4f};  // where the middle comes to lie
constexpr Spread kThickness{1.15f, .6f};
constexpr Spread kWobble{0, .05f};  // each point, in units of the box
constexpr Spread kInk{235.f, 20.f};
constexpr float kNoise = 16.f;

/// The mean of two uniform draws, spread around the middle.
float around(Spread s, Draws& draws) {
  float sum = draws.uniform();
  sum += draws.uniform();
  return s.middle + s.spread * (sum - 1.f);
}

/// From the unit box to pixels.
struct Placement {
  float xx, xy, yx, yy, x0, y0;

  explicit Placement(Draws& draws) {
    float t = around(kTurn, draws), slant = around(kSlant, draws);
    float width = around(kWidth, draws), height = around(kHeight, draws);
    float c = (1 - t * t) / (1 + t * t), s = 2 * t / (1 + t * t);  // cosine and sine of the angle
    xx = c * width, xy = (slant * c - s) * height;
    yx = s * width, yy = (slant * s + c) * height;
    x0 = around(kShift, draws), y0 = around(kShift, draws);
  }
  Point operator()(Point p) const {
    float x = p.x - .5f, y = p.y - .5f;
    return {xx * x + xy * y + x0, yx * x + yy * y + y0};
  }
};

/// The squared distance of every pixel's centre to the nearest stroke, as far as `reach`.
class Canvas {
 public:
  explicit Canvas(float reach) : reach_(reach) { nearest_.fill(1e9f); }

  void segment(Point from, Point to) {
    float dx = to.x - from.x, dy = to.y - from.y;
    float scale = 1.f / std::max(dx * dx + dy * dy, 1e-12f);
    for (int y = first(from.y, to.y); y < last(from.y, to.y); ++y) {
      for (int x = first(from.x, to.x); x < last(from.x, to.x); ++x) {
        float px = static_cast<float>(x) + .5f - from.x, py = static_cast<float>(y) + .5f - from.y;
        float t = std::clamp((px * dx + py * dy) * scale, 0.f, 1.f);
        float ex = px - t * dx, ey = py - t * dy;
        float& nearest = nearest_[static_cast<size_t>(y * kSide + x)];
        nearest = std::min(nearest, ex * ex + ey * ey);
      }
    }
  }

  void curve(Point p, Point a, Point b, Point c) {
    constexpr int kSteps = 8;
    Point before = p;
    for (int i = 1; i <= kSteps; ++i) {
      float t = static_cast<float>(i) / kSteps, u = 1 - t;
      float wp = u * u * u, wa = 3 * u * u * t, wb = 3 * u * t * t, wc = t * t * t;
      Point next{wp * p.x + wa * a.x + wb * b.x + wc * c.x, wp * p.y + wa * a.y + wb * b.y + wc * c.y};
      segment(before, next);
      before = next;
    }
  }

  /// Ink where the stroke covers the pixel, fading over one pixel at its edge, plus noise.
  void print(float radius, Draws& draws, std::span<uint8_t> into) const {
    float ink = around(kInk, draws);
    for (size_t i = 0; i < kPixels; ++i) {
      float cover = std::clamp(radius + .5f - std::sqrt(nearest_[i]), 0.f, 1.f);
      float grey = ink * cover + kNoise * (draws.uniform() - .5f);
      into[i] = static_cast<uint8_t>(std::clamp(grey + .5f, 0.f, 255.f));
    }
  }

 private:
  int first(float a, float b) const {
    return std::clamp(static_cast<int>(std::min(a, b) - reach_), 0, kSide);
  }
  int last(float a, float b) const {
    return std::clamp(static_cast<int>(std::max(a, b) + reach_ + 1), 0, kSide);
  }

  float reach_;
  std::array<float, kPixels> nearest_;
};

Point wobbled(Point p, Draws& draws) {
  float dx = around(kWobble, draws);
  float dy = around(kWobble, draws);
  return {p.x + dx, p.y + dy};
}

uint8_t draw_digit(int64_t seed, int64_t sample, std::span<uint8_t> pixels) {
  Draws draws("digits", seed, sample);
  auto digit = static_cast<uint8_t>(uint64_t{draws.word()} * 10 >> 32);
  const Skeleton& skeleton = kDigits[digit];
  std::span<const Piece> pieces = draws.uniform() < .65f ? skeleton.usual : skeleton.other;
  Placement place(draws);
  float radius = around(kThickness, draws);
  Canvas canvas(radius + 1);
  Point at;
  for (const Piece& piece : pieces) {
    Point a = place(wobbled(piece.a, draws)), b = place(wobbled(piece.b, draws)),
          c = place(wobbled(piece.c, draws));
    if (piece.kind == Piece::Line) canvas.segment(at, c);
    if (piece.kind == Piece::Curve) canvas.curve(at, a, b, c);
    at = c;
  }
  canvas.print(radius, draws, pixels);
  return digit;
}

Table draw_table(int64_t first, int64_t count, int64_t seed) {
  Tensor images(DType::U8, {count, kSide, kSide}), labels(DType::U8, {count});
  for (int64_t i = 0; i < count; ++i) {
    std::span<uint8_t> pixels = images.as<uint8_t>().subspan(static_cast<size_t>(i * kPixels), kPixels);
    labels.as<uint8_t>()[static_cast<size_t>(i)] = draw_digit(seed, first + i, pixels);
  }
  Table table;
  table.push_back({"image", std::move(images), ColumnRole::Input, {}, "digits", ""});
  table.push_back({"label", std::move(labels), ColumnRole::Label, {}, "digits", ""});
  return table;
}

Dataset load(const DataArguments& arguments) {
  int64_t n = arguments.integer("n", 1, kMostDrawn), seed = arguments.integer("seed");
  return {draw_table(0, n, seed), draw_table(n, test_share(n), seed)};
}

}  // namespace

DataSource digits_source() {
  return {"digits",
          "28 x 28 grey digits drawn by the program, a fifth as many more for testing",
          {{"n", int64_t{10000}, false, false, "training samples"},
           {"seed", int64_t{0}, false, false, "other seeds, other samples"}},
          load};
}

}  // namespace nnc
