// nnc doctor: what it looks at is there, its self-test passes, and a cache that cannot be used is a trouble.
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/tools/tool_run.h"

namespace nnc {
namespace {

TEST_F(Tool, DoctorLooksAtTheMachineAndTestsItself) {
  std::string cache = "NNC_CACHE=on NNC_CACHE_DIR=" + path("cache") + " " + NNC_TOOL;
  Outcome json = run_command(cache + " doctor --json");
  ASSERT_EQ(json.status, 0) << json.text;
  nlohmann::json found = nlohmann::json::parse(json.text);
  for (const char* name :
       {"processor", "vectors", "cores", "caches", "memory", "huge pages", "cache", "build", "self-test"}) {
    ASSERT_TRUE(found.contains(name)) << name;
    EXPECT_TRUE(found[name].is_string()) << json.text;
    EXPECT_FALSE(found[name].get<std::string>().empty()) << name;
  }
  EXPECT_NE(found["self-test"].get<std::string>().find("of the definition"), std::string::npos) << json.text;
  EXPECT_NE(found["cache"].get<std::string>().find(path("cache") + ", writable"), std::string::npos)
      << json.text;
}

TEST_F(Tool, DoctorNamesATroubleAndItsRemedy) {
  std::string blocked = file("cache", "a file where the folder should be");
  Outcome o = run_command("NNC_CACHE=on NNC_CACHE_DIR=" + blocked + " " + NNC_TOOL + " doctor");
  EXPECT_EQ(o.status, 1) << o.text;
  EXPECT_NE(o.text.find("  trouble: "), std::string::npos) << o.text;
  EXPECT_NE(o.text.find("set NNC_CACHE_DIR to a folder of your own, or NNC_CACHE=off"), std::string::npos)
      << o.text;
  EXPECT_NE(o.text.find("self-test"), std::string::npos) << "the rest is looked at all the same";
}

}  // namespace
}  // namespace nnc
