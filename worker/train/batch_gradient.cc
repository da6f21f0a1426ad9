#include "worker/train/batch_gradient.h"

#include <algorithm>
#include <cmath>
#include <utility>

namespace basin::worker::train {

// Adds pieces of a micro-batch's gradient to the batch's, and hands on what is complete.
class BatchGradient::Sum final : public GradientConsumer<float> {
 public:
  Sum(float* gradient, float weight, bool is_first, GradientConsumer<float>* consumer)
      : gradient_(gradient), weight_(weight), is_first_(is_first), consumer_(consumer) {}

  void Consume(size_t begin, size_t end, const float* piece) override {
    float* const sum = gradient_ + begin;
    const size_t count = end - begin;
    if (is_first_) {
      for (size_t i = 0; i < count; ++i) sum[i] = weight_ * piece[i];
    } else {
      for (size_t i = 0; i < count; ++i) sum[i] = std::fma(weight_, piece[i], sum[i]);
    }
    if (consumer_ != nullptr) consumer_->Consume(begin, end, sum);
  }

 private:
  float* const gradient_;
  const float weight_;
  const bool is_first_;
  GradientConsumer<float>* const consumer_;
};

BatchGradient::BatchGradient(const Network<float>& network, const Examples& examples, int64_t batch_size,
                             int64_t micro_batch_size, std::span<float> buffers, Network<float>::Workspace& workspace,
                             ThreadPool* pool)
    : network_(network),
      examples_(examples),
      workspace_(workspace),
      pool_(pool),
      micro_batch_size_(micro_batch_size),
      rows_(static_cast<size_t>(batch_size)),
      labels_(rows_.size()),
      buffers_(buffers),
      other_buffers_(buffers.size()) {
  if (micro_batch_size < batch_size && micro_batch_size > network.plan().chunk_rows) {
    micro_gradient_ = AlignedBuffer<float>(network.shape().parameter_count);
  }
}

void BatchGradient::SetBatch(std::span<const uint32_t> indices, const Draw& draw) {
  draw_ = draw;
  is_first_call_ = true;
  count_ = static_cast<int64_t>(indices.size());
  for (size_t i = 0; i < indices.size(); ++i) {
    rows_[i] = examples_.features + static_cast<int64_t>(indices[i]) * examples_.stride;
    labels_[i] = examples_.labels[indices[i]];
  }
}

double BatchGradient::LossAndGradient(const float* params, bool keep, float* gradient,
                                      GradientConsumer<float>* consumer) {
  const int64_t chunk_rows = network_.plan().chunk_rows;
  float* const buffers = std::exchange(is_first_call_, false) ? buffers_.data() : other_buffers_.data();
  if (count_ <= micro_batch_size_) {
    const bool in_place = keep || consumer == nullptr || count_ > chunk_rows;
    return network_.LossAndGradient(params, buffers, {rows_.data(), labels_.data(), count_, draw_},
                                    in_place ? gradient : nullptr, workspace_, pool_, consumer);
  }
  double loss = 0;
  for (int64_t first = 0; first < count_; first += micro_batch_size_) {
    const int64_t count = std::min(micro_batch_size_, count_ - first);
    const double share = static_cast<double>(count) / static_cast<double>(count_);
    Draw draw = draw_;
    draw.first_row += first;
    Sum sum(gradient, static_cast<float>(share), first == 0, first + count == count_ ? consumer : nullptr);
    loss += share *
            network_.LossAndGradient(params, buffers, {rows_.data() + first, labels_.data() + first, count, draw},
                                     count > chunk_rows ? micro_gradient_.data() : nullptr, workspace_, pool_, &sum);
  }
  return loss;
}

}  // namespace basin::worker::train
