#pragma once

#include <string>
#include <vector>

#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "proto/contract/defaults.h"
#include "worker/analysis/loss_plane.h"
#include "worker/train/trainer.h"

namespace basin::worker::analysis {

// A network after some training.
struct TrainedModel {
  TrainedModel(const std::string& text, const train::TrainingData& data, uint64_t seed = 17) {
    v1::TrainWorkload workload;
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &workload)) << text;
    contract::FillDefaults(&workload);
    loss = train::Loss::FromProto(workload.loss());
    train::ThreadPool pool(1);
    auto trainer = train::Trainer::Create(workload, seed, data, &pool);
    EXPECT_TRUE(trainer.ok()) << trainer.status();
    (*trainer)->Run([](const train::EpochReport&) {}, nullptr);
    shape = (*trainer)->shape();
    at.params.assign((*trainer)->params().begin(), (*trainer)->params().end());
    at.buffers.assign((*trainer)->buffers().begin(), (*trainer)->buffers().end());
  }

  train::NetworkShape shape;
  train::Loss loss;
  FlatVectors at;
};

}  // namespace basin::worker::analysis
