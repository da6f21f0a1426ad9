#pragma once

#include <functional>

namespace basin::worker::job {

// A function that gives the seconds since this call, by a monotonic clock: the time of a trial here.
std::function<double()> SecondsFromNow();

}  // namespace basin::worker::job
