#include "tests/tools/xml_text.h"

#include <regex>
#include <vector>

namespace nnc {
namespace {

std::string at(const std::string& text, size_t where, const std::string& what) {
  return what + ": " + text.substr(where, 60);
}

// A text between tags, or the value of an attribute.
bool has_bare_ampersand(const std::string& text) {
  static const std::regex entity("&(amp|lt|gt|quot|#[0-9]+);");
  return std::regex_replace(text, entity, "").find('&') != std::string::npos;
}

}  // namespace

std::string xml_problem(const std::string& text) {
  static const std::regex open("<([a-zA-Z][\\w:-]*)((?:\\s+[\\w:-]+=\"[^\"<]*\")*)\\s*(/?)>");
  std::vector<std::string> inside;
  for (size_t end = 0;;) {
    size_t begin = text.find('<', end);
    std::string between = text.substr(end, begin - end);
    if (has_bare_ampersand(between)) return at(text, end, "a bare &");
    if (begin == std::string::npos) return inside.empty() ? "" : "not closed: " + inside.back();
    end = text.find('>', begin) + 1;
    if (end == 0) return at(text, begin, "a tag without end");
    std::string tag = text.substr(begin, end - begin);
    std::smatch m;
    if (tag.starts_with("<!DOCTYPE")) continue;
    if (tag.starts_with("</")) {
      if (inside.empty() || "</" + inside.back() + ">" != tag) return at(text, begin, "closes nothing");
      inside.pop_back();
    } else if (!std::regex_match(tag, m, open) || has_bare_ampersand(m[2])) {
      return at(text, begin, "no tag");
    } else if (m[3].length() == 0) {
      inside.push_back(m[1]);
    }
  }
}

}  // namespace nnc
