// Graph blocks: typed primitives. Names may be dotted, or quoted where they are no name.
#include <fmt/format.h>

#include "ir/parser_core.h"

namespace nnc {

ast::Name Parser::graph_name(std::string_view what) {
  if (!on_line() || peek().kind != Token::Kind::String) return name(what);
  const Token& token = take();
  return {*unquote(token.text), token.loc};
}

ast::Graph Parser::graph() {
  ast::Graph out;
  out.name = graph_name("the graph's name");
  out.body = graph_body();
  return out;
}

std::vector<ast::TypedName> Parser::graph_inputs() {
  Bracket bracket(*this, "(");
  std::vector<ast::TypedName> out;
  while (!at(")")) {
    ast::TypedName input;
    input.name = graph_name("an input's name");
    expect(":");
    input.type = type();
    out.push_back(std::move(input));
    if (!accept(",")) break;
  }
  bracket.close(")");
  return out;
}

ast::GraphBody Parser::graph_body() {
  ast::GraphBody out;
  out.inputs = graph_inputs();
  braces([&] { out.statements.push_back(graph_statement()); });
  return out;
}

decltype(ast::GraphBody::statements)::value_type Parser::graph_statement() {
  decltype(ast::GraphBody::statements)::value_type out;
  bool write = keyword("write");
  if (write || keyword("output")) {
    take();
    ast::GraphOutput output{write, graph_name("the output's name"), {}};
    expect("=");
    output.value = graph_name("a value");
    out = std::move(output);
  } else if (keyword("input")) {
    take();
    out = ast::GraphInput{graph_name("an input's name")};
  } else {
    out = graph_node();
  }
  end_of_statement("the statement");
  return out;
}

ast::GraphNode Parser::graph_node() {
  ast::GraphNode out;
  do out.targets.push_back(graph_name("a statement"));
  while (accept(","));
  expect("=");
  out.op = name("the name of an op");
  out.args = args("an operand");
  if (at("(")) out.body = std::make_unique<ast::GraphBody>(graph_body());
  if (accept(":")) out.types = types();
  return out;
}

}  // namespace nnc
