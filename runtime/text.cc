// Reads a text as windows of characters: each sample is `length` of them, and the same moved on by one, to be predicted.
// Windows follow one another without overlap, so both columns are views of one run of bytes: the mapped file, or, where
// the text has more than ASCII, an index for each character.
#include <algorithm>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "ir/error.h"
#include "ir/utf8.h"
#include "runtime/data_source.h"
#include "runtime/file.h"
#include "runtime/mapped_file.h"

namespace nnc {
namespace {

/// A byte per character, and what the bytes stand for.
struct Characters {
  std::shared_ptr<const std::byte> bytes;
  int64_t count = 0;
  std::vector<std::string> vocabulary;  // in the order of the characters' numbers
  std::shared_ptr<const ByteCodes> codes;
};

bool is_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

Characters ascii_characters(std::shared_ptr<const void> owner, std::span<const std::byte> bytes) {
  std::array<bool, 128> seen{};
  for (std::byte b : bytes) seen[static_cast<size_t>(b)] = true;
  Characters out{{owner, bytes.data()}, static_cast<int64_t>(bytes.size()), {}, nullptr};
  ByteCodes codes;
  codes.fill(-1);
  for (size_t c = 0; c < seen.size(); ++c) {
    if (!seen[c]) continue;
    codes[c] = static_cast<int32_t>(out.vocabulary.size());
    out.vocabulary.emplace_back(1, static_cast<char>(c));
  }
  out.codes = std::make_shared<const ByteCodes>(codes);
  return out;
}

/// The characters of UTF-8 text one after the other, without a byte order mark.
template <class Use>
void for_each_character(std::string_view text, const std::string& path, Use use) {
  for (size_t at = text.starts_with("\xef\xbb\xbf") ? 3 : 0; at < text.size();) {
    utf8::Char c = utf8::decode(text, at);
    if (!c.valid) {
      auto line = std::ranges::count(text.substr(0, at), '\n') + 1;
      throw Error(fmt::format("{}:{}: byte {} of the file is not UTF-8 text", path, line, at),
                  {"convert the file, as with iconv -f latin1 -t utf8"});
    }
    use(text.substr(at, c.size));
    at += c.size;
  }
}

Characters unicode_characters(std::string_view text, const std::string& path) {
  std::map<std::string_view, uint8_t> index;
  int64_t count = 0;
  for_each_character(text, path, [&](std::string_view c) { index.emplace(c, 0), ++count; });
  constexpr size_t kMost = 256;
  if (index.size() > kMost)
    throw Error(fmt::format("{}: the text has {} different characters; up to {} are read", path, index.size(),
                            kMost));
  Characters out{nullptr, count, {}, nullptr};
  ByteCodes codes;
  codes.fill(-1);
  for (auto& [c, number] : index) {
    number = static_cast<uint8_t>(out.vocabulary.size());
    codes[number] = number;
    out.vocabulary.emplace_back(c);
  }
  auto bytes = std::make_shared<std::vector<std::byte>>();
  bytes->reserve(static_cast<size_t>(count));
  for_each_character(text, path,
                     [&](std::string_view c) { bytes->push_back(std::byte{index.find(c)->second}); });
  out.bytes = {bytes, bytes->data()};
  out.codes = std::make_shared<const ByteCodes>(codes);
  return out;
}

/// `owner` keeps the bytes.
Characters characters_of(std::shared_ptr<const void> owner, std::span<const std::byte> bytes,
                         const std::string& path) {
  std::string_view text = as_text(bytes);
  return is_ascii(text) ? ascii_characters(std::move(owner), bytes) : unicode_characters(text, path);
}

Characters read_characters(const std::string& path) {
  std::shared_ptr<const MappedFile> file = MappedFile::open(path);
  return characters_of(file, file->bytes(), path);
}

int64_t window_length(const DataArguments& arguments) {
  return arguments.integer("length", 1, int64_t{1} << 30);
}

Dataset load(const DataArguments& arguments) {
  const std::string& path = arguments.text("path");
  int64_t length = window_length(arguments);
  Characters characters = read_characters(path);
  int64_t windows = (characters.count - 1) / length;
  if (windows < 1)
    throw Error(fmt::format("{}: the text has {} characters, less than a window of {} and the next", path,
                            characters.count, length));
  Dataset out;
  out.in_order = true;
  auto add = [&](const char* name, ColumnRole role, int64_t offset) {
    std::shared_ptr<const std::byte> start(characters.bytes, characters.bytes.get() + offset);
    out.train.push_back(
        {name, Tensor::view(DType::U8, {windows, length}, start), role, characters.vocabulary, path, ""});
    out.train.back().codes = characters.codes;
  };
  add("text", ColumnRole::Input, 0);
  add("next", ColumnRole::Label, 1);
  return out;
}

/// Every character is in a window: where the last does not begin behind the one before, it ends with the text. A text
/// shorter than a window is one.
Table samples(std::string content, const std::string& place, const DataArguments& arguments) {
  auto text = std::make_shared<const std::string>(std::move(content));
  Characters characters = characters_of(text, std::as_bytes(std::span(*text)), place);
  if (characters.count == 0) throw Error(place + ": the text is empty");
  int64_t length = std::min(window_length(arguments), characters.count);
  int64_t windows = (characters.count + length - 1) / length;
  auto bytes = std::make_shared<std::vector<std::byte>>(static_cast<size_t>(windows * length));
  for (int64_t w = 0; w < windows; ++w)
    std::copy_n(characters.bytes.get() + std::min(w * length, characters.count - length), length,
                bytes->data() + w * length);
  Column column{.values = Tensor::view(DType::U8, {windows, length}, {bytes, bytes->data()}),
                .role = ColumnRole::Input,
                .classes = std::move(characters.vocabulary),
                .place = place,
                .codes = characters.codes};
  return {std::move(column)};
}

}  // namespace

DataSource text_source() {
  return {"text",
          "windows of a text's characters as indices, and what follows each of them",
          {{"path", std::string(), true, true, "the file, ASCII or UTF-8"},
           {"length", int64_t{64}, false, false, "characters in a window"}},
          load,
          ".txt",
          {},
          samples};
}

}  // namespace nnc
