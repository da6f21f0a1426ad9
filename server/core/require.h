#pragma once

#include <stdexcept>

namespace basin::server::core {

[[noreturn]] inline void Fail(const char* sentence) { throw std::logic_error(sentence); }

// For what cannot be: a defect of the server itself. Ends the process with the sentence, since nothing catches what
// leaves a noexcept function.
inline void Require(bool holds, const char* sentence) noexcept {
  if (!holds) Fail(sentence);
}

}  // namespace basin::server::core
