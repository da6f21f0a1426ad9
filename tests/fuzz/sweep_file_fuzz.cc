// Bytes as a sweep file: a clear refusal, or a spec that the server would accept.

#include "client/spec/sweep_file.h"
#include "proto/contract/validate.h"
#include "tests/fuzz/fuzz_target.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace basin;  // NOLINT
  const auto spec = client::spec::ParseSweepText(tests::fuzz::TextOf(data, size), "sweep.yaml");
  if (spec.ok()) {
    tests::fuzz::Require(contract::ValidateSweep(*spec).ok(), "what the client reads is valid");
  } else {
    tests::fuzz::Require(spec.status().message().find("sweep.yaml") != absl::string_view::npos,
                         "a refusal names the file");
  }
  return 0;
}
