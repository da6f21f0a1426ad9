#pragma once

#include <string>
#include <vector>

#include "basin/v1/sweep.pb.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"

namespace basin::contract {

// A message in text format.
template <typename T>
T Parse(const std::string& text) {
  T message;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &message)) << text;
  return message;
}

// A valid sweep without domains; `more` is merged into it, in text format.
inline v1::SweepSpec Sweep(const std::string& more = "") {
  v1::SweepSpec spec = Parse<v1::SweepSpec>(R"pb(
    name: "digits"
    objective { minimize: "val_loss" }
    seeds { count: 5 }
    base {
      train {
        dataset { name: "digits" }
        model { mlp { hidden: 32 } }
        epochs: 30
        batch_size: 16
        learning_rate: 0.1
      }
    }
  )pb");
  spec.MergeFrom(Parse<v1::SweepSpec>(more));
  return spec;
}

// The same with the base's train fields changed by `change`, called on TrainWorkload.
template <typename Change>
v1::SweepSpec SweepWith(Change change, const std::string& more = "") {
  v1::SweepSpec spec = Sweep(more);
  change(spec.mutable_base()->mutable_train());
  return spec;
}

// Without fields that domains of a test give.
inline v1::SweepSpec SweepWithout(const std::vector<std::string>& train_fields, const std::string& more) {
  v1::SweepSpec spec = Sweep(more);
  v1::TrainWorkload* train = spec.mutable_base()->mutable_train();
  for (const std::string& name : train_fields) {
    train->GetReflection()->ClearField(train, train->GetDescriptor()->FindFieldByName(name));
  }
  return spec;
}

}  // namespace basin::contract
