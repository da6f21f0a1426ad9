// Writes the C++ source that defines kPackedPlotly (packed_plotly.h):
//   pack_script plotly.js packed_plotly.cc

#include <zlib.h>

#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace {

constexpr char kDigits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr size_t kLineBytes = 90;  // 120 digits.

// The comment that the script begins with, without its marks; empty if there is none.
std::string BannerOf(const std::string& script) {
  const size_t end = script.find("*/");
  if (script.rfind("/*", 0) != 0 || end == std::string::npos) return "";
  return script.substr(2, end - 2);
}

std::vector<uint8_t> Packed(const std::string& script) {
  std::vector<uint8_t> packed(compressBound(script.size()));
  uLongf size = packed.size();
  if (compress2(packed.data(), &size, reinterpret_cast<const Bytef*>(script.data()), script.size(),
                Z_BEST_COMPRESSION) != Z_OK) {
    return {};
  }
  packed.resize(size);
  return packed;
}

std::string Base64(const uint8_t* bytes, size_t count) {
  std::string digits;
  for (size_t i = 0; i < count; i += 3) {
    const size_t have = count - i < 3 ? count - i : 3;
    uint32_t group = 0;
    for (size_t k = 0; k < 3; ++k) group = group << 8 | (k < have ? bytes[i + k] : 0);
    for (size_t k = 0; k < 4; ++k) digits += k <= have ? kDigits[group >> (18 - 6 * k) & 63] : '=';
  }
  return digits;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: pack_script SCRIPT SOURCE\n");
    return 2;
  }
  std::ifstream in(argv[1], std::ios::binary);
  const std::string script((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  const std::string banner = BannerOf(script);
  const std::vector<uint8_t> packed = Packed(script);
  if (banner.empty() || packed.empty()) {
    std::fprintf(stderr, "pack_script: %s can't be read, or does not begin with a comment of its license\n", argv[1]);
    return 1;
  }
  std::ofstream out(argv[2]);
  out << "#include \"client/format/packed_plotly.h\"\n\nnamespace basin::client::format {\n\n"
      << "const PackedScript kPackedPlotly = {R\"banner(" << banner << ")banner\",\n";
  for (size_t i = 0; i < packed.size(); i += kLineBytes) {
    const size_t count = packed.size() - i < kLineBytes ? packed.size() - i : kLineBytes;
    out << "\"" << Base64(packed.data() + i, count) << "\"\n";
  }
  out << "};\n\n}  // namespace basin::client::format\n";
  out.close();
  if (!out) {
    std::fprintf(stderr, "pack_script: %s can't be written\n", argv[2]);
    return 1;
  }
  return 0;
}
