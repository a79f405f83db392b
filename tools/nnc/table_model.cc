#include "tools/nnc/table_model.h"

#include <algorithm>
#include <cctype>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "ir/error.h"

namespace nnc::tool {
namespace {

/// Names that the written file uses itself, or that no value can have.
const std::set<std::string> kTaken = {"x",       "h",      "y",          "B",    "hidden",
                                      "classes", "logits", "prediction", "true", "false",
                                      "inf",     "nan",    "not",        "and",  "or"};

bool is_name(const std::string& text) {
  auto part = [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; };
  return !text.empty() && std::isdigit(static_cast<unsigned char>(text[0])) == 0 &&
         std::ranges::all_of(text, part);
}

std::string quoted(const std::string& text) {
  std::string out = "\"";
  for (char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

std::string quoted_list(const std::vector<std::string>& texts) {
  std::vector<std::string> out;
  for (const std::string& t : texts) out.push_back(quoted(t));
  return fmt::format("{}", fmt::join(out, ", "));
}

/// `what` on a line that begins like `lead`, broken before it gets too long.
std::string comment(const std::string& what, const std::string& lead = "# ") {
  constexpr size_t kWidth = 100;
  std::string out, line = lead;
  for (size_t at = 0; at < what.size();) {
    size_t end = std::min(what.find(' ', at), what.size());
    if (line.size() + end - at > kWidth && line != lead) {
      out += line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
      line = lead;
    }
    line += what.substr(at, end - at) + " ";
    at = end + 1;
  }
  return out + line.substr(0, line.find_last_not_of(' ') + 1) + "\n";
}

/// The line with the comment behind it, or before it where both together are too long.
std::string commented(const std::string& line, const std::string& what) {
  std::string both = fmt::format("{}   # {}\n", line, what);
  return both.size() <= 101 ? both : comment(what, "  # ") + line + "\n";
}

/// How large a net, how fast and how long, by the samples there are.
struct Recipe {
  int64_t most_samples;
  int hidden, batch;
  const char* activation;
  const char* optimizer;
  int64_t steps;  // in all
};
constexpr Recipe kRecipes[] = {
    {5000, 32, 32, "tanh", "adamw(lr = 3e-3, weight_decay = 0.3)", 1500},
    {50000, 64, 64, "relu", "adamw(lr = 1e-3, weight_decay = 0.01)", 8000},
    {INT64_MAX, 128, 128, "relu", "adamw(lr = 1e-3, weight_decay = 0.01)", 20000},
};

class Writer {
 public:
  Writer(const TableGuess& guess, const TableFile& file) : g_(guess), file_(file), recipe_(kRecipes) {
    while (g_.samples > recipe_->most_samples) ++recipe_;
    auto is_column = [&](const std::string& name) {
      return name == g_.target ||
             std::ranges::any_of(g_.features, [&](const Predictor& f) { return f.name == name; });
    };
    target_ = is_name(g_.target) && !kTaken.contains(g_.target) ? g_.target : "target";
    while (target_ != g_.target && is_column(target_)) target_ += "_";
    input_ = "x";
    while (is_column(input_)) input_ += "s";
  }

  std::string run() const { return head() + "\n" + model() + "\n" + train(); }

 private:
  bool classifies() const { return !g_.classes.empty(); }

  std::string head() const {
    std::string what = classifies() ? fmt::format("one of {} classes", g_.classes.size()) : "a quantity";
    std::string out =
        comment(fmt::format("Predicts {} ({}) from {} column{} of {}.", g_.target, what, g_.features.size(),
                            g_.features.size() == 1 ? "" : "s", file_.path));
    out += "#\n#   nnc train " + file_.model_path + " -o weights.safetensors\n";
    out += "#   nnc predict " + file_.model_path + " --weights weights.safetensors --input NEW.csv\n#\n";
    out += comment("Written by nnc new from " + std::to_string(g_.samples) +
                   " samples: every line is a guess, to be changed as you know better.");
    if (!g_.why.empty())
      out += comment("The target is " + g_.why + "; nnc new --target COLUMN takes another.");
    for (const auto& [name, why] : g_.left_out) out += comment(fmt::format("Left out: {} ({}).", name, why));
    return out;
  }

  std::string model() const {
    std::string classes = classifies() ? fmt::format(", classes = {}", g_.classes.size()) : "";
    std::string out = fmt::format("model Net(hidden = {}{}) {{\n", recipe_->hidden, classes);
    out += fmt::format("  input {}: f32[B, {}]   # B samples at once\n{}", input_, g_.width(), widths());
    out += fmt::format("  h = {}(linear({}, hidden))\n", recipe_->activation, input_);
    out += fmt::format("  h = {}(linear(h, hidden))\n", recipe_->activation);
    if (classifies()) return out + "  output logits = linear(h, classes)   # a score for each class\n}\n";
    out += "  y = linear(h, 1)   # about -2 to 2 …\n";
    return out + fmt::format(
                     "  output prediction = {:.4g} + {:.4g} * y   # … in the target's units: mean + "
                     "deviation * y\n}}\n",
                     g_.mean, g_.deviation);
  }

  /// What the width of the input is made of, where not each column is one number.
  std::string widths() const {
    std::vector<std::string> parts;
    int64_t numbers = 0;
    for (const Predictor& f : g_.features) {
      if (f.categories.empty())
        ++numbers;
      else
        parts.push_back(fmt::format("{} of {}", f.width(), f.name));
    }
    if (parts.empty()) return "";
    if (numbers > 0)
      parts.insert(parts.begin(), fmt::format("{} number{}", numbers, numbers == 1 ? "" : "s"));
    return comment(fmt::format("The {}: {}.", g_.width(), fmt::join(parts, ", ")), "  # ");
  }

  std::string data() const {
    std::vector<std::string> args{quoted(file_.path)}, drop;
    for (const auto& [name, why] : g_.left_out) drop.push_back(name);
    if (target_ != g_.target || g_.target_gaps) args.push_back("target = " + quoted(g_.target));
    if (!drop.empty()) args.push_back("drop = " + quoted(fmt::format("{}", fmt::join(drop, ", "))));
    if (g_.target_gaps) args.push_back("missing = \"skip_target\"");
    if (!file_.missing.empty())
      args.push_back("na = " + quoted(fmt::format("{}", fmt::join(file_.missing, ", "))));
    return fmt::format("  data      csv({})\n", fmt::join(args, ", "));
  }

  static std::string prepared(const std::string& call, const std::string& why) {
    return commented("  columns   " + call, why);
  }

  std::string columns() const {
    std::vector<std::string> gaps, categories;
    std::string rare;
    bool numbers = false;
    for (const Predictor& f : g_.features) {
      if (f.gaps) gaps.push_back(f.name);
      numbers |= f.categories.empty();
      if (f.rare)
        rare +=
            prepared(fmt::format("one_hot({}, unknown = \"zeros\", size = {})", quoted(f.name), f.width()),
                     "some values are rare");
      else if (!f.categories.empty())
        categories.push_back(f.name);
    }
    std::string out;
    if (!gaps.empty())
      out += prepared(fmt::format("impute({})", quoted_list(gaps)),
                      "missing values: the median, the most frequent text");
    if (!categories.empty())
      out +=
          prepared(fmt::format("one_hot({})", quoted_list(categories)), "a column of 0 and 1 for each value");
    out += rare;
    if (numbers) out += prepared("standardize(\"*\")", "numbers: mean 0, deviation 1 on the training part");
    if (classifies() && !g_.target_is_text)
      out += prepared(fmt::format("index({})", quoted(g_.target)), "its values as classes 0, 1, …");
    return out;
  }

  std::string train() const {
    std::string out = "train Net {\n" + data() + columns();
    bool splits = g_.samples >= 10;
    if (splits) out += "  split     shares(test = 0.2)   # a fifth is set apart to measure on\n";
    out += fmt::format("  target    {}: {}\n", target_, classifies() ? "i32[B]" : "f32[B, 1]");
    if (classifies()) {
      out +=
          fmt::format("  loss      cross_entropy(logits, {0})\n  metric    accuracy(logits, {0})\n", target_);
    } else {
      out += fmt::format(
          "  loss      mse(prediction, {0})\n  metric    r2(prediction, {0})\n  metric    mae(prediction, "
          "{0})\n",
          target_);
    }
    int64_t trained = splits ? g_.samples * 4 / 5 : g_.samples;
    int64_t steps = (trained + recipe_->batch - 1) / recipe_->batch;
    int64_t epochs = std::clamp<int64_t>(recipe_->steps / steps, 5, 200);
    out += fmt::format(
        "  optimizer {}\n  batch     {}\n  average   0.99   # the weights kept are a moving average\n  "
        "epochs    {}\n  seed      0\n}}\n",
        recipe_->optimizer, recipe_->batch, epochs);
    return out;
  }

  const TableGuess& g_;
  const TableFile& file_;
  const Recipe* recipe_;
  std::string target_, input_;
};

}  // namespace

std::string table_model(const TableGuess& guess, const TableFile& file) {
  for (const auto& [name, why] : guess.left_out) {
    if (name.find(',') != std::string::npos)
      throw Error(fmt::format("column '{}' is to be left out ({}), and its name has a comma", name, why),
                  {"give it another name"});
  }
  return Writer(guess, file).run();
}

}  // namespace nnc::tool
