// The archive ends with an end record, which says where the directory is; a record of the directory says where
// the member's local header is, behind which its bytes lie (PKWARE's APPNOTE 6.3). Where a number of 32 or 16 bits
// is all ones, the true one is a 64-bit number elsewhere: in the ZIP64 end record, or in an extra field.
#include "runtime/zip.h"

#include <algorithm>
#include <optional>
#include <set>

#include <fmt/format.h>

#include "ir/error.h"
#include "runtime/file.h"
#include "runtime/unpack.h"

namespace nnc {
namespace {

constexpr uint32_t kEnd64 = 0x06064b50, kEnd64Locator = 0x07064b50;
constexpr uint32_t kRecord = 0x02014b50, kLocalHeader = 0x04034b50;
constexpr size_t kEndSize = 22, kLocatorSize = 20, kRecordSize = 46, kLocalSize = 30;
constexpr uint16_t kExtra64 = 1;

[[noreturn]] void fail(const std::string& place, const std::string& what) {
  throw Error(fmt::format("{}: not a readable ZIP archive: {}", place, what));
}

/// Little-endian numbers and texts one after the other; an Error where the bytes end before.
class Reader {
 public:
  Reader(std::string_view bytes, const std::string& place) : bytes_(bytes), place_(place) {}

  std::string_view text(uint64_t size) {
    if (size > bytes_.size()) fail(place_, "it is cut short, or damaged");
    std::string_view out = bytes_.substr(0, size);
    bytes_.remove_prefix(size);
    return out;
  }
  void skip(uint64_t size) { text(size); }
  uint16_t u16() { return static_cast<uint16_t>(number(2)); }
  uint32_t u32() { return static_cast<uint32_t>(number(4)); }
  uint64_t u64() { return number(8); }
  size_t left() const { return bytes_.size(); }

 private:
  uint64_t number(size_t size) {
    std::string_view from = text(size);
    uint64_t out = 0;
    for (size_t i = size; i-- > 0;) out = out << 8 | static_cast<uint8_t>(from[i]);
    return out;
  }

  std::string_view bytes_;
  const std::string& place_;
};

struct Directory {
  uint64_t count = 0, offset = 0;
};

class Archive {
 public:
  Archive(std::string_view bytes, const std::string& place) : bytes_(bytes), place_(place) {}

  std::vector<ZipMember> members() {
    Directory directory = find_directory();
    Reader records = at(directory.offset);
    if (directory.count > records.left() / kRecordSize) fail(place_, "its directory is cut short");
    std::vector<ZipMember> out;
    for (uint64_t i = 0; i < directory.count; ++i) out.push_back(member(records));
    check_together(out);
    return out;
  }

 private:
  Reader at(uint64_t offset) const {
    if (offset > bytes_.size()) fail(place_, "it is cut short, or damaged");
    return Reader(bytes_.substr(offset), place_);
  }

  // A comment of up to 64 KiB may follow the end record.
  uint64_t find_end() const {
    std::string_view signature("PK\x05\x06", 4);
    size_t at = bytes_.size() < kEndSize ? bytes_.npos : bytes_.rfind(signature, bytes_.size() - kEndSize);
    if (at == bytes_.npos || bytes_.size() - at > kEndSize + UINT16_MAX) fail(place_, "it has no end record");
    return at;
  }

  Directory find_directory() const {
    uint64_t end = find_end();
    Reader r = at(end);
    r.skip(4);
    uint16_t disk = r.u16(), directory_disk = r.u16(), here = r.u16(), count = r.u16();
    r.skip(4);  // the directory's size
    Directory out{count, r.u32()};
    if (uint16_t comment = r.u16(); comment != r.left()) fail(place_, "something follows its end");
    if (end >= kLocatorSize && at(end - kLocatorSize).u32() == kEnd64Locator) return find_directory64(end);
    if (disk != 0 || directory_disk != 0 || here != count) fail(place_, "it is one part of several");
    return out;
  }

