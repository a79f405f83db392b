#include "ir/utf8.h"

namespace nnc::utf8 {

Char decode(std::string_view text, size_t at) {
  auto byte = [&](size_t i) { return static_cast<uint32_t>(static_cast<unsigned char>(text[i])); };
  uint32_t lead = byte(at);
  if (lead < 0x80) return {lead, 1, true};
  size_t size = lead >= 0xF0 && lead < 0xF8 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead >= 0xF5 || at + size > text.size()) return {lead, 1, false};
  uint32_t code = lead & (0x7Fu >> size);
  for (size_t i = 1; i < size; ++i) {
    if ((byte(at + i) & 0xC0) != 0x80) return {lead, 1, false};
    code = code << 6 | (byte(at + i) & 0x3F);
  }
  // Overlong forms, surrogates and what lies beyond Unicode.
  bool bad = (size == 3 && code < 0x800) || (size == 4 && code < 0x10000) || code > 0x10FFFF ||
             (code >= 0xD800 && code < 0xE000);
  if (bad) return {lead, 1, false};
  return {code, size, true};
}

// C0, DEL, C1 and the marks that reorder or hide text on a screen.
bool is_control(uint32_t code) {
  return code < 0x20 || (code >= 0x7F && code < 0xA0) || (code >= 0x200B && code <= 0x200F) ||
         (code >= 0x2028 && code <= 0x202E) || (code >= 0x2060 && code <= 0x206F) || code == 0xFEFF;
}

size_t width(uint32_t code) {
  if ((code >= 0x300 && code < 0x370) || (code >= 0x20D0 && code < 0x2100) ||
      (code >= 0xFE00 && code < 0xFE10))
    return 0;
  bool wide = (code >= 0x1100 && code < 0x1160) || (code >= 0x2E80 && code < 0xA4D0) ||
              (code >= 0xAC00 && code < 0xD7A4) || (code >= 0xF900 && code < 0xFB00) ||
              (code >= 0xFE30 && code < 0xFE70) || (code >= 0xFF00 && code < 0xFF61) ||
              (code >= 0x1F300 && code < 0x1F650) || (code >= 0x1F900 && code < 0x1FA00) ||
              (code >= 0x20000 && code < 0x40000);
  return wide ? 2 : 1;
}

std::string sanitize(std::string_view text, bool keep_control) {
  std::string out;
  for (size_t i = 0; i < text.size();) {
    Char c = decode(text, i);
    bool shown = c.valid && (keep_control || !is_control(c.code));
    if (shown)
      out += text.substr(i, c.size);
    else
      out += "\xEF\xBF\xBD";
    i += c.size;
  }
  return out;
}

}  // namespace nnc::utf8
