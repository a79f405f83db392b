// The nnc tool: compiles and trains neural networks described in .nn files.
#include <cstdio>
#include <exception>
#include <new>

#include <fmt/format.h>

#include "ir/error.h"
#include "tools/nnc/command.h"
#include "tools/nnc/usage.h"

namespace nnc::tool {
namespace {

int report(const std::string& message, const std::vector<std::string>& notes = {}) {
  fmt::print(stderr, "error: {}\n", message);
  for (const std::string& note : notes) fmt::print(stderr, "  note: {}\n", note);
  return kUserError;
}

int report_usage(const CLI::App& app, const CLI::ParseError& e) {
  if (e.get_exit_code() == 0) return app.exit(e);  // --help, --version
  UsageError wrong = explain_usage(app, e);
  report(wrong.message, wrong.notes);
  return kUsage;
}

int run(int argc, char** argv) {
  std::unique_ptr<CLI::App> app = make_app();
  if (argc == 1) {
    std::fputs(app->help().c_str(), stderr);
    return kUsage;
  }
  try {
    app->parse(argc, argv);
    return kDone;
  } catch (const CLI::ParseError& e) {
    return report_usage(*app, e);
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
