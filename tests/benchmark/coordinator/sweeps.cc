#include "tests/benchmark/coordinator/sweeps.h"

#include "absl/strings/str_format.h"

namespace basin::benchmark {
namespace {

// splitmix64.
uint64_t Mix(uint64_t x) {
  x += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return x ^ (x >> 31);
}

}  // namespace

v1::SweepSpec GridSweep(const std::string& name, uint64_t rates, uint64_t seeds) {
  v1::SweepSpec spec;
  spec.set_name(name);
  spec.mutable_objective()->set_minimize("val_loss");
  spec.mutable_seeds()->set_count(seeds);
  v1::TrainWorkload* train = spec.mutable_base()->mutable_train();
  train->mutable_dataset()->set_name(kDataset);
  train->mutable_model()->mutable_mlp()->add_hidden(32);
  train->mutable_optimizer()->mutable_sgd()->set_momentum(0.9);
  train->set_epochs(10);
  v1::Domain* batch = spec.add_domains();
  batch->set_path("train.batch_size");
  for (int64_t size = 1; size <= 20; ++size) batch->mutable_values()->add_values()->set_int_value(8 * size);
  v1::Domain* schedule = spec.add_domains();
  schedule->set_path("train.schedule");
  const auto option = [&] {
    return schedule->mutable_choice()->add_options()->mutable_partial()->mutable_train()->mutable_schedule();
  };
  option()->mutable_constant();
  option()->mutable_cosine();
  option()->mutable_exponential()->set_gamma(0.9);
  option()->mutable_sgdr()->set_first_period_epochs(10);
  v1::Domain* rate = spec.add_domains();
  rate->set_path("train.learning_rate");
  rate->mutable_log_uniform()->set_low(1e-5);
  rate->mutable_log_uniform()->set_high(10);
  rate->mutable_log_uniform()->set_points(rates);
  return spec;
}

double LossOf(uint64_t trial, uint64_t step) {
  const double noise = static_cast<double>(Mix(trial * 1000003 + step) >> 11) * 0x1p-53;
  return (0.5 + noise) / static_cast<double>(step + 1);
}

std::string WeightsDigestOf(uint64_t trial) {
  return absl::StrFormat("%016x%016x%016x%016x", Mix(trial), Mix(trial + 1), Mix(trial + 2), Mix(trial + 3));
}

}  // namespace basin::benchmark
