#include "client/cli/spec_source.h"

#include "client/spec/sweep_file.h"

namespace basin::client::cli {

std::string ReadSpecText(std::istream& in) {
  // One byte more than a file may have, so that the reader sees that it is too long.
  std::string text(spec::kMaxFileBytes + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<size_t>(in.gcount()));
  return text;
}

absl::StatusOr<v1::SweepSpec> LoadSpec(const std::string& source, std::istream& in) {
  if (source != "-") return spec::ParseSweepFile(source);
  return spec::ParseSweepText(ReadSpecText(in), "standard input");
}

}  // namespace basin::client::cli
