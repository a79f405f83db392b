// Whether a text is well-formed XML, as far as pages and pictures of the tool use it: elements, attributes, entities.
#pragma once

#include <string>

namespace nnc {

/// What is wrong, with the place; empty where nothing is.
std::string xml_problem(const std::string& text);

}  // namespace nnc
