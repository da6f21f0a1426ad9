#pragma once

#include "basin/v1/sweep.pb.h"
#include "basin/v1/trial.pb.h"
#include "tests/client/api/fake_coordinator.h"

namespace basin::tests {

// A running sweep of 2 batch sizes x 2 seeds.
inline v1::Sweep SmallSweep() {
  v1::Sweep sweep;
  sweep.set_id("k3f9");
  sweep.set_name("small");
  sweep.set_state(v1::SWEEP_STATE_RUNNING);
  sweep.set_configs(2);
  sweep.set_seeds(2);
  sweep.mutable_trials()->set_total(4);
  sweep.mutable_trials()->set_pending(1);
  sweep.mutable_trials()->set_succeeded(2);
  sweep.mutable_trials()->set_failed(1);
  sweep.set_best_trial(1);
  sweep.set_best_objective(0.25);
  v1::SweepSpec& spec = *sweep.mutable_spec();
  spec.set_name("small");
  spec.mutable_objective()->set_minimize("val_loss");
  spec.mutable_seeds()->set_count(2);
  v1::TrainWorkload& train = *spec.mutable_base()->mutable_train();
  train.mutable_dataset()->set_name("digits");
  train.mutable_model()->mutable_softmax_regression();
  train.set_epochs(1);
  train.set_learning_rate(0.1);
  v1::Domain& domain = *spec.add_domains();
  domain.set_path("train.batch_size");
  domain.mutable_values()->add_values()->set_int_value(16);
  domain.mutable_values()->add_values()->set_int_value(32);
  return sweep;
}

inline v1::Trial SmallTrial(uint64_t index, v1::TrialState state) {
  v1::Trial trial;
  trial.set_sweep_id("k3f9");
  trial.set_index(index);
  trial.set_config(index % 2);
  trial.set_seed(index / 2);
  trial.set_state(state);
  trial.set_attempts(1);
  trial.set_worker("w-1");
  v1::Param& param = *trial.add_params();
  param.set_path("train.batch_size");
  param.mutable_value()->set_int_value(index % 2 == 0 ? 16 : 32);
  if (state == v1::TRIAL_STATE_SUCCEEDED) {
    trial.set_objective(0.5 / static_cast<double>(index + 1));
    trial.set_weights_digest("abcd");
    (*trial.mutable_metrics())["val_loss"] = trial.objective();
  }
  return trial;
}

inline v1::TrialPoint Point(uint64_t trial, const std::string& name, uint64_t step, double value) {
  v1::TrialPoint point;
  point.set_trial(trial);
  point.mutable_point()->set_name(name);
  point.mutable_point()->set_step(step);
  point.mutable_point()->set_value(value);
  return point;
}

}  // namespace basin::tests
