// The nnc tool: compiles and trains neural networks described in .nn files.
#include <cstdio>
#include <exception>
#include <new>

#include <fmt/format.h>

#include "ir/error.h"
#include "tools/nnc/command.h"

namespace nnc::tool {
namespace {

int report(const std::string& message, const std::vector<std::string>& notes = {}) {
  fmt::print(stderr, "error: {}\n", message);
  for (const std::string& note : notes) fmt::print(stderr, "  note: {}\n", note);
  return kUserError;
}

int run(int argc, char** argv) {
  CLI::App app{"nnc compiles neural networks to native training code and trains them"};
  app.name("nnc");
  app.set_version_flag("--version", "nnc 0.1.0");
  app.require_subcommand(1);
  for (auto add : {add_check, add_show, add_train, add_eval, add_predict, add_opt, add_bench, add_cache})
    add(app);
  try {
    app.parse(argc, argv);
    return kDone;
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? kDone : kUsage;
  } catch (const Reported& r) {
    return r.status;
  } catch (const Error& e) {
    return report(e.what(), e.notes());
  } catch (const std::bad_alloc&) {
    return report("out of memory");
  } catch (const std::exception& e) {
    return report(e.what());
  }
}

}  // namespace
}  // namespace nnc::tool

int main(int argc, char** argv) { return nnc::tool::run(argc, argv); }
