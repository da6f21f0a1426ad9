#pragma once

#include <string>
#include <vector>

#include "basin/v1/optimizer.pb.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "proto/contract/defaults.h"

namespace basin::worker::train {

// Every method in every mode. A test sees to it that each member of basin.v1.Optimizer is here; rates are such that
// each learns clouds of points.
struct OptimizerSpec {
  const char* name;
  const char* text;
  double rate;

  v1::Optimizer Parse() const {
    v1::Optimizer spec;
    EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &spec)) << text;
    contract::FillDefaults(&spec);
    return spec;
  }
};

inline const std::vector<OptimizerSpec>& AllOptimizers() {
  static const std::vector<OptimizerSpec> all = {
      {"Sgd", "sgd { }", 0.1},
      {"SgdDecay", "sgd { l2: 0.01 weight_decay: 0.001 decay_biases_and_norms: false }", 0.1},
      {"SgdMomentum", "sgd { momentum: 0.9 dampening: 0.3 l2: 0.001 }", 0.05},
      {"SgdNesterov", "sgd { momentum: 0.9 nesterov: true weight_decay: 0.001 }", 0.02},
      {"Rmsprop", "rmsprop { l2: 0.001 }", 0.003},
      {"RmspropMomentum", "rmsprop { momentum: 0.9 decay_biases_and_norms: false l2: 0.01 }", 0.001},
      {"RmspropCentered", "rmsprop { centered: true }", 0.003},
      {"RmspropCenteredMomentum", "rmsprop { centered: true momentum: 0.5 alpha: 0.9 }", 0.001},
      {"Adagrad", "adagrad { l2: 0.001 initial_sum: 0.1 }", 0.05},
      {"Adam", "adam { l2: 0.001 decay_biases_and_norms: false }", 0.01},
      {"AdamAmsgrad", "adam { amsgrad: true }", 0.01},
      {"AdamW", "adamw { decay_biases_and_norms: false }", 0.01},
      {"AdamWAmsgrad", "adamw { amsgrad: true weight_decay: 0.1 }", 0.01},
      {"Lars", "lars { trust_coefficient: 0.02 l2: 0.001 }", 1},
      {"LarsWeightsAlone", "lars { adapt_biases_and_norms: false decay_biases_and_norms: false l2: 0.01 }", 1},
      {"Lamb", "lamb { weight_decay: 0.01 }", 0.02},
      {"LambWeightsAlone", "lamb { adapt_biases_and_norms: false decay_biases_and_norms: false weight_decay: 0.1 }",
       0.02},
      {"Sam", "sam { }", 0.1},
      {"SamOfAdam", "sam { base { adam { } } rho: 0.1 }", 0.01},
      {"SamOfLamb", "sam { base { lamb { } } }", 0.02},
  };
  return all;
}

inline std::string NameOf(const testing::TestParamInfo<OptimizerSpec>& info) { return info.param.name; }

inline void PrintTo(const OptimizerSpec& spec, std::ostream* out) { *out << spec.text; }

}  // namespace basin::worker::train
