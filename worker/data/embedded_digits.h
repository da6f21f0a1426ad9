#pragma once

#include <string_view>

#include "worker/data/raw_dataset.h"

namespace basin::worker::data {

inline constexpr char kDigitsName[] = "digits";

// The bytes of digits/digits.csv.gz, which the build puts into the program.
std::string_view EmbeddedDigitsFile();

// Decompresses and reads them: 1797 images of 8x8 pixels, 10 classes, no test part of its own.
RawDataset LoadEmbeddedDigits();

}  // namespace basin::worker::data
