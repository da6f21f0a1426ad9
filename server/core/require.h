#pragma once

#include <cstdio>
#include <cstdlib>

namespace basin::server::core {

// For what cannot be: a defect of the server itself. Ends the process with the sentence.
inline void Require(bool holds, const char* sentence) {
  if (holds) return;
  std::fprintf(stderr, "server/core: %s\n", sentence);
  std::abort();
}

}  // namespace basin::server::core
