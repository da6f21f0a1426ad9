#pragma once

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "proto/contract/schedule/schedule.h"

namespace basin::contract {

// A schedule from the text form of its proto, every field given.
inline absl::StatusOr<std::unique_ptr<Schedule>> MakeSchedule(const std::string& text, const TrainingLength& length) {
  v1::Schedule spec;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &spec)) << text;
  return Schedule::Create(spec, length);
}

// All numbers of updates after which a cycle ends.
inline std::vector<uint64_t> CycleEnds(const Schedule& schedule) {
  std::vector<uint64_t> ends;
  for (auto end = schedule.CycleEndAfter(0); end; end = schedule.CycleEndAfter(*end)) ends.push_back(*end);
  return ends;
}

}  // namespace basin::contract
