#include "ir/parser.h"

#include <gtest/gtest.h>

#include <random>

#include "ir/ast_printer.h"
#include "ir/lexer.h"
#include "tests/ir/samples.h"

namespace nnc {
namespace {

// The tree in full parentheses, so that two trees are equal where their texts are.
std::string tree(const ast::Expr& e);
std::string tree(const ast::ExprPtr& e) { return e ? tree(*e) : "_"; }

struct Tree {
  std::string operator()(const ast::Number& n) const { return fmt_number(n); }
  std::string operator()(const ast::String& s) const { return quote(s.text); }
  std::string operator()(const ast::Bool& b) const { return b.value ? "T" : "F"; }
  std::string operator()(const ast::Ref& r) const { return r.name; }
  std::string operator()(const ast::Call& c) const {
    std::string out = "(call " + tree(c.callee);
    for (const ast::Arg& a : c.args) out += " " + a.name.text + "=" + tree(a.value);
    return out + ")";
  }
  std::string operator()(const ast::Index& i) const {
    std::string out = "(index " + tree(i.base);
    for (const ast::Subscript& s : i.subscripts) {
      out += s.is_slice ? " " + tree(s.start) + ":" + tree(s.stop) + ":" + tree(s.step) : " " + tree(s.start);
    }
    return out + ")";
  }
  std::string operator()(const ast::Unary& u) const {
    return (u.op == ast::UnaryOp::Not ? "(not " : "(- ") + tree(u.operand) + ")";
  }
  std::string operator()(const ast::Binary& b) const {
    return "(" + std::string(text_of(b.op)) + " " + tree(b.lhs) + " " + tree(b.rhs) + ")";
  }
  std::string operator()(const ast::List& l) const { return items("[", l.items); }
  std::string operator()(const ast::Tuple& t) const { return items("(tuple", t.items); }

