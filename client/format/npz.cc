#include "client/format/npz.h"

#include <zlib.h>

#include <bit>

namespace basin::client::format {
namespace {

void AppendLittle(uint64_t value, size_t bytes, std::string* out) {
  for (size_t i = 0; i < bytes; ++i) *out += static_cast<char>(value >> 8 * i & 0xFF);
}

std::string NpyOf(const NpzArray& array) {
  constexpr size_t kAlignment = 64, kMagicSize = 10;
  const bool real = std::holds_alternative<std::vector<double>>(array.values);
  std::string header = std::string("{'descr': '") + (real ? "<f8" : "<u8") + "', 'fortran_order': False, 'shape': (";
  // A tuple: with a comma after a single number too.
  for (const uint64_t length : array.shape) header += std::to_string(length) + ",";
  header += "), }";
  header.append(kAlignment - (kMagicSize + header.size()) % kAlignment - 1, ' ');
  header += "\n";
  std::string npy = std::string("\x93NUMPY\x01\0", 8);
  AppendLittle(header.size(), 2, &npy);
  npy += header;
  if (real) {
    for (const double value : std::get<0>(array.values)) AppendLittle(std::bit_cast<uint64_t>(value), 8, &npy);
  } else {
    for (const uint64_t value : std::get<1>(array.values)) AppendLittle(value, 8, &npy);
  }
  return npy;
}

// What the two headers of a file in a zip have in common, from the version needed to the length of the extra field.
std::string EntryOf(const std::string& name, const std::string& content) {
  constexpr uint64_t kVersion = 20, kFlags = 0, kStored = 0;
  constexpr uint64_t kMidnight = 0, kFirstDay = 1 << 5 | 1;  // 1980-01-01, the earliest that zip has.
  std::string entry;
  for (const uint64_t field : {kVersion, kFlags, kStored, kMidnight, kFirstDay}) AppendLittle(field, 2, &entry);
  AppendLittle(crc32_z(0, reinterpret_cast<const Bytef*>(content.data()), content.size()), 4, &entry);
  AppendLittle(content.size(), 4, &entry);  // As stored.
  AppendLittle(content.size(), 4, &entry);
  AppendLittle(name.size(), 2, &entry);
  AppendLittle(0, 2, &entry);
  return entry;
}

}  // namespace

std::string NpzOf(const std::vector<NpzArray>& arrays) {
  std::string out, directory;
  for (const NpzArray& array : arrays) {
    const std::string name = array.name + ".npy", content = NpyOf(array), entry = EntryOf(name, content);
    directory += "PK\1\2";
    AppendLittle(20, 2, &directory);  // Made by version 2.0.
    directory += entry;
    directory += std::string(10, '\0');  // No comment, the first disk, no attributes.
    AppendLittle(out.size(), 4, &directory);
    directory += name;
    out.append("PK\3\4").append(entry).append(name).append(content);
  }
  const size_t begin = out.size();
  out.append(directory).append("PK\5\6");
  AppendLittle(0, 4, &out);  // One disk.
  AppendLittle(arrays.size(), 2, &out);
  AppendLittle(arrays.size(), 2, &out);
  AppendLittle(directory.size(), 4, &out);
  AppendLittle(begin, 4, &out);
  AppendLittle(0, 2, &out);  // No comment.
  return out;
}

}  // namespace basin::client::format
