// The parser's class, shared by its three files: the token cursor (here), expressions (parse_expr.cc), model
// files (parse_model.cc) and graph blocks (parse_graph.cc). A syntax error is reported where it is found and
// thrown as Recover to the nearest statement, which skips to the next one.
#pragma once

#include "ir/ast.h"
#include "ir/lexer.h"

namespace nnc {

class Parser {
 public:
  explicit Parser(Diagnostics& d) : diagnostics_(d), tokens_(tokenize(d)) {}
  ast::File file();

 private:
  struct Recover {};

  // Counts nesting so that no text can overflow the stack.
  class Nest {
   public:
    explicit Nest(Parser& p) : p_(p) {
      if (++p_.nesting_ > kMaxNesting) {
        --p_.nesting_;
        p_.fail("nesting", p_.peek().loc, "this is nested too deeply");
      }
    }
    ~Nest() { --p_.nesting_; }
    Nest(const Nest&) = delete;
    Nest& operator=(const Nest&) = delete;

   private:
    Parser& p_;
  };

  // Between brackets a newline means nothing. `close` checks the partner and ends that.
  class Bracket {
   public:
    Bracket(Parser& p, std::string_view open) : p_(p), saved_(p.brackets_), open_(p.expect(open).loc) {
      ++p_.brackets_;
    }
    ~Bracket() { p_.brackets_ = saved_; }
    Bracket(const Bracket&) = delete;
    Bracket& operator=(const Bracket&) = delete;
    /// Consumes `close` and returns its place.
    Loc close(std::string_view close);

   private:
    Parser& p_;
    int saved_;
    Loc open_;
  };

  // The cursor.
  const Token& peek(size_t ahead = 0) const { return tokens_[std::min(pos_ + ahead, tokens_.size() - 1)]; }
  /// The next token belongs to the current statement.
  bool on_line(size_t ahead = 0) const;
  bool at(std::string_view punct) const { return on_line() && peek().is(punct); }
  bool at_name() const { return on_line() && peek().kind == Token::Kind::Name; }
  bool at_word(std::string_view word) const { return on_line() && peek().is_name(word); }
  const Token& take() { return tokens_[pos_ + 1 < tokens_.size() ? pos_++ : pos_]; }
  bool accept(std::string_view punct);
  bool accept_word(std::string_view word);
  const Token& expect(std::string_view punct);
  void expect_word(std::string_view word);
  ast::Name name(std::string_view what);
  /// A name to be given to a value: not a word that means something in expressions.
  ast::Name fresh_name(std::string_view what);

  // Errors.
  std::string found() const;
  Loc found_loc() const;
  [[noreturn]] void fail(DiagnosticCode code, Loc loc, std::string message);
  [[noreturn]] void expected(std::string_view what);
  void end_of_statement(std::string_view what);
  void skip_statement();

  // Expressions.
  ast::ExprPtr expr() { return binary(1); }
  ast::ExprPtr binary(int level);
  ast::ExprPtr prefix(int level);
  ast::ExprPtr unary();
  ast::ExprPtr power();
  ast::ExprPtr postfix();
  ast::ExprPtr primary();
  ast::ExprPtr number();
  ast::ExprPtr parenthesised();
  ast::ExprPtr list();
  ast::Index index(ast::ExprPtr base);
  ast::Subscript subscript();
  std::vector<ast::Arg> args(std::string_view what);
  ast::Arg arg();
  std::vector<ast::ExprPtr> exprs();
  bool starts_expr(size_t ahead) const;
  ast::ExprPtr make(const Token& from, decltype(ast::Expr::node) node);
  ast::TypeExpr type();
  std::vector<ast::TypeExpr> types();
  ast::TypedName typed_name();
  std::vector<ast::TypedName> typed_names();

  // Model files.
  bool at_item() const;
  void item(ast::File& file);
  ast::Model model();
  ast::Block block();
  ast::Train train();
  ast::TrainEntry train_entry();
  std::vector<ast::Formal> formals();
  /// `{ statement… }`, each by `parse_one`, recovering after each.
  template <class F>
  void braces(const F& parse_one);
  ast::Stmts body();
  ast::Stmt statement();
  decltype(ast::Stmt::node) statement_node();
  ast::ParamStmt param_statement();
  ast::OutputStmt output_statement();
  ast::RepeatStmt repeat_statement();
  ast::ScanStmt scan(std::vector<ast::Name> targets);
  decltype(ast::Stmt::node) assignment();
  std::vector<ast::Name> targets();
  /// The contextual keyword `word` begins this statement: it is followed by neither `=` nor `,`.
  bool keyword(std::string_view word) const;

  // Graph blocks.
  ast::Graph graph();
  ast::GraphBody graph_body();
  decltype(ast::GraphBody::statements)::value_type graph_statement();
  ast::GraphNode graph_node();
  ast::Name graph_name(std::string_view what);
  std::vector<ast::TypedName> graph_inputs();

  static constexpr int kMaxNesting = 200;

  Diagnostics& diagnostics_;
  std::vector<Token> tokens_;
  size_t pos_ = 0;
  size_t statement_start_ = 0;
  int brackets_ = 0;
  int nesting_ = 0;
};

template <class F>
void Parser::braces(const F& parse_one) {
  Nest nest(*this);
  if (!peek().is("{")) expected("'{'");
  Loc open = take().loc;
  int saved = brackets_;
  brackets_ = 0;
  while (!peek().is("}")) {
    statement_start_ = pos_;
    if (peek().kind == Token::Kind::End || (peek().first_on_line && at_item())) {
      diagnostics_.error("syntax", peek().loc, "expected '}', found " + found())
          .note(open, "to match this '{'");
      throw Recover{};
    }
    try {
      parse_one();
    } catch (Recover&) {
      brackets_ = 0;
      skip_statement();
    }
  }
  take();
  brackets_ = saved;
}

}  // namespace nnc
