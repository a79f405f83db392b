// Learning rates over time: every schedule against torch.optim.lr_scheduler, what counts steps, what follows what, and
// runs that go on where they stopped.
#include "runtime/rate_schedule.h"

#include <cmath>
#include <set>

#include <gtest/gtest.h>

#include "tests/ir/model_text.h"

namespace nnc {
namespace {

using test::errors_of;
using test::module_of;

std::string model_with(const std::string& line) {
  return "model M {\n input x: f64[B]\n param w: f64[] = 1\n output y = x * w\n}\n"
         "train M {\n target t: i32[B]\n loss mean(y)\n metric accuracy(y, t)\n optimizer sgd(lr = 0.4)\n " +
         line + "\n}";
}

RateSchedule schedule_of(const std::string& text, const Overrides& settings = {}) {
  Module m = module_of(model_with("schedule " + text), settings);
  return {m.spec->schedules, 0.4, m.spec->measures};
}

struct ScheduleCase {
  const char* schedule;
  std::vector<double> rates;  // of torch 1.13, for lr = 0.4, stepped after every epoch
};

const ScheduleCase kTimed[] = {
    {"constant",
     {0.13333333333333333, 0.13333333333333333, 0.13333333333333333, 0.13333333333333333, 0.13333333333333333,
      0.4, 0.4, 0.4}},
    {"constant(factor = 0.25, total_iters = 3)", {0.1, 0.1, 0.1, 0.4, 0.4, 0.4}},
    {"linear",
     {0.13333333333333333, 0.18666666666666668, 0.24000000000000002, 0.2933333333333334, 0.34666666666666673,
      0.4, 0.4, 0.4}},
    {"linear(start_factor = 1, end_factor = 0.2, total_iters = 4)",
     {0.4, 0.32000000000000006, 0.24000000000000005, 0.16000000000000003, 0.08, 0.08, 0.08}},
    {"step(3)",
     {0.4, 0.4, 0.4, 0.04000000000000001, 0.04000000000000001, 0.04000000000000001, 0.004000000000000001,
      0.004000000000000001}},
    {"step(2, gamma = 0.5)", {0.4, 0.4, 0.2, 0.2, 0.1, 0.1, 0.05, 0.05}},
    {"multi_step([2, 5])",
     {0.4, 0.4, 0.04000000000000001, 0.04000000000000001, 0.04000000000000001, 0.004000000000000001,
      0.004000000000000001, 0.004000000000000001}},
    {"multi_step([0, 3, 3, 4], gamma = 0.5)", {0.2, 0.2, 0.2, 0.05, 0.025, 0.025}},
    {"exponential(0.7)",
     {0.4, 0.27999999999999997, 0.19599999999999998, 0.1372, 0.09603999999999999, 0.06722799999999998}},
    {"polynomial", {0.4, 0.32000000000000006, 0.24000000000000002, 0.16000000000000003, 0.08, 0.0, 0.0, 0.0}},
    {"polynomial(6, power = 2)",
     {0.4, 0.27777777777777785, 0.17777777777777787, 0.10000000000000003, 0.04444444444444447,
      0.01111111111111111, 0.0, 0.0}},
    {"cosine(T_max = 5)",
     {0.4, 0.3618033988749895, 0.2618033988749895, 0.13819660112501053, 0.03819660112501053, 0.0,
      0.03819660112501051, 0.1381966011250106, 0.26180339887498966, 0.36180339887498975, 0.40000000000000024,
      0.36180339887498986, 0.2618033988749897}},
    {"cosine(4, eta_min = 0.1)",
     {0.4, 0.35606601717798214, 0.25, 0.1439339828220179, 0.1, 0.1439339828220179, 0.2500000000000001,
      0.35606601717798236, 0.40000000000000036, 0.3560660171779825}},
    {"cosine_restarts(3)",
     {0.4, 0.30000000000000004, 0.10000000000000005, 0.4, 0.30000000000000004, 0.10000000000000005, 0.4,
      0.30000000000000004}},
    {"cosine_restarts(2, T_mult = 2, eta_min = 0.05)",
     {0.4, 0.22500000000000003, 0.4, 0.34874368670764583, 0.22500000000000003, 0.10125631329235421, 0.4,
      0.3866789181894752, 0.34874368670764583, 0.29196960066389077, 0.22500000000000003, 0.1580303993361093,
      0.10125631329235421, 0.06332108181052483, 0.4, 0.39663742407056535}},
    {"one_cycle(max_lr = 0.9, total_steps = 10)",
     {0.03600000000000003, 0.468, 0.9, 0.8554361688121264, 0.7305710885547868, 0.5501358197426603,
      0.34986778025733967, 0.16943251144521326, 0.04456743118787366, 3.6000000000000003e-06}},
    {"one_cycle(0.9, 12, pct_start = 0.25, anneal_strategy = \"linear\", div_factor = 10, final_div_factor = "
     "100, three_phase = true)",
     {0.09, 0.495, 0.9, 0.495, 0.08999999999999997, 0.07727142857142857, 0.06454285714285714,
      0.051814285714285716, 0.039085714285714286, 0.026357142857142857, 0.013628571428571434,
      0.000899999999999998}},
    {"one_cycle(0.5, 9, pct_start = 0)",
     {0.4849232155038563, 0.44151134473530135, 0.3750005, 0.293412870768555, 0.2065891292314451,
      0.12500150000000004, 0.05849065526469865, 0.015078784496143707, 2e-06}},
    {"linear(total_iters = 3), cosine(T_max = 5)",
     {0.13333333333333333, 0.22222222222222224, 0.3111111111111111, 0.4, 0.3618033988749895,
      0.2618033988749895, 0.13819660112501053, 0.03819660112501053, 0.0}},
    {"exponential(0.5, length = 2), constant(factor = 0.5, total_iters = 2), step(2)",
     {0.4, 0.2, 0.2, 0.2, 0.4, 0.4, 0.04000000000000001, 0.04000000000000001, 0.004000000000000001}},
};

// Of the metrics 1, 0.8, 0.8, 0.79995, 0.7 (five times), 0.69 from there on.
const ScheduleCase kWatching[] = {
    {"reduce_on_plateau(patience = 1)",
     {0.4, 0.4, 0.4, 0.4, 0.04000000000000001, 0.04000000000000001, 0.04000000000000001, 0.004000000000000001,
      0.004000000000000001, 0.00040000000000000013, 0.00040000000000000013, 0.00040000000000000013,
      4.000000000000002e-05, 4.000000000000002e-05, 4.0000000000000015e-06}},
    {"reduce_on_plateau(factor = 0.5, patience = 0, threshold = 0.05, threshold_mode = \"abs\", cooldown = "
     "2, min_lr = 0.06)",
     {0.4, 0.4, 0.4, 0.2, 0.2, 0.2, 0.1, 0.1, 0.1, 0.06, 0.06, 0.06, 0.06, 0.06, 0.06}},
    {"reduce_on_plateau(mode = \"max\", factor = 0.3, patience = 2, threshold = 0.01, eps = 0.02)",
     {0.4, 0.4, 0.4, 0.4, 0.12, 0.12, 0.12, 0.036, 0.036, 0.036, 0.010799999999999999, 0.010799999999999999,
      0.010799999999999999, 0.010799999999999999, 0.010799999999999999}},
};

void expect_rate(double got, double want) { EXPECT_NEAR(got, want, 1e-12 * want + 1e-16); }

TEST(RateSchedule, AgreesWithPyTorch) {
  for (const ScheduleCase& c : kTimed) {
    SCOPED_TRACE(c.schedule);
    for (const char* per : {"epoch", "step"}) {
      std::string text = c.schedule;
      bool counts_steps = text.starts_with("one_cycle") || std::string(per) == "step";
      if (counts_steps && text.find("), ") != std::string::npos) continue;
      if (counts_steps) {
        text = text.back() == ')' ? text.substr(0, text.size() - 1) + ", " : text + "(";
        text += "per = \"step\")";
      }
      RateSchedule schedule = schedule_of(text);
      for (int64_t t = 0; t < static_cast<int64_t>(c.rates.size()); ++t) {
        RunTime now = counts_steps ? RunTime{t / 3, t, 3} : RunTime{t, 3 * t + 1, 3};
        expect_rate(schedule.rate(now), c.rates[static_cast<size_t>(t)]);
      }
    }
  }
}

TEST(RateSchedule, WatchesAMetricAsPyTorch) {
  for (const ScheduleCase& c : kWatching) {
    SCOPED_TRACE(c.schedule);
    RateSchedule schedule = schedule_of(c.schedule);
    for (size_t t = 0; t < c.rates.size(); ++t) {
      RunTime now{static_cast<int64_t>(t), static_cast<int64_t>(t), 1};
      expect_rate(schedule.rate(now), c.rates[t]);
      double metric = t == 0 ? 1 : t < 3 ? 0.8 : t == 3 ? 0.79995 : t < 9 ? 0.7 : 0.69;
      RateSchedule next = schedule_of(c.schedule);
      schedule.after_epoch({.train = {{"loss", metric}}}, now);
      next.set_memory(schedule.memory());
      schedule = next;
    }
  }
}

TEST(RateSchedule, CoversEveryRow) {
  std::set<std::string> covered;
  for (const ScheduleCase& c : kTimed) {
    std::string text = c.schedule;
    covered.insert(text.substr(0, text.find('(')));
  }
  covered.insert("reduce_on_plateau");
  for (const ScheduleRow& row : all_schedules()) EXPECT_TRUE(covered.count(std::string(row.call.name)));
}

// Five steps an epoch: seven steps of warm-up end in the second epoch, which is the first of what follows.
TEST(RateSchedule, StepsAndEpochsFollowOneAnother) {
  RateSchedule s = schedule_of(
      "linear(0.5, 1, 7, per = \"step\"), step(1, gamma = 0.5, length = 2), constant(0.1, 2, per = "
      "\"step\")");
  struct Case {
    int64_t updates;
    double rate;
  };
  for (const Case& c : {Case{0, 0.2},
                        {6, 0.4 * (0.5 + 0.5 * 6 / 7)},
                        {7, 0.4},
                        {9, 0.4},
                        {10, 0.2},
                        {14, 0.2},
                        {15, 0.04},
                        {16, 0.04},
                        {17, 0.4},
                        {99, 0.4}})
    expect_rate(s.rate({c.updates / 5, c.updates, 5}), c.rate);
}

TEST(RateSchedule, OneCycleOfEpochsHasAllTheirSteps) {
  RateSchedule by_epochs = schedule_of("one_cycle(0.9, epochs = 4)"),
               by_steps = schedule_of("one_cycle(0.9, total_steps = 20)");
  for (int64_t t = 0; t < 25; ++t) {
    RunTime now{t / 5, t, 5};
    EXPECT_EQ(by_epochs.rate(now), by_steps.rate(now));
    double last = by_steps.rate({3, 19, 5});
    EXPECT_TRUE(t < 20 || by_steps.rate(now) == last) << "the last rate stays";
  }
}

// Which way is better the metric says, unless the file does.
TEST(RateSchedule, AccuracyIsBetterWhereItIsLarger) {
  struct Case {
    const char* arguments;
    double rate;
  };
  for (const Case& c : {Case{"metric = \"accuracy\"", 0.4},
                        {"metric = \"accuracy\", mode = \"min\"", 0.04},
                        {"metric = \"loss\"", 0.04},
                        {"", 0.04}}) {
    RateSchedule s = schedule_of(std::string("reduce_on_plateau(patience = 0, ") + c.arguments + ")");
    for (int64_t t = 0; t < 2; ++t) {
      double x = 0.5 + 0.1 * static_cast<double>(t);
      s.after_epoch({.train = {{"loss", x}, {"accuracy", x}}}, {t, t, 1});
    }
    expect_rate(s.rate({2, 2, 1}), c.rate);
  }
}

TEST(RateSchedule, ArgumentsAreSetFromOutside) {
  RateSchedule s = schedule_of("cosine(T_max = 4)",
                               {"train.schedule.cosine.eta_min=0.1", "train.schedule.cosine.T_max=2"});
  expect_rate(s.rate({2, 2, 1}), 0.1);
  EXPECT_NE(errors_of(model_with("schedule cosine(T_max = 4)"), {"train.schedule.cosine.Tmax=2"})
                .find("did you mean 'train.schedule.cosine.T_max'?"),
            std::string::npos);
}

TEST(RateSchedule, MistakesAreNamed) {
  struct Case {
    const char* schedule;
    const char* says;
  };
  const Case cases[] = {
      {"cosin(3)", "'cosin' is not a schedule, such as cosine(T_max = 100)"},
      {"cosin(3)", "did you mean 'cosine'?"},
      {"cosine", "cosine needs 'T_max'"},
      {"cosine(T_max = 0)", "cosine's 'T_max' is a number from 1 to 1000000000, not 0"},
      {"cosine(5, per = \"batch\")", "cosine's 'per' is one of \"epoch\", \"step\", not \"batch\""},
      {"exponential(0.9), cosine(5)", "exponential has no end, so no other schedule can follow it"},
      {"exponential(0.9), cosine(5)", "length = 10"},
      {"exponential(inf)", "exponential's 'gamma' is a number of at least 0, not inf"},
      {"multi_step([3, -1])", "'milestones' are counts from 0"},
      {"one_cycle(0.1)", "either total_steps or epochs"},
      {"one_cycle(0.1, total_steps = 5, epochs = 5)", "either total_steps or epochs"},
      {"one_cycle(0.1, 5, pct_start = 0.7, three_phase = true)", "'pct_start' is a number from 0 to 0.5"},
      {"reduce_on_plateau(factor = 1)", "'factor' is below 1"},
      {"reduce_on_plateau(mode = \"least\")", "'mode' is one of"},
      {"reduce_on_plateau(metric = \"val_acuracy\")", "watches the metric 'val_acuracy'"},
      {"reduce_on_plateau(metric = \"val_acuracy\")", "did you mean 'val_accuracy'?"},
  };
  for (const Case& c : cases) {
    std::string errors = errors_of(model_with(std::string("schedule ") + c.schedule));
    EXPECT_NE(errors.find(c.says), std::string::npos) << c.schedule << "\n" << errors;
  }
}

}  // namespace
}  // namespace nnc
