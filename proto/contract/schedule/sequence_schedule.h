#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "proto/contract/schedule/schedule.h"

namespace basin::contract {

// One schedule after another, each over its own steps and counted from 0 (PyTorch SequentialLR).
class SequenceSchedule : public Schedule {
 public:
  // INVALID_ARGUMENT if the lengths do not add up to the training's, or for a fault of a part within its length.
  static absl::StatusOr<std::unique_ptr<Schedule>> Create(const v1::SequenceSchedule& spec,
                                                          const TrainingLength& length, const std::string& path);
  double Factor(uint64_t step) const override;
  std::optional<uint64_t> CycleEndAfter(uint64_t updates) const override;
  std::optional<PlateauInForce> PlateauAt(uint64_t step) const override;

 private:
  struct Part {
    uint64_t start;  // First step.
    std::unique_ptr<Schedule> schedule;
  };
  explicit SequenceSchedule(std::vector<Part> parts) : parts_(std::move(parts)) {}
  // Index of the part that holds a step.
  size_t PartOf(uint64_t step) const;

  std::vector<Part> parts_;
};

}  // namespace basin::contract
