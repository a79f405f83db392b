// A 256-bit cryptographic hash (BLAKE3) of named parts: what objects on disk are found and checked by.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>

namespace nnc {

using Digest = std::array<uint8_t, 32>;

/// Of the parts in order; where one ends and the next begins counts.
Digest digest_of(std::initializer_list<std::string_view> parts);
/// 64 lower-case digits.
std::string hex(const Digest& digest);

}  // namespace nnc
