// nnc explain: its numbers as text, table and JSON, its pictures, and what it cannot do.
#include <zlib.h>

#include <cmath>
#include <regex>

#include <nlohmann/json.hpp>

#include "runtime/npy.h"
#include "runtime/safetensors.h"
#include "tests/tools/browser.h"
#include "tests/tools/tool_run.h"
#include "tests/tools/xml_text.h"
#include "tools/nnc/explanation_picture.h"
#include "tools/nnc/heat_map.h"

namespace nnc {
namespace {

using namespace tool;

TEST(Raster, Base64OfItsStandard) {
  // RFC 4648, section 10.
  const std::pair<const char*, const char*> rows[] = {{"", ""},
                                                      {"f", "Zg=="},
                                                      {"fo", "Zm8="},
                                                      {"foo", "Zm9v"},
                                                      {"foob", "Zm9vYg=="},
                                                      {"fooba", "Zm9vYmE="},
                                                      {"foobar", "Zm9vYmFy"}};
  for (auto [text, code] : rows) EXPECT_EQ(base64_of(text), code);
}

uint32_t u32_at(const std::string& bytes, size_t at) {
  uint32_t out = 0;
  for (size_t i = 0; i < 4; ++i) out = out << 8 | static_cast<uint8_t>(bytes[at + i]);
  return out;
}

// The pixels of a PNG file, read by the letter of its standard: chunks and their check sums, rows of RGB without filters.
std::vector<std::string> rows_of_png(const std::string& png, uint32_t width, uint32_t height) {
  EXPECT_EQ(png.substr(0, 8), "\x89PNG\r\n\x1a\n");
  std::string packed, types;
  for (size_t at = 8; at + 12 <= png.size();) {
    uint32_t size = u32_at(png, at);
    std::string checked = png.substr(at + 4, size + 4);
    EXPECT_EQ(u32_at(png, at + 8 + size), crc32(0, reinterpret_cast<const Bytef*>(checked.data()), size + 4));
    types += checked.substr(0, 4) + " ";
    if (checked.starts_with("IHDR")) {
      EXPECT_EQ(u32_at(checked, 4), width);
      EXPECT_EQ(u32_at(checked, 8), height);
      EXPECT_EQ(checked.substr(12), std::string("\x08\x02\0\0\0", 5));
    }
    if (checked.starts_with("IDAT")) packed += checked.substr(4);
    at += size + 12;
  }
  EXPECT_EQ(types, "IHDR IDAT IEND ");
  std::string bytes(height * (3 * width + 1), '\0');
  uLongf size = bytes.size();
  EXPECT_EQ(uncompress(reinterpret_cast<Bytef*>(bytes.data()), &size,
                       reinterpret_cast<const Bytef*>(packed.data()), packed.size()),
            Z_OK);
  EXPECT_EQ(size, bytes.size());
  std::vector<std::string> out;
  for (uint32_t y = 0; y < height; ++y) {
    EXPECT_EQ(bytes[y * (3 * width + 1)], '\0');
    out.push_back(bytes.substr(y * (3 * width + 1) + 1, 3 * width));
  }
  return out;
}

TEST(Raster, PngHoldsItsPixels) {
  Raster raster(3, 2);
  raster.at(0, 0) = {1, 2, 3};
  raster.at(2, 1) = {255, 0, 128};
  std::vector<std::string> rows = rows_of_png(png_of(raster), 3, 2);
  EXPECT_EQ(rows[0], "\x01\x02\x03\xff\xff\xff\xff\xff\xff");
  EXPECT_EQ(rows[1], std::string("\xff\xff\xff\xff\xff\xff\xff\0\x80", 9));
  EXPECT_EQ(raster.enlarged(2).at(5, 3), (Rgb{255, 0, 128}));
}

TEST(HeatMap, KnowsWhatIsAnImage) {
  using Shape = std::vector<int64_t>;
  for (const Shape& none : {Shape{}, Shape{9}, Shape{9, 1}, Shape{1, 9}, Shape{2, 3, 4, 5}})
    EXPECT_FALSE(pixel_layout(none));
  struct Row {
    Shape shape;
    int64_t height, width, channels, element;  // of pixel (1, 2), last channel
  };
  const Row rows[] = {{{28, 30}, 28, 30, 1, 32},
                      {{3, 8, 9}, 8, 9, 3, 155},
                      {{8, 9, 3}, 8, 9, 3, 35},
                      {{16, 8, 9}, 8, 9, 16, 1091}};
  for (const Row& row : rows) {
    PixelLayout l = pixel_layout(row.shape).value();
    EXPECT_EQ(l.height, row.height);
    EXPECT_EQ(l.width, row.width);
    EXPECT_EQ(l.channels, row.channels);
    EXPECT_EQ(l.element(1, 2, l.channels - 1), row.element);
  }
}

TEST(HeatMap, RedIsForAndBlueAgainst) {
  Tensor values = Tensor::from(DType::U8, {2, 2}, {0, 100, 200, 50}), zeros(DType::F64, {2, 2});
  Tensor shares = Tensor::from(DType::F64, {2, 2}, {2, -1, 0, std::nan("")});
  ExplainedInput input{"x", values, shares, {}};
  PixelLayout l = *pixel_layout({2, 2});
  EXPECT_EQ(input_raster(input, l).at(1, 0), (Rgb{128, 128, 128}));
  EXPECT_EQ(input_raster(input, l).at(0, 1), (Rgb{255, 255, 255}));
  Raster heat = attribution_raster(pixel_attributions(input, l), l);
  EXPECT_EQ(heat.at(0, 0), (Rgb{178, 24, 43}));
  EXPECT_EQ(heat.at(1, 0), (Rgb{140, 175, 210}));
  EXPECT_EQ(heat.at(0, 1), (Rgb{247, 247, 247}));
  EXPECT_EQ(heat.at(1, 1), (Rgb{128, 128, 128}));
  input.attributions = zeros;
  EXPECT_EQ(attribution_raster(pixel_attributions(input, l), l).at(1, 1), (Rgb{247, 247, 247}));
}

// Scores of two pets, linear in three columns.
class Explain : public Tool {
 protected:
  Explain() {
    file("pets.csv", "tail,\"fur, cm\",legs,pet\n2,-1,4,cat\n1,3,4,dog\n0,1,2,dog\n");
    model_ = file("pets.nn",
                  "model Pets {\n input x: f32[B, 3]\n output y = linear(x, 2)\n}\n"
                  "train Pets {\n data csv(\"pets.csv\")\n target pet: i32[B]\n loss cross_entropy(y, pet)\n"
                  " optimizer sgd(lr = 0)\n}\n");
    weights_ = path("pets.safetensors");
    const NamedTensor tensors[] = {
        {"y.linear.bias", Tensor::from(DType::F32, {2}, {1, 0})},
        {"y.linear.weight", Tensor::from(DType::F32, {2, 3}, {1, 2, -0.5, 3, -4, 0.25})}};
    save_safetensors(weights_, tensors, {{"kind", "weights"}});
  }

