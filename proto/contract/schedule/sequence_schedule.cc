#include "proto/contract/schedule/sequence_schedule.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/contract/schedule/create.h"

namespace basin::contract {
namespace {

// "3 epochs" or "30 steps", whichever the part is written in.
std::string InUnitOf(const v1::SequenceSchedule::Part& part, uint64_t steps, uint64_t steps_per_epoch) {
  if (part.has_steps()) return absl::StrCat(steps, " steps");
  return absl::StrCat(static_cast<double>(steps) / static_cast<double>(steps_per_epoch), " epochs");
}

}  // namespace

absl::StatusOr<std::unique_ptr<Schedule>> SequenceSchedule::Create(const v1::SequenceSchedule& spec,
                                                                   const TrainingLength& length,
                                                                   const std::string& path) {
  std::vector<Part> parts;
  uint64_t start = 0;
  double exact_end = 0;  // Of the parts so far, in steps, before rounding, so that roundings do not add up.
  for (int i = 0; i < spec.parts_size(); ++i) {
    const v1::SequenceSchedule::Part& part = spec.parts(i);
    const std::string here = absl::StrCat(path, "parts[", i, "].");
    const bool is_last = i + 1 == spec.parts_size();
    uint64_t end = length.total_steps;
    if (part.length_case() == v1::SequenceSchedule::Part::LENGTH_NOT_SET) {
      if (!is_last) return ScheduleFault(here + "epochs", "only the last part of a sequence may leave its length out");
      if (start == end) return ScheduleFault(here + "schedule", "gets no step: the parts before it fill the training");
    } else {
      const std::string unit = part.has_steps() ? "steps" : "epochs";
      exact_end += part.has_steps() ? static_cast<double>(part.steps())
                                    : part.epochs() * static_cast<double>(length.steps_per_epoch);
      end = std::max(static_cast<uint64_t>(std::min(std::floor(exact_end + 0.5), 0x1p53)), start + 1);
      if (end > length.total_steps) {
        return ScheduleFault(here + unit,
                             absl::StrCat("is longer than what the parts before it leave of the training, ",
                                          InUnitOf(part, length.total_steps - start, length.steps_per_epoch)));
      }
      if (is_last && end < length.total_steps) {
        return ScheduleFault(
            here + unit, absl::StrCat("leaves ", InUnitOf(part, length.total_steps - end, length.steps_per_epoch),
                                      " of the training without a schedule; the last part may leave its length out"));
      }
    }
    auto schedule = CreateSchedule(part.schedule(), {end - start, length.steps_per_epoch}, here + "schedule.");
    if (!schedule.ok()) return schedule.status();
    parts.push_back({start, *std::move(schedule)});
    start = end;
  }
  if (parts.empty()) return ScheduleFault(path + "parts", "must have at least one element");
  return std::unique_ptr<Schedule>(new SequenceSchedule(std::move(parts)));
}

size_t SequenceSchedule::PartOf(uint64_t step) const {
  const auto after = std::upper_bound(parts_.begin(), parts_.end(), step,
                                      [](uint64_t value, const Part& part) { return value < part.start; });
  return static_cast<size_t>(after - parts_.begin()) - 1;
}

double SequenceSchedule::Factor(uint64_t step) const {
  const Part& part = parts_[PartOf(step)];
  return part.schedule->Factor(step - part.start);
}

std::optional<uint64_t> SequenceSchedule::CycleEndAfter(uint64_t updates) const {
  for (size_t i = PartOf(updates); i < parts_.size(); ++i) {
    const uint64_t start = parts_[i].start;
    const std::optional<uint64_t> end = parts_[i].schedule->CycleEndAfter(std::max(updates, start) - start);
    if (end) return start + *end;
  }
  return std::nullopt;
}

std::optional<PlateauInForce> SequenceSchedule::PlateauAt(uint64_t step) const {
  const Part& part = parts_[PartOf(step)];
  std::optional<PlateauInForce> plateau = part.schedule->PlateauAt(step - part.start);
  if (plateau) plateau->first_step += part.start;
  return plateau;
}

}  // namespace basin::contract
