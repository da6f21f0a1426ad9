#include "proto/contract/schedule/constant_schedule.h"

namespace basin::contract {

double ConstantSchedule::Factor(uint64_t) const { return 1; }

}  // namespace basin::contract