  Directory find_directory64(uint64_t end) const {
    Reader locator = at(end - kLocatorSize + 8);
    Reader r = at(locator.u64());
    if (r.u32() != kEnd64) fail(place_, "its ZIP64 end record is not where it should be");
    r.skip(20);  // its size, versions, numbers of parts
    uint64_t here = r.u64(), count = r.u64();
    if (here != count) fail(place_, "it is one part of several");
    r.skip(8);  // the directory's size
    return {count, r.u64()};
  }

  ZipMember member(Reader& r) const {
    if (r.u32() != kRecord) fail(place_, "its directory is damaged");
    r.skip(4);  // versions
    uint16_t flags = r.u16(), method = r.u16();
    r.skip(4);  // time and date
    ZipMember out;
    out.deflated = method == 8;
    out.checksum = r.u32();
    uint64_t packed = r.u32();
    out.size = r.u32();
    uint16_t name = r.u16(), extra = r.u16(), comment = r.u16();
    r.skip(8);  // part, attributes
    uint64_t offset = r.u32();
    out.name = r.text(name);
    widen({&out.size, &packed, &offset}, Reader(r.text(extra), place_));
    r.skip(comment);
    check_kind(out, flags, method);
    out.packed = packed_bytes(out.name, offset, packed);
    return out;
  }

  /// Replaces numbers that are all ones by those of the ZIP64 extra field, which has them alone and in this order.
  void widen(std::initializer_list<uint64_t*> numbers, Reader extra) const {
    while (extra.left() >= 4) {
      uint16_t id = extra.u16();
      Reader field(extra.text(extra.u16()), place_);
      if (id != kExtra64) continue;
      for (uint64_t* n : numbers) {
        if (*n == UINT32_MAX) *n = field.u64();
      }
    }
  }

  void check_kind(const ZipMember& m, uint16_t flags, uint16_t method) const {
    if (flags & 1) fail(place_, fmt::format("'{}' is encrypted", m.name));
    if (method != 0 && method != 8)
      fail(place_,
           fmt::format("'{}' is packed by method {}; stored and deflated ones are read", m.name, method));
  }

  std::string_view packed_bytes(const std::string& name, uint64_t offset, uint64_t size) const {
    Reader header = at(offset);
    if (header.u32() != kLocalHeader) fail(place_, fmt::format("'{}' is not where the directory says", name));
    header.skip(kLocalSize - 8);
    uint16_t name_size = header.u16(), extra = header.u16();
    header.skip(uint64_t{name_size} + extra);
    return header.text(size);
  }

  /// Members that share bytes could unpack to far more than their archive can hold.
  void check_together(const std::vector<ZipMember>& members) const {
    std::set<std::string_view> names;
    size_t left = bytes_.size();
    for (const ZipMember& m : members) {
      if (!names.insert(m.name).second) fail(place_, fmt::format("it has '{}' twice", m.name));
      if (m.packed.size() > left) fail(place_, "its members overlap");
      left -= m.packed.size();
    }
  }

  std::string_view bytes_;
  const std::string& place_;
};

}  // namespace

std::vector<ZipMember> zip_members(std::span<const std::byte> archive, const std::string& place) {
  return Archive(as_text(archive), place).members();
}

std::string unpack(const ZipMember& member, const std::string& place) {
  constexpr uint64_t kMostGrowth = 1032;  // deflate's limit: 258 bytes from 2 bits
  std::string what = fmt::format("{}: '{}'", place, member.name);
  if (member.size / kMostGrowth > member.packed.size())
    throw Error(
        fmt::format("{} claims {} bytes, of {} packed ones", what, member.size, member.packed.size()));
  std::string out = member.deflated ? unpack(member.packed, Packing::Deflate, member.size, what)
                                    : std::string(member.packed);
  if (out.size() != member.size)
    throw Error(fmt::format("{} has {} bytes, its directory says {}", what, out.size(), member.size));
  if (crc32_of(out) != member.checksum) throw Error(what + " is damaged: its checksum differs");
  return out;
}

}  // namespace nnc
