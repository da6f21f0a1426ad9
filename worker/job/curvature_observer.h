#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "basin/v1/workload.pb.h"
#include "worker/job/example_sample.h"
#include "worker/train/epoch_report.h"
#include "worker/train/examples.h"
#include "worker/train/thread_pool.h"
#include "worker/train/trainer.h"

namespace basin::worker::job {

// Measures the curvature around the weights of a training on its way (v1::ObserveCurvature). Looks only: the training
// goes on as without it. Remembers nothing, so that a training that goes on from a checkpoint is observed at the same
// steps.
class CurvatureObserver {
 public:
  // All outlive this; `train` is the part that is trained on, `pool` may be null. `seed` is the trial's.
  CurvatureObserver(const v1::TrainWorkload& workload, uint64_t seed, const train::Examples& train,
                    train::ThreadPool* pool)
      : workload_(workload),
        seed_(seed),
        examples_(train, ExampleSample::MostOf(workload.observe().curvature())),
        pool_(pool) {}

  // What there is to report with an evaluation, by the names of contract::MetricNames; nothing if none is due, or if
  // the loss is not finite any more.
  std::vector<std::pair<std::string, double>> AfterEpoch(const train::Trainer& trainer,
                                                         const train::EpochReport& report) const;
  // And once the training has finished, beside `last`, the last evaluation that was reported; nothing if AfterEpoch has
  // measured the same weights.
  std::vector<std::pair<std::string, double>> AtEnd(const train::Trainer& trainer,
                                                    const train::EpochReport& last) const;

 private:
  bool IsDue(const train::Trainer& trainer, const train::EpochReport& report) const;
  std::vector<std::pair<std::string, double>> Measure(const train::Trainer& trainer,
                                                      const train::EpochReport& report) const;

  const v1::TrainWorkload& workload_;
  const uint64_t seed_;
  const ExampleSample examples_;
  train::ThreadPool* const pool_;
};

}  // namespace basin::worker::job
