#include "worker/data/embedded_digits.h"

#include <cstdio>
#include <cstdlib>

#include "proto/contract/digest.h"
#include "worker/data/csv.h"
#include "worker/data/gzip.h"

// The file's bytes between two symbols; the assembler reads them, so that no generated source is needed.
asm(".pushsection .rodata\n"
    ".global basin_digits_begin\n"
    ".global basin_digits_end\n"
    "basin_digits_begin:\n"
    ".incbin \"" BASIN_DIGITS_FILE
    "\"\n"
    "basin_digits_end:\n"
    ".popsection\n");
extern "C" const char basin_digits_begin[];
extern "C" const char basin_digits_end[];

namespace basin::worker::data {
namespace {

constexpr float kInkMaximum = 16;  // A pixel counts the marked points of a 4x4 block.

[[noreturn]] void Abort(const std::string& why) {
  std::fprintf(stderr, "the embedded digits: %s\n", why.c_str());
  std::abort();
}

}  // namespace

std::string_view EmbeddedDigitsFile() {
  return {basin_digits_begin, static_cast<size_t>(basin_digits_end - basin_digits_begin)};
}

RawDataset LoadEmbeddedDigits() {
  constexpr uint64_t kMaxBytes = 1 << 20;
  const absl::StatusOr<std::string> text = Gunzip(EmbeddedDigitsFile(), "digits", kMaxBytes);
  if (!text.ok()) Abort(text.status().ToString());
  absl::StatusOr<RawDataset> dataset = LoadCsv(*text, "digits");
  if (!dataset.ok()) Abort(dataset.status().ToString());
  if (dataset->feature_count != 64 || dataset->classes != 10) Abort("not 64 pixels and 10 classes");
  dataset->name = kDigitsName;
  dataset->digest = contract::Sha256Hex(EmbeddedDigitsFile());
  dataset->image = {8, 8, 1};
  dataset->feature_scale = 1 / kInkMaximum;
  return *std::move(dataset);
}

}  // namespace basin::worker::data
