// ZIP archives as other programs write them, whole and damaged.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "runtime/unpack.h"

namespace nnc::test {

/// The value's bytes, the lowest first.
inline std::string little(uint64_t value, int bytes) {
  std::string out;
  for (int i = 0; i < bytes; ++i) out += static_cast<char>(i < 8 ? value >> (8 * i) : 0);
  return out;
}

/// `checksum_error` is what its checksum is off by.
struct Member {
  std::string name, content;
  uint16_t flags = 0, method = 0;
  uint32_t checksum_error = 0;
};

/// An archive of stored members; with `wide`, every size and offset is in its ZIP64 place.
inline std::string archive(const std::vector<Member>& members, bool wide = false) {
  using namespace std::string_literals;
  std::string out, directory;
  for (const Member& m : members) {
    uint64_t size = m.content.size(), offset = out.size();
    std::string common = little(m.flags, 2) + little(m.method, 2) + little(0, 4) +
                         little(crc32_of(m.content) ^ m.checksum_error, 4) +
                         (wide ? std::string(8, '\xff') : little(size, 4) + little(size, 4)) +
                         little(m.name.size(), 2);
    std::string extra =
        wide ? little(1, 2) + little(24, 2) + little(size, 8) + little(size, 8) + little(offset, 8) : "";
    out += "PK\3\4\x2d" + "\0"s + common + little(0, 2) + m.name + m.content;
    directory += "PK\1\2\x2d\3\x2d"s + "\0"s + common + little(extra.size(), 2) + little(0, 10) +
                 (wide ? std::string(4, '\xff') : little(offset, 4)) + m.name + extra;
  }
  uint64_t start = out.size(), end64 = start + directory.size(), n = members.size();
  out += directory;
  if (wide) {
    out += "PK\6\6" + little(44, 8) + little(0x2d, 4) + little(0, 8) + little(n, 8) + little(n, 8) +
           little(directory.size(), 8) + little(start, 8) + "PK\6\7" + little(0, 4) + little(end64, 8) +
           little(1, 4);
    n = 0xffff, start = 0xffffffff;
  }
  return out + "PK\5\6" + little(0, 4) + little(n, 2) + little(n, 2) + little(directory.size(), 4) +
         little(start, 4) + little(0, 2);
}

}  // namespace nnc::test
