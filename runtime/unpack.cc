#include "runtime/unpack.h"

#include <zlib.h>

#include <algorithm>

#include <fmt/format.h>

#include "ir/error.h"

namespace nnc {
namespace {

// zlib counts in 32 bits.
constexpr size_t kMostAtOnce = size_t{1} << 30;

/// A stream with its state, freed at the end of the scope.
class Inflater {
 public:
  Inflater(std::string_view packed, Packing packing, const std::string& place)
      : left_(packed), what_(packing == Packing::Gzip ? "gzip file" : "deflate stream"), place_(place) {
    if (inflateInit2(&z_, packing == Packing::Gzip ? 15 + 16 : -15) != Z_OK) throw Error("zlib cannot start");
  }
  ~Inflater() { inflateEnd(&z_); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;

  /// Unpacks up to the end of `out`, from `filled` on; true at the end of the stream.
  bool fill(std::string& out, size_t& filled) {
    take_input();
    z_.next_out = reinterpret_cast<Bytef*>(out.data() + filled);
    z_.avail_out = static_cast<uInt>(std::min(out.size() - filled, kMostAtOnce));
    uInt room = z_.avail_out;
    int status = inflate(&z_, Z_NO_FLUSH);
    filled += room - z_.avail_out;
    if (status == Z_STREAM_END) return true;
    if (status == Z_OK || (status == Z_BUF_ERROR && room == 0)) return false;
    bool ended = status == Z_BUF_ERROR && z_.avail_in == 0 && left_.empty();
    fail(ended ? "it ends early" : z_.msg != nullptr ? z_.msg : "not such a stream");
  }

  bool has_input() const { return z_.avail_in != 0 || !left_.empty(); }

 private:
  void take_input() {
    if (z_.avail_in != 0) return;
    z_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(left_.data()));
    z_.avail_in = static_cast<uInt>(std::min(left_.size(), kMostAtOnce));
    left_.remove_prefix(z_.avail_in);
  }

  [[noreturn]] void fail(std::string_view why) {
    throw Error(fmt::format("{}: damaged {}: {}", place_, what_, why), {"copy or download it again"});
  }

  z_stream z_{};
  std::string_view left_, what_;
  const std::string& place_;
};

}  // namespace

// One byte more than may come shows that more would.
std::string unpack(std::string_view packed, Packing packing, size_t most, const std::string& place) {
  Inflater inflater(packed, packing, place);
  std::string out(std::min(most + 1, 4 * packed.size() + 4096), '\0');
  size_t filled = 0;
  while (!inflater.fill(out, filled)) {
    if (filled > most) throw Error(fmt::format("{}: unpacks to more than {} bytes", place, most));
    if (filled == out.size()) out.resize(std::min(most + 1, 2 * out.size()));
  }
  if (filled > most) throw Error(fmt::format("{}: unpacks to more than {} bytes", place, most));
  if (inflater.has_input()) throw Error(place + ": something follows the end of what is packed");
  out.resize(filled);
  return out;
}

uint32_t crc32_of(std::string_view bytes) {
  return static_cast<uint32_t>(crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

}  // namespace nnc
