#pragma once

#include <cstdint>
#include <iostream>
#include <string>

#include "server/core/model.h"

namespace basin::tests::simulation {

// What happened, in order, as one number; and as lines on stderr if wanted.
class Trace {
 public:
  explicit Trace(bool print) : print_(print) {}
  void Add(server::core::MonoTime now, const std::string& line) {
    Fold(static_cast<uint64_t>(now.count()));
    for (const char c : line) Fold(static_cast<unsigned char>(c));
    if (print_) std::cerr << std::chrono::duration<double>(now).count() << " " << line << "\n";
  }
  uint64_t digest() const { return digest_; }

 private:
  void Fold(uint64_t x) { digest_ = (digest_ ^ x) * 0x100000001b3; }
  const bool print_;
  uint64_t digest_ = 0xcbf29ce484222325;
};

}  // namespace basin::tests::simulation
