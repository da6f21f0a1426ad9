#include "worker/job/example_sample.h"

#include <algorithm>

#include "proto/contract/random/philox.h"
#include "worker/train/batch_order.h"

namespace basin::worker::job {

ExampleSample::ExampleSample(const train::Examples& part, std::optional<uint64_t> most) : view_(part) {
  if (!most || *most >= static_cast<uint64_t>(part.count)) return;
  std::vector<uint32_t> chosen(static_cast<size_t>(part.count));
  train::Permute(contract::RandomStream(0, contract::RandomPurpose::kSample, 0), chosen);
  chosen.resize(static_cast<size_t>(*most));
  std::ranges::sort(chosen);
  const auto stride = static_cast<size_t>(part.stride);
  rows_ = train::AlignedBuffer<float>(chosen.size() * stride);
  for (size_t i = 0; i < chosen.size(); ++i) {
    std::copy_n(part.features + chosen[i] * stride, stride, rows_.data() + i * stride);
    labels_.push_back(part.labels[chosen[i]]);
  }
  view_.features = rows_.data();
  view_.labels = labels_.data();
  view_.count = static_cast<int64_t>(chosen.size());
}

}  // namespace basin::worker::job
