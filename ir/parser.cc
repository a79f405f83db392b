// The token cursor of the parser, its errors and its recovery.
#include "ir/parser.h"

#include <algorithm>

#include <fmt/format.h>

#include "ir/parser_core.h"

namespace nnc {

ast::File parse(Diagnostics& diagnostics) { return Parser(diagnostics).file(); }

bool Parser::on_line(size_t ahead) const {
  if (brackets_ > 0) return true;
  for (size_t i = 0; i <= ahead; ++i) {
    if (peek(i).first_on_line && pos_ + i != statement_start_) return false;
  }
  return true;
}

bool Parser::accept(std::string_view punct) {
  if (!at(punct)) return false;
  take();
  return true;
}

bool Parser::accept_word(std::string_view word) {
  if (!at_word(word)) return false;
  take();
  return true;
}

const Token& Parser::expect(std::string_view punct) {
  if (!at(punct)) expected(fmt::format("'{}'", punct));
  return take();
}

void Parser::expect_word(std::string_view word) {
  if (!accept_word(word)) expected(fmt::format("'{}'", word));
}

ast::Name Parser::name(std::string_view what) {
  if (!at_name()) expected(what);
  const Token& token = take();
  return {std::string(token.text), token.loc};
}

ast::Name Parser::fresh_name(std::string_view what) {
  constexpr std::string_view kReserved[] = {"true", "false", "inf", "nan", "not", "and", "or"};
  ast::Name out = name(what);
  if (std::find(std::begin(kReserved), std::end(kReserved), out.text) != std::end(kReserved)) {
    fail("reserved-name", out.loc,
         fmt::format("'{}' has a meaning of its own and can't name a value", out.text));
  }
  if (out.text.find('.') != std::string::npos) {
    fail("dotted-name", out.loc, fmt::format("'{}': a name given here has no dots", out.text));
  }
  return out;
}

Loc Parser::Bracket::close(std::string_view close) {
  if (p_.peek().is(close)) return p_.take().loc;
  if (p_.peek().kind == Token::Kind::Bad) throw Recover{};
  p_.diagnostics_.error("syntax", p_.found_loc(), fmt::format("expected '{}', found {}", close, p_.found()))
      .note(open_, "to match this");
  throw Recover{};
}

std::string Parser::found() const {
  const Token& token = peek();
  if (token.kind == Token::Kind::End) return "the end of the file";
  if (!on_line()) return "the end of the line";
  if (token.text.size() > 24) return fmt::format("'{}…'", token.text.substr(0, 24));
  return fmt::format("'{}'", token.text);
}

// The end of a line is just behind its last token.
Loc Parser::found_loc() const {
  bool ended = peek().kind == Token::Kind::End || !on_line();
  if (!ended || pos_ == 0) return peek().loc;
  Loc last = tokens_[pos_ - 1].loc;
  return {last.line, last.column + last.length, 1};
}

void Parser::fail(DiagnosticCode code, Loc loc, std::string message) {
  diagnostics_.error(code, loc, std::move(message));
  throw Recover{};
}

void Parser::expected(std::string_view what) {
  if (on_line() && peek().kind == Token::Kind::Bad) throw Recover{};  // the lexer has said what is wrong
  fail("syntax", found_loc(), fmt::format("expected {}, found {}", what, found()));
}

void Parser::end_of_statement(std::string_view what) {
  if (on_line() && !peek().is("}") && peek().kind != Token::Kind::End) {
    expected(fmt::format("the end of the line after {}", what));
  }
}

// To the next line or the closing brace; a braced body on the way goes with its statement.
void Parser::skip_statement() {
  if (diagnostics_.error_count() > kMaxSyntaxErrors) pos_ = tokens_.size() - 1;
  int depth = 0;
  for (bool first = pos_ == statement_start_;; first = false) {
    const Token& token = peek();
    if (token.kind == Token::Kind::End) return;
    if (!first && token.first_on_line && (depth == 0 || at_item())) return;
    if (token.is("}") && depth-- == 0) return;
    if (token.is("{")) ++depth;
    take();
  }
}

}  // namespace nnc
