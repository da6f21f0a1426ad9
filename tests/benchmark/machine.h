#pragma once

#include <string>

namespace basin::benchmark {

// The processor's name, as the kernel gives it.
std::string MachineName();

}  // namespace basin::benchmark
