// Unpacking what zlib packs.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace nnc {

enum class Packing { Gzip, Deflate };

/// All of `packed` unpacked: at most `most` bytes, with memory taken as they come. Throws Error, beginning with
/// `place`, for what is damaged, cut short, followed by something, or larger.
std::string unpack(std::string_view packed, Packing packing, size_t most, const std::string& place);

/// Zip's checksum of the bytes.
uint32_t crc32_of(std::string_view bytes);

}  // namespace nnc