  Outcome explain(const std::string& options) {
    return run("explain " + model_ + " --weights " + weights_ + " " + options);
  }

  std::string model_, weights_;
};

TEST_F(Explain, FeaturesByTheNamesOfTheirColumns) {
  EXPECT_EQ(explain("").text,
            "sample 0 of the training part (pet = cat): y of class 'dog' = 11, by gradient_x_input\n"
            "\n"
            "feature       value  attribution\n"
            "tail          2.000        6.000\n"
            "fur, cm      -1.000        4.000\n"
            "legs          4.000        1.000\n");
  EXPECT_EQ(explain("--sample 1 --class cat --method integrated_gradients --steps 2").text,
            "sample 1 of the training part (pet = dog): y of class 'cat' = 6, by integrated_gradients\n"
            "at the baseline 1; attributions add up to 5 of 5\n"
            "\n"
            "feature       value  attribution\n"
            "fur, cm       3.000        6.000\n"
            "legs          4.000       -2.000\n"
            "tail          1.000        1.000\n");
  std::string smooth = explain("--class 1 --method smooth_grad --seed 3").text;
  EXPECT_EQ(smooth.substr(smooth.find("feature ")),
            "feature       value  attribution\n"
            "fur, cm      -1.000       -4.000\n"
            "tail          2.000        3.000\n"
            "legs          4.000       0.2500\n");
}

TEST_F(Explain, ValuesOfColumnsThatWereTakenApart) {
  file("taken.csv", "size,sex,y\n1,male,1\n2,female,2\n3,male,3\n");
  std::string model =
      file("taken.nn",
           "model Taken {\n input x: f32[B, 3]\n output z = linear(x, 1)\n}\n"
           "train Taken {\n data csv(\"taken.csv\")\n columns one_hot(\"sex\")\n target y: f32[B, 1]\n"
           " loss mse(z, y)\n optimizer sgd(lr = 0)\n}\n");
  ASSERT_EQ(run("train " + model + " -o " + path("taken.safetensors")).status, 0);
  Outcome o = run("explain " + model + " --json --weights " + path("taken.safetensors"));
  EXPECT_EQ(nlohmann::json::parse(o.text)["inputs"][0]["features"],
            (std::vector<std::string>{"size", "sex = female", "sex = male"}))
      << o.text;
}

TEST_F(Explain, WritesTablesAndJson) {
  ASSERT_EQ(explain("-o " + path("e.csv")).status, 0);
  EXPECT_EQ(read(path("e.csv")),
            "input,feature,value,attribution\nx,tail,2,6\nx,\"fur, cm\",-1,4\nx,legs,4,1\n");
  ASSERT_EQ(explain("-o " + path("e.json")).status, 0);
  Outcome printed = explain("--json");
  EXPECT_EQ(read(path("e.json")), printed.text);
  EXPECT_EQ(printed.text,
            "{\"sample\":\"sample 0 of the training part (pet = cat)\",\"explained\":\"y of class "
            "'dog'\",\"method\":"
            "\"gradient_x_input\",\"value\":11.0,\"sum\":11.0,\"inputs\":[{\"name\":\"x\",\"shape\":[3],"
            "\"features\":["
            "\"tail\",\"fur, cm\",\"legs\"],\"values\":[2.0,-1.0,4.0],\"attributions\":[6.0,4.0,1.0]}]}\n");
}

TEST_F(Explain, InputsFromFilesAndTheLoss) {
  save_npy(path("x.npy"), Tensor::from(DType::F64, {2, 3}, {0, 0, 0, 1, 1, 2}));
  Outcome o = explain("--input " + path("x.npy") + " --sample 1 --class 0 --json");
  nlohmann::json found = nlohmann::json::parse(o.text);
  EXPECT_EQ(found["value"], 3);
  EXPECT_EQ(found["inputs"][0]["attributions"], (std::vector<double>{1, 2, -1}));
  // d loss / d y = softmax(y) - target, of y = (-1, 11) and a cat: (-1, 1) but for e^-12.
  found = nlohmann::json::parse(explain("--of loss --json").text);
  EXPECT_EQ(found["explained"], "the loss");
  EXPECT_EQ(found["sample"], "sample 0 of the training part (pet = cat)");
  EXPECT_NEAR(found["value"].get<double>(), 12.0, 1e-4);
  EXPECT_NEAR(found["inputs"][0]["attributions"][0].get<double>(), 4, 1e-3);
}

TEST_F(Explain, SaysWhatItCannotDo) {
  struct Row {
    const char *options, *message;
  };
  const Row rows[] = {
      {"--sample 3", "there is no sample 3: the training part has 3, from 0"},
      {"--part test", "the data have no test part"},
      {"--class dgo",
       "'y' of one sample is f32[1, 2], which has no element 'dgo'\n  note: did you mean 'dog'?"},
      {"--class 2", "which has no element '2'"},
      {"--of z", "the model has no output 'z'\n  note: --of takes y, or loss"},
      {"--of loss --class cat", "the loss is one number: it has no --class"},
      {"-o e.gif", "cannot tell what to write from the name e.gif"},
      {"-o e.png", "a PNG shows images, and no input is one"},
      {"--steps 8",
       "--steps means nothing to gradient_x_input\n  note: it belongs to --method integrated_gradients"},
      {"--method smooth_grad --noise -1", "-1 is no share of noise"},
  };
  for (const Row& row : rows) {
    Outcome o = explain(row.options);
    EXPECT_EQ(o.status, 1) << row.options;
    EXPECT_NE(o.text.find(row.message), std::string::npos) << o.text;
  }
  EXPECT_EQ(explain("--method shap").status, 2);
  EXPECT_EQ(explain("--input x.npy --part test").status, 2);
}

TEST_F(Explain, BarsStandOnTheirSideOfZero) {
  ASSERT_EQ(explain("--class cat --sample 1 -o " + path("e.svg")).status, 0);
  std::string svg = read(path("e.svg"));
  EXPECT_EQ(xml_problem(svg), "");
  EXPECT_EQ(count(svg, "class=\"bar\""), 3u);
  EXPECT_EQ(count(svg, ">y of class 'cat' = 6<"), 1u) << svg;
  std::smatch zero;
  ASSERT_TRUE(std::regex_search(svg, zero, std::regex("class=\"zero\" x=\"([0-9.]+)\"")));
  double at = std::stod(zero[1]) + 0.5;
  std::regex bar("class=\"bar\" x=\"([0-9.]+)\" y=\"[0-9.]+\" width=\"([0-9.]+)\"");
  std::vector<std::pair<double, double>> bars;
  for (std::sregex_iterator m(svg.begin(), svg.end(), bar), end; m != end; ++m)
    bars.emplace_back(std::stod((*m)[1]), std::stod((*m)[2]));
  ASSERT_EQ(bars.size(), 3u);  // 6, -2 and 1
  EXPECT_NEAR(bars[0].first, at, 0.02);
  EXPECT_NEAR(bars[1].first + bars[1].second, at, 0.02);
  EXPECT_NEAR(bars[0].second, 3 * bars[1].second, 0.05);
  EXPECT_NEAR(bars[1].second, 2 * bars[2].second, 0.05);
}

class ExplainedPictures : public Tool {
 protected:
  void SetUp() override {
    model_ = file("small.nn", kSmall);
    weights_ = path("w.safetensors");
    ASSERT_EQ(run("train " + model_ + " --epochs 1 -o " + weights_).status, 0);
  }
  std::string picture(const std::string& name, const std::string& options) {
    Outcome o = run("explain " + model_ + " --weights " + weights_ + " " + options + " -o " + path(name));
    EXPECT_EQ(o.status, 0) << o.text;
    return read(path(name));
  }
  std::string model_, weights_;
};

TEST_F(ExplainedPictures, AnImageBesideItsHeatMap) {
  std::string svg = picture("e.svg", "--sample 2 --class 4 --method smooth_grad --samples 3");
  EXPECT_EQ(xml_problem(svg), "");
  EXPECT_EQ(count(svg, "<image "), 2u);
  EXPECT_EQ(count(svg, "href=\"data:image/png;base64,"), 2u);
  EXPECT_EQ(count(svg, ">image<") + count(svg, ">attribution<") + count(svg, ">0<"), 3u);
  EXPECT_EQ(count(svg, "http"), 1u) << "nothing but the name space of SVG";
  EXPECT_EQ(svg, picture("again.svg", "--sample 2 --class 4 --method smooth_grad --samples 3"));
  std::vector<std::string> rows = rows_of_png(picture("e.png", "--sample 2 --class 4"), 2 * 280 + 24, 280);
  EXPECT_EQ(rows[0].substr(3 * 280, 3 * 24), std::string(3 * 24, '\xff')) << "white between the two";
  EXPECT_EQ(rows[0], rows[9]) << "a pixel is a square of ten";
}

TEST_F(ExplainedPictures, AreReadable) {
  if (!no_browser().empty()) GTEST_SKIP() << no_browser();
  for (const char* sample : {"0", "5"}) {
    std::string svg = picture("e.svg", std::string("--sample ") + sample);
    Layout layout = layout_of(svg, 900);
    EXPECT_EQ(layout.texts, static_cast<int>(count(svg, "<text "))) << layout.document;
    EXPECT_EQ(layout.overlaps, 0);
    EXPECT_EQ(layout.outside, 0);
  }
}

TEST(ExplanationPicture, LongNamesAndManyFeaturesStayReadable) {
  if (!no_browser().empty()) GTEST_SKIP() << no_browser();
  Explanation e{
      "sample 1 of " + std::string(200, 'x'), std::string(150, 'y'), "gradient_x_input", -1.5e-12, {}, {}};
  ExplainedInput many{"features", Tensor(DType::F32, {100}), Tensor(DType::F64, {100}), {}};
  for (int i = 0; i < 100; ++i) {
    many.values.set(i, -1e-30 * i);
    many.attributions.set(i, (i % 3 - 1) * std::pow(10, -i % 20));
    many.features.push_back("a feature & its <long> name, which goes on and on: number " + std::to_string(i));
  }
  e.inputs = {many, {"one", Tensor(DType::F32, {}), Tensor(DType::F64, {}), {}}};
  std::string svg = explanation_svg(e);
  EXPECT_EQ(xml_problem(svg), "");
  EXPECT_EQ(count(svg, "class=\"bar\""), 31u);
  Layout layout = layout_of(svg, 1200);
  EXPECT_EQ(layout.overlaps, 0);
  EXPECT_EQ(layout.outside, 0);
}

}  // namespace
}  // namespace nnc
