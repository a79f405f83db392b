// The command line by its definition: every command has examples that parse, and every misspelling of a command, an
// option or a choice is told what was meant.
#include <filesystem>
#include <sstream>

#include <gtest/gtest.h>

#include "tools/nnc/command.h"
#include "tools/nnc/help.h"
#include "tools/nnc/usage.h"

namespace nnc::tool {
namespace {

using Words = std::vector<std::string>;

// What is wrong with the command line; an empty message where nothing is. Nothing is run.
UsageError parse(Words words) {
  std::unique_ptr<CLI::App> app = make_app();
  app->parse_complete_callback([] { throw CLI::Success(); });
  std::reverse(words.begin(), words.end());
  try {
    app->parse(words);
  } catch (const CLI::ParseError& e) {
    return e.get_exit_code() == 0 ? UsageError{} : explain_usage(*app, e);
  }
  return {};
}

// Every command with the words that call it, "cache ls" included.
struct Called {
  Words words;
  const CLI::App* app;
};
void add_commands(const CLI::App& app, const Words& path, std::vector<Called>& out) {
  for (const CLI::App* sub : app.get_subcommands({})) {
    Words words = path;
    words.push_back(sub->get_name());
    out.push_back({words, sub});
    add_commands(*sub, words, out);
  }
}

class CommandLine : public testing::Test {
 protected:
  CommandLine() : app_(make_app()) { add_commands(*app_, {}, commands_); }

  std::unique_ptr<CLI::App> app_;
  std::vector<Called> commands_;
};

std::string joined(const Words& words) { return CLI::detail::join(words, " "); }

Words words_of(const std::string& text) {
  std::istringstream in(text);
  Words out;
  for (std::string word; in >> word;) out.push_back(word);
  return out;
}

std::vector<std::string> examples_of(const CLI::App& app) {
  std::vector<std::string> out;
  std::istringstream lines(app.get_footer());
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("  ") && !line.starts_with("  #")) out.push_back(line.substr(2));
  }
  return out;
}

TEST_F(CommandLine, EveryCommandHasAGroupASummaryAndExamplesThatParse) {
  for (const Called& c : commands_) {
    SCOPED_TRACE(joined(c.words));
    EXPECT_FALSE(c.app->get_description().empty());
    EXPECT_NE(c.app->get_group(), "Subcommands");
    EXPECT_FALSE(examples_of(*c.app).empty());
    for (const std::string& line : examples_of(*c.app)) {
      SCOPED_TRACE(line);
      size_t at = line.find("nnc ");
      ASSERT_NE(at, std::string::npos);
      Words words = words_of(line.substr(at + 4, line.find_first_of(">)", at) - at - 4));
      EXPECT_EQ(parse(words).message, "");
      for (const std::string& word : words) {
        if (!word.starts_with("examples/")) continue;
        EXPECT_TRUE(std::filesystem::exists(std::string(NNC_SOURCE_DIR) + "/" + word)) << word;
      }
    }
  }
}

TEST_F(CommandLine, EveryOptionSaysWhatItIsAndWhatItsValueIs) {
  for (const Called& c : commands_) {
    for (const CLI::Option* o : c.app->get_options()) {
      EXPECT_FALSE(o->get_description().empty()) << joined(c.words) << " " << o->get_name();
      EXPECT_EQ(value_name(*o).find("TEXT"), std::string::npos) << joined(c.words) << " " << o->get_name();
    }
  }
}

TEST_F(CommandLine, HelpFitsIntoAHundredColumns) {
  for (const Called& c : commands_) {
    std::istringstream lines(help_text(c.app, "nnc " + joined(c.words), CLI::AppFormatMode::Normal));
    for (std::string line; std::getline(lines, line);) EXPECT_LE(line.size(), 110u) << line;
  }
}

std::string misspelt(const std::string& word) { return word + word.back(); }

TEST_F(CommandLine, EveryMisspeltCommandIsToldWhichOneWasMeant) {
  for (const Called& c : commands_) {
    Words words = c.words;
    words.back() = misspelt(words.back());
    UsageError e = parse(words);
    EXPECT_EQ(e.message, "there is no command 'nnc " + joined(words) + "'");
    ASSERT_FALSE(e.notes.empty());
    EXPECT_EQ(e.notes[0], "did you mean '" + c.words.back() + "'?");
  }
}

TEST_F(CommandLine, EveryMisspeltOptionIsToldWhichOneWasMeant) {
  for (const Called& c : commands_) {
    for (const CLI::Option* o : c.app->get_options()) {
      if (o->get_positional()) continue;
      Words words = c.words;
      words.push_back("--" + misspelt(o->get_lnames()[0]));
      UsageError e = parse(words);
      EXPECT_EQ(e.message, "'nnc " + joined(c.words) + "' has no option '" + words.back() + "'");
      ASSERT_FALSE(e.notes.empty());
      EXPECT_TRUE(e.notes[0].starts_with("did you mean '--" + o->get_lnames()[0])) << e.notes[0];
    }
  }
}

TEST_F(CommandLine, EveryMisspeltChoiceIsToldWhichOneWasMeant) {
  for (const Called& c : commands_) {
    for (const CLI::Option* o : c.app->get_options()) {
      if (o->get_type_name().starts_with("{")) continue;  // checked where it is used
      for (const std::string& choice : choices_of(*o)) {
        Words words = c.words;
        if (!o->get_positional()) words.push_back(o->get_name());
        words.push_back(misspelt(choice));
        EXPECT_NE(parse(words).message.find("; did you mean '" + choice + "'?"), std::string::npos)
            << joined(words) << ": " << parse(words).message;
      }
    }
  }
}

TEST(Usage, SaysWhatIsWrongAndWhatToDo) {
  struct Row {
    const char *line, *message;
    Words notes;
  };
  const Row rows[] = {
      {"train m.nn --epoch 3", "'nnc train' has no option '--epoch'", {"did you mean '--epochs'?"}},
      {"train --epoch=3 m.nn", "'nnc train' has no option '--epoch'", {"did you mean '--epochs'?"}},
      {"train m.nn -epochs 3", "'nnc train' has no option '-epochs'", {"did you mean '--epochs'?"}},
      {"trian m.nn --foo", "there is no command 'nnc trian'", {"did you mean 'train'?"}},
      {"train m.nn --kernels", "'nnc train' has no option '--kernels'", {"'nnc bench' has one"}},
      {"train", "'nnc train' wants FILE.nn", {}},
      {"eval m.nn", "'nnc eval' wants --weights FILE.safetensors", {}},
      {"train m.nn n.nn", "'nnc train' has no use for 'n.nn'", {}},
      {"train m.nn --epochs", "'nnc train' wants a value: --epochs N", {}},
      {"train m.nn --epochs=-1", "--epochs: Value -1 not in range 0 to 1099511627776", {}},
      {"cache", "'nnc cache' wants a command: ls, stat, clear", {}},
      {"help trani", "command: there is no 'trani'; did you mean 'train'?", {}},
  };
  for (const Row& row : rows) {
    UsageError e = parse(words_of(row.line));
    EXPECT_EQ(e.message.substr(0, std::string(row.message).size()), row.message);
    ASSERT_EQ(e.notes.size(), row.notes.size() + 1) << row.line;
    for (size_t i = 0; i < row.notes.size(); ++i) EXPECT_EQ(e.notes[i], row.notes[i]);
    EXPECT_NE(e.notes.back().find(" --help shows its options, and examples"), std::string::npos);
  }
}

}  // namespace
}  // namespace nnc::tool
