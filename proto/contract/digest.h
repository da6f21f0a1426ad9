#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace basin::contract {

// SHA-256 of `bytes`, as 64 hex digits.
std::string Sha256Hex(std::string_view bytes);

// SHA-256 of a stream of pieces.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;
  void Update(const void* data, size_t size);
  // Ends the stream; call once.
  std::string FinishHex();

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

}  // namespace basin::contract
