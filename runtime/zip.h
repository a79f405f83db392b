// ZIP archives as NumPy and others write them: members stored or deflated, of any size (ZIP64).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace nnc {

struct ZipMember {
  std::string name;
  bool deflated = false;
  uint64_t size = 0;        // unpacked
  uint32_t checksum = 0;    // of what is unpacked
  std::string_view packed;  // its bytes in the archive
};

/// The members in the order of the archive's directory, which has each name once; they view `archive`. Throws Error,
/// beginning with `place`, for what is no such archive, is damaged, encrypted, split, or packed otherwise.
std::vector<ZipMember> zip_members(std::span<const std::byte> archive, const std::string& place);

/// The member's content, its checksum checked.
std::string unpack(const ZipMember& member, const std::string& place);

}  // namespace nnc
