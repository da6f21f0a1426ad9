#include "worker/data/gzip.h"

#include <zlib.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>

#include "absl/strings/str_cat.h"
#include "worker/data/stored_file.h"

namespace basin::worker::data {
namespace {

// One decompressor over the whole input; zlib wants its start and end called in pairs.
class Inflater {
 public:
  Inflater() {
    constexpr int kGzipOnly = 16;
    if (inflateInit2(&stream_, kGzipOnly + MAX_WBITS) != Z_OK) {
      std::fprintf(stderr, "Inflater: zlib cannot start\n");
      std::abort();
    }
  }
  ~Inflater() { inflateEnd(&stream_); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
  z_stream& stream() { return stream_; }

 private:
  z_stream stream_{};
};

}  // namespace

absl::StatusOr<std::string> Gunzip(std::string_view bytes, const std::string& file, uint64_t max_bytes) {
  Inflater inflater;
  z_stream& stream = inflater.stream();
  std::string unpacked;
  std::string piece(1 << 18, '\0');
  size_t taken = 0;  // Bytes of the input that were handed to zlib.
  for (;;) {
    if (stream.avail_in == 0) {
      const size_t chunk = std::min<size_t>(bytes.size() - taken, 1 << 24);
      stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data() + taken));
      stream.avail_in = static_cast<uInt>(chunk);
      taken += chunk;
    }
    stream.next_out = reinterpret_cast<Bytef*>(piece.data());
    stream.avail_out = static_cast<uInt>(piece.size());
    const int result = inflate(&stream, Z_NO_FLUSH);
    const size_t place = taken - stream.avail_in;
    const size_t made = piece.size() - stream.avail_out;
    if (unpacked.size() + made > max_bytes) {
      return Damaged(file, absl::StrCat("unpacks to more than ", max_bytes, " bytes, the most that is read"));
    }
    unpacked.append(piece, 0, made);
    if (result == Z_STREAM_END) {
      if (place == bytes.size()) return unpacked;
      inflateReset(&stream);  // Another member follows.
    } else if (result == Z_BUF_ERROR) {
      return Damaged(file, absl::StrCat("is cut off: its gzip data ends early, at byte ", place));
    } else if (result != Z_OK) {
      return Damaged(file, absl::StrCat("is not sound gzip data at byte ", place, ": ",
                                        stream.msg != nullptr ? stream.msg : "unknown fault"));
    }
  }
}

}  // namespace basin::worker::data
