// Model files: items and statements.
#include <fmt/format.h>

#include "ir/parser_core.h"

namespace nnc {
namespace {

using Kind = Token::Kind;

constexpr std::string_view kItems[] = {"model", "block", "train", "graph"};

std::vector<std::string> statement_words() {
  return {"input", "param", "output", "repeat", "yield", "return"};
}

}  // namespace

// `model Name (` or `model Name {` can begin nothing but an item.
bool Parser::at_item() const {
  bool known = false;
  for (std::string_view word : kItems) known |= peek().is_name(word);
  bool named = peek(1).kind == Kind::Name || peek(1).kind == Kind::String;
  return known && named && (peek(2).is("(") || peek(2).is("{"));
}

ast::File Parser::file() {
  ast::File out;
  while (peek().kind != Kind::End) {
    size_t begin = statement_start_ = pos_;
    brackets_ = nesting_ = 0;
    try {
      item(out);
    } catch (Recover&) {
      if (pos_ == begin) take();
      while (peek().kind != Kind::End && !(peek().first_on_line && at_item())) take();
    }
  }
  return out;
}

void Parser::item(ast::File& file) {
  if (accept_word("model")) return file.items.emplace_back(model()), void();
  if (accept_word("block")) return file.items.emplace_back(block()), void();
  if (accept_word("train")) return file.items.emplace_back(train()), void();
  if (accept_word("graph")) return file.items.emplace_back(graph()), void();
  if (peek().kind == Kind::Bad) throw Recover{};
  auto& d = diagnostics_.error(
      "syntax", peek().loc, fmt::format("expected 'model', 'block', 'train' or 'graph', found {}", found()));
  d.suggest(peek().text, {std::begin(kItems), std::end(kItems)});
  throw Recover{};
}

ast::Model Parser::model() {
  ast::Model out;
  out.name = fresh_name("the model's name");
  if (at("(")) out.formals = formals();
  out.body = body();
  return out;
}

ast::Block Parser::block() {
  ast::Block out;
  out.name = fresh_name("the block's name");
  out.formals = formals();
  if (!at("(")) expected("'(' and the block's inputs, as in 'block Name(D)(x: f32[B, D])'");
  out.inputs = typed_names();
  if (accept("->")) out.results = types();
  out.body = body();
  return out;
}

std::vector<ast::Formal> Parser::formals() {
  Bracket bracket(*this, "(");
  std::vector<ast::Formal> out;
  while (!at(")")) {
    ast::Formal formal;
    formal.name = fresh_name("a parameter's name");
    if (at(":")) {
      fail("syntax", peek().loc,
           "parameters have no type: a block's inputs go into a second list, 'block Name(D)(x: f32[B, D])'");
    }
    if (accept("=")) formal.default_value = expr();
    out.push_back(std::move(formal));
    if (!accept(",")) break;
  }
  bracket.close(")");
  return out;
}

ast::Train Parser::train() {
  ast::Train out;
  out.model = name("the name of the model to train");
  braces([&] { out.entries.push_back(train_entry()); });
  return out;
}

ast::TrainEntry Parser::train_entry() {
  ast::TrainEntry out;
  out.key = name("a key such as 'optimizer'");
  if (at("=") || at(":")) {
    auto& d = diagnostics_.error("syntax", peek().loc,
                                 fmt::format("a train entry is written without '{}'", peek().text));
    d.with_help(fmt::format("write '{} …'", out.key.text));
    throw Recover{};
  }
  if (at_name() && on_line(1) && peek(1).is(":")) {
    out.typed = typed_name();
  } else if (on_line() && !peek().is("}") && peek().kind != Kind::End) {
    out.values = exprs();
  }
  end_of_statement("the entry");
  return out;
}

ast::Stmts Parser::body() {
  ast::Stmts out;
  braces([&] { out.push_back(statement()); });
  return out;
}

ast::Stmt Parser::statement() {
  Loc loc = peek().loc;
  ast::Stmt out{loc, statement_node()};
  end_of_statement("the statement");
  return out;
}

bool Parser::keyword(std::string_view word) const {
  return at_word(word) && on_line(1) && !peek(1).is("=") && !peek(1).is(",");
}

decltype(ast::Stmt::node) Parser::statement_node() {
  if (keyword("input")) return take(), ast::InputStmt{typed_name()};
  if (keyword("param")) return take(), param_statement();
  if (keyword("output")) return take(), output_statement();
  if (keyword("repeat")) return take(), repeat_statement();
  if (keyword("yield")) return take(), ast::YieldStmt{exprs()};
  if (keyword("return")) return take(), ast::ReturnStmt{exprs()};
  return assignment();
}

ast::ParamStmt Parser::param_statement() {
  ast::ParamStmt out;
  out.param = typed_name();
  if (!at("=")) expected("'=' and how the parameter begins, as in '= normal(0, 0.02)'");
  take();
  out.init = expr();
  return out;
}

ast::OutputStmt Parser::output_statement() {
  ast::OutputStmt out;
  do out.names.push_back(fresh_name("the output's name"));
  while (accept(","));
  if (at("=") && out.names.size() > 1) fail("syntax", peek().loc, "an output with a value stands alone");
  if (accept("=")) out.value = expr();
  return out;
}

ast::RepeatStmt Parser::repeat_statement() {
  ast::RepeatStmt out;
  out.count = expr();
  if (accept_word("as")) out.label = fresh_name("a name");
  out.body = body();
  return out;
}

std::vector<ast::Name> Parser::targets() {
  std::vector<ast::Name> out;
  do out.push_back(fresh_name("a name"));
  while (accept(","));
  return out;
}

decltype(ast::Stmt::node) Parser::assignment() {
  if (!at_name()) expected("a statement");
  const Token& first = peek();
  if (on_line(1) && peek(1).kind == Kind::Name) {
    auto& d =
        diagnostics_.error("syntax", first.loc, fmt::format("no statement begins with '{}'", first.text));
    d.suggest(first.text, statement_words());
    throw Recover{};
  }
  if (on_line(1) && (peek(1).is("(") || peek(1).is("["))) {
    fail("unused-value", first.loc,
         "nothing uses this value: write 'name = …', 'output name = …' or 'return …'");
  }
  std::vector<ast::Name> names = targets();
  expect("=");
  if (at_word("scan") && on_line(1) && peek(1).kind == Kind::Name) return scan(std::move(names));
  const Token& begin = peek();
  std::vector<ast::ExprPtr> values = exprs();
  if (values.size() == 1) return ast::AssignStmt{std::move(names), std::move(values[0])};
  return ast::AssignStmt{std::move(names), make(begin, ast::Tuple{std::move(values)})};
}

// The header may go on over several lines: no statement begins with its words.
ast::ScanStmt Parser::scan(std::vector<ast::Name> targets) {
  ast::ScanStmt out;
  out.targets = std::move(targets);
  take();
  while (!at_word("over")) {
    ast::ScanInput in;
    in.value = expr();
    expect_word("as");
    in.name = fresh_name("a name");
    out.inputs.push_back(std::move(in));
    if (!accept(",")) break;
  }
  expect_word("over");
  out.length = expr();
  if (accept_word("carry")) {
    do {
      ast::Carry carry;
      carry.name = fresh_name("a name");
      expect("=");
      carry.init = expr();
      out.carries.push_back(std::move(carry));
    } while (accept(","));
  }
  out.body = body();
  return out;
}

}  // namespace nnc
