#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "worker/train/aligned_buffer.h"
#include "worker/train/examples.h"

namespace basin::worker::job {

// Examples that stand for a part of the data: all of them, or some of them copied.
class ExampleSample {
 public:
  // At most `most` of the part, drawn without replacement, in the part's order; all without a number. The same ones at
  // every call, so that what is measured over them can be compared. Not the first ones: many files are sorted by class.
  // The part outlives this. Throws std::bad_alloc.
  ExampleSample(const train::Examples& part, std::optional<uint64_t> most);
  ExampleSample(const ExampleSample&) = delete;

  const train::Examples& view() const { return view_; }
  // That this keeps.
  size_t bytes() const { return rows_.size() * sizeof(float) + labels_.size() * sizeof(int32_t); }

  // Of a message with an optional field `examples`.
  template <typename Message>
  static std::optional<uint64_t> MostOf(const Message& message) {
    return message.has_examples() ? std::optional<uint64_t>(message.examples()) : std::nullopt;
  }

 private:
  train::AlignedBuffer<float> rows_;
  std::vector<int32_t> labels_;
  train::Examples view_;
};

}  // namespace basin::worker::job
