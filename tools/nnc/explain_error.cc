// nnc explain-error CODE: what a diagnostic means, with a wrong example and the same put right.
#include <fmt/format.h>

#include "ir/diagnostic_codes.h"
#include "tools/nnc/command.h"
#include "tools/nnc/help.h"

namespace nnc::tool {
namespace {

std::string indented(std::string_view text) {
  std::string out = "    ";
  for (char c : text) out += c == '\n' ? "\n    " : std::string(1, c);
  return out;
}

void explain(const CodeRow& row) {
  fmt::print("{}: {}\n\n{}\n", row.name, row.summary, wrapped(std::string(row.text), 0));
  fmt::print("wrong:\n{}\n\nright:\n{}\n", indented(row.wrong), indented(row.right));
}

void run(const std::vector<std::string>& codes) {
  for (const CodeRow& row : all_diagnostic_codes()) {
    if (codes.empty()) fmt::print("{:<20} {}\n", row.name, row.summary);
  }
  for (const std::string& code : codes) {
    if (&code != codes.data()) fmt::print("\n");
    for (const CodeRow& row : all_diagnostic_codes()) {
      if (row.name == code) explain(row);
    }
  }
}

}  // namespace

void add_explain_error(CLI::App& app) {
  auto codes = std::make_shared<std::vector<std::string>>();
  CLI::App* command =
      add_command(app, group::kModels, "explain-error",
                  "What a diagnostic means, with a wrong example and the same put right",
                  {{"nnc explain-error unknown-function", "what it means that there is no such function"},
                   {"nnc explain-error", "every code, a line each"}});
  std::vector<std::string> names;
  for (const CodeRow& row : all_diagnostic_codes()) names.emplace_back(row.name);
  command->add_option("code", *codes, "The code, as --message-format json gives it; none lists them all")
      ->type_name("CODE")
      ->check(one_of(names));
  command->callback([codes] { run(*codes); });
}

}  // namespace nnc::tool
