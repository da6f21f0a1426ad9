#pragma once

#include <string_view>

namespace basin::client::format {

// plotly.js as it is embedded at build time by pack_script.cc.
struct PackedScript {
  // The comment at its beginning: name, version, copyright and license.
  std::string_view banner;
  // Base64 of its zlib stream, which browsers unpack as "deflate".
  std::string_view packed;
};

extern const PackedScript kPackedPlotly;

}  // namespace basin::client::format