  static std::string fmt_number(const ast::Number& n) {
    return n.is_int ? std::to_string(n.integer) : "f" + std::to_string(n.value);
  }
  static std::string items(std::string out, const std::vector<ast::ExprPtr>& es) {
    for (const ast::ExprPtr& e : es) out += " " + tree(e);
    return out + ")";
  }
};
std::string tree(const ast::Expr& e) { return std::visit(Tree{}, e.node); }

std::string errors_of(const std::string& source) {
  Diagnostics d("m.nn", source);
  parse(d);
  return d.render();
}

std::string parse_print(const std::string& source) {
  Diagnostics d("m.nn", source);
  ast::File file = parse(d);
  EXPECT_EQ(d.render(), "");
  return print(file);
}

// The tree of an expression, checked to survive printing.
std::string tree_of(const std::string& text) {
  auto once = [](const std::string& e) {
    Diagnostics d("m.nn", "model M {\n  x = " + e + "\n}\n");
    ast::File file = parse(d);
    EXPECT_EQ(d.render(), "");
    const auto& model = std::get<ast::Model>(file.items.at(0));
    const ast::Expr& value = *model.body.at(0).as<ast::AssignStmt>()->value;
    return std::pair(tree(value), print(value));
  };
  auto [first, printed] = once(text);
  EXPECT_EQ(first, once(printed).first) << printed;
  return first;
}

TEST(Parser, Precedence) {
  const std::pair<const char*, const char*> kRows[] = {
      {"a - b - c", "(- (- a b) c)"},
      {"a - (b - c)", "(- a (- b c))"},
      {"a + b * c ** d ** e", "(+ a (* b (** c (** d e))))"},
      {"(a ** b) ** c", "(** (** a b) c)"},
      {"-a ** b", "(- (** a b))"},
      {"(-a) ** -b", "(** (- a) (- b))"},
      {"-2 ** 2", "(- (** 2 2))"},
      {"(-2) ** 2", "(** -2 2)"},
      {"- -3", "3"},
      {"-9223372036854775808", "-9223372036854775808"},
      {"0xff + 1.5e3 - .5", "(- (+ 255 f1500.000000) f0.500000)"},
      {"-inf", "f-inf"},
      {"not a == b and c", "(and (not (== a b)) c)"},
      {"not not a or b", "(or (not (not a)) b)"},
      {"(not a) * b", "(* (not a) b)"},
      {"(a < b) == (c < d)", "(== (< a b) (< c d))"},
      {"a or b and c", "(or a (and b c))"},
      {"-a * b", "(* (- a) b)"},
      {"-(a * b)", "(- (* a b))"},
      {"D(1, p = 2)(x)[0, 1:, ::2]", "(index (call (call D =1 p=2) =x) 0 1:_:_ _:_:2)"},
      {"zeros[]", "(index zeros)"},
      {"(a,)", "(tuple a)"},
      {"a, (b, c)", "(tuple a (tuple b c))"},
      {"[\n  1,\n  2,\n]", "[ 1 2)"},
      {"f(not)", "(call f =not)"},
      {"\"a\\x41\\\"\"", "\"aA\\\"\""},
  };
  for (const auto& [text, expected] : kRows) EXPECT_EQ(tree_of(text), expected) << text;
}

TEST(Parser, SamplesPrintToThemselves) {
  for (const std::string& sample : kSamples) {
    std::string once = parse_print(sample);
    EXPECT_EQ(parse_print(once), once);
  }
}

TEST(Parser, LayoutOfThePrinter) {
  EXPECT_EQ(parse_print("train M { batch 64\n target d: i32[B]}model M(a,b=1){input x:f32\nrepeat a as "
                        "r{x=x+b}\noutput x}"),
            "train M {\n  batch 64\n  target d: i32[B]\n}\n"
            "model M(a, b = 1) {\n  input x: f32[]\n  repeat a as r {\n    x = x + b\n  }\n  output x\n}\n");
}

struct Golden {
  const char* source;
  const char* expected;
};

const Golden kGoldens[] = {
    {"modle M {\n}\nmodel N {\n  x = ?\n}\n",
     "m.nn:1:1: error: expected 'model', 'block', 'train' or 'graph', found 'modle'\n"
     "  1 | modle M {\n"
     "    | ^~~~~\n"
     "help: did you mean 'model'?\n"
     "m.nn:4:7: error: unexpected character '?'\n"
     "  4 |   x = ?\n"
     "    |       ^\n"},
    {"model M {\n  x = (a +\n  y = b\n  inptu z: f32\n  z = f(,)\n}\n",
     "m.nn:3:5: error: expected ')', found '='\n"
     "  3 |   y = b\n"
     "    |     ^\n"
     "m.nn:2:7: note: to match this\n"
     "  2 |   x = (a +\n"
     "    |       ^\n"
     "m.nn:4:3: error: no statement begins with 'inptu'\n"
     "  4 |   inptu z: f32\n"
     "    |   ^~~~~\n"
     "help: did you mean 'input'?\n"
     "m.nn:5:9: error: expected an argument, found ','\n"
     "  5 |   z = f(,)\n"
     "    |         ^\n"},
    {"model M {\n  x =\n  y = a b\n  f(x)\n",
     "m.nn:2:6: error: expected an expression, found the end of the line\n"
     "  2 |   x =\n"
     "    |      ^\n"
     "m.nn:3:9: error: expected the end of the line after the statement, found 'b'\n"
     "  3 |   y = a b\n"
     "    |         ^\n"
     "m.nn:4:3: error: nothing uses this value: write 'name = …', 'output name = …' or 'return …'\n"
     "  4 |   f(x)\n"
     "    |   ^\n"
     "m.nn:5:1: error: expected '}', found the end of the file\n"
     "  5 | \n"
     "    | ^\n"
     "m.nn:1:9: note: to match this '{'\n"
     "  1 | model M {\n"
     "    |         ^\n"},
    {"model M {\n  x = a < b < c\n  true = 3\n  a.b = 4\n  param w: f32[2]\n  output a, b = 3\n}\n",
     "m.nn:2:13: error: comparisons do not chain: join two by 'and'\n"
     "  2 |   x = a < b < c\n"
     "    |             ^\n"
     "m.nn:3:3: error: 'true' has a meaning of its own and can't name a value\n"
     "  3 |   true = 3\n"
     "    |   ^~~~\n"
     "m.nn:4:3: error: 'a.b': a name given here has no dots\n"
     "  4 |   a.b = 4\n"
     "    |   ^~~\n"
     "m.nn:5:18: error: expected '=' and how the parameter begins, as in '= normal(0, 0.02)', found the end "
     "of the line\n"
     "  5 |   param w: f32[2]\n"
     "    |                  ^\n"
     "m.nn:6:15: error: an output with a value stands alone\n"
     "  6 |   output a, b = 3\n"
     "    |               ^\n"},
    {"model M {\n  input x: float[B]\n  input y: f23[B]\n  x = 99999999999999999999\n  y = 1e999\n  z = "
     "3x\n}\n",
     "m.nn:2:12: error: unknown element type 'float'\n"
     "  2 |   input x: float[B]\n"
     "    |            ^~~~~\n"
     "help: the types are f32, f64, bf16, i32, i64, u8, bool\n"
     "m.nn:3:12: error: unknown element type 'f23'\n"
     "  3 |   input y: f23[B]\n"
     "    |            ^~~\n"
     "help: did you mean 'f32'?\n"
     "m.nn:4:7: error: this number does not fit a signed integer of 64 bits\n"
     "  4 |   x = 99999999999999999999\n"
     "    |       ^~~~~~~~~~~~~~~~~~~~\n"
     "m.nn:5:7: error: this number does not fit f64\n"
     "  5 |   y = 1e999\n"
     "    |       ^~~~~\n"
     "m.nn:6:7: error: '3x' is no number\n"
     "  6 |   z = 3x\n"
     "    |       ^~\n"},
    {"train M {\n  batch = 64\n  data csv(\"a\n  seed 1 2\n}\nblock B(x: f32[2])(y) {\n}\nblock C(n) { "
     "return n }\n",
     "m.nn:2:9: error: a train entry is written without '='\n"
     "  2 |   batch = 64\n"
     "    |         ^\n"
     "help: write 'batch …'\n"
     "m.nn:3:12: error: this string has no end on its line\n"
     "  3 |   data csv(\"a\n"
     "    |            ^~\n"
     "m.nn:4:10: error: expected the end of the line after the entry, found '2'\n"
     "  4 |   seed 1 2\n"
     "    |          ^\n"
     "m.nn:6:10: error: parameters have no type: a block's inputs go into a second list, 'block Name(D)(x: "
     "f32[B, D])'\n"
     "  6 | block B(x: f32[2])(y) {\n"
     "    |          ^\n"
     "m.nn:8:12: error: expected '(' and the block's inputs, as in 'block Name(D)(x: f32[B, D])', found '{'\n"
     "  8 | block C(n) { return n }\n"
     "    |            ^\n"},
    {"model M {\n  x = a\nmodel N {\n  s = \"\\q\"\n  h = scan e over T { yield e }\n  i = x[]] \n}\n}\n",
     "m.nn:3:1: error: expected '}', found 'model'\n"
     "  3 | model N {\n"
     "    | ^~~~~\n"
     "m.nn:1:9: note: to match this '{'\n"
     "  1 | model M {\n"
     "    |         ^\n"
     "m.nn:4:7: error: unknown escape: known are \\n \\t \\r \\\" \\\\ \\xHH\n"
     "  4 |   s = \"\\q\"\n"
     "    |       ^~~~\n"
     "m.nn:5:14: error: expected 'as', found 'over'\n"
     "  5 |   h = scan e over T { yield e }\n"
     "    |              ^~~~\n"
     "m.nn:6:10: error: expected the end of the line after the statement, found ']'\n"
     "  6 |   i = x[]] \n"
     "    |          ^\n"
     "m.nn:8:1: error: expected 'model', 'block', 'train' or 'graph', found '}'\n"
     "  8 | }\n"
     "    | ^\n"},
};

TEST(Parser, ErrorsSayWhereAndWhat) {
  for (const Golden& g : kGoldens) EXPECT_EQ(errors_of(g.source), g.expected) << g.source;
}

TEST(Parser, DeepNestingIsAnErrorNotAnOverflow) {
  auto repeated = [](const std::string& s, int n) {
    std::string out;
    for (int i = 0; i < n; ++i) out += s;
    return out;
  };
  const std::string kDeep[] = {"model M {\n x = " + repeated("(", 100000),
                               "model M {\n x = " + repeated("-", 100000) + "1\n}",
                               "model M {\n x = " + repeated("not ", 100000) + "a\n}",
                               "model M {\n x = " + repeated("a + ", 100000) + "a\n}",
                               "model M {\n x = f" + repeated("(1)", 100000) + "\n}",
                               "model M {\n x = " + repeated("2**", 100000) + "2\n}",
                               "model M {\n" + repeated("repeat 2 {", 100000),
                               "model M {\n x = " + repeated("f(", 100000),
                               "model M {\n x = " + repeated("[", 100000),
                               "graph g() {\n" + repeated("a = scan() () {\n", 100000)};
  for (const std::string& text : kDeep) {
    Diagnostics d("m.nn", text);
    parse(d);
    EXPECT_NE(d.render().find("nested too deeply"), std::string::npos) << text.substr(0, 40);
  }
}

// Nothing about the outcome but that there is one, and that what parsed prints and parses again.
void survive(const std::string& text) {
  Diagnostics d("m.nn", text);
  std::string printed = print(parse(d));
  d.render();
  if (d.has_errors()) return;
  Diagnostics again("m.nn", printed);
  EXPECT_EQ(print(parse(again)), printed);
  EXPECT_FALSE(again.has_errors()) << text << "\n" << again.render();
}

TEST(Parser, TruncationAtEveryLengthAndRandomMutations) {
  std::mt19937 random(7);
  const std::string kInserts[] = {"(",         ")",     "{", "}",     "[",    "]",
                                  "\n",        "\"",    "#", "=",     ",",    ":",
                                  "**",        "-",     ".", "not ",  "\xff", std::string(1, '\0'),
                                  "model M {", "scan ", "é", "1e999", "0x",   "graph g() {"};
  for (const std::string& sample : kSamples) {
    for (size_t n = 0; n <= sample.size(); ++n) survive(sample.substr(0, n));
    for (int i = 0; i < 400; ++i) {
      std::string text = sample;
      for (int edits = 1 + static_cast<int>(random() % 4); edits > 0; --edits) {
        size_t at = random() % text.size();
        switch (random() % 4) {
          case 0:
            text.erase(at, 1 + random() % 20);
            break;
          case 1:
            text.insert(at, kInserts[random() % std::size(kInserts)]);
            break;
          case 2:
            text[at] = static_cast<char>(random());
            break;
          case 3:
            text.insert(at, text.substr(random() % text.size(), random() % 60));
            break;
        }
        if (text.empty()) text = "x";
      }
      survive(text);
    }
  }
}

TEST(Parser, ManyErrorsAndLargeFilesStopEarly) {
  std::string lines = "model M {\n";
  for (int i = 0; i < 100000; ++i) lines += "a\n";
  Diagnostics many("m.nn", lines);
  parse(many);
  EXPECT_LT(many.error_count(), 110u);
  Diagnostics large("m.nn", std::string(kMaxSource + 1, 'a'));
  parse(large);
  EXPECT_EQ(large.render(), "m.nn: error: a model file has at most 4 MiB\n");
}

}  // namespace
}  // namespace nnc
