#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/access/role.h"

// Tokens are 256 random bits, shown once when they are made. What the server keeps of each is a line of a file of mode
// 0600: NAME ROLE SHA-256 CREATED. A hash without salt is enough, for nobody can guess 256 bits.
namespace basin::server::access {

struct Token {
  std::string name;  // Of whom it was made for; one token a name.
  Role role = Role::kRead;
  std::string digest;   // SHA-256 of the token, in hex.
  std::string created;  // 2026-01-31T12:00:00Z, for display.
};

class TokenFile {
 public:
  // An absent file has no tokens. FAILED_PRECONDITION when others than its owner can read or write it; INVALID_ARGUMENT
  // names the line that is not one.
  static absl::StatusOr<TokenFile> Read(const std::string& path);

  // Makes a token, adds its hash and returns it. ALREADY_EXISTS for a name that has one.
  static absl::StatusOr<std::string> Create(const std::string& path, const std::string& name, Role role,
                                            const std::string& created);
  // NOT_FOUND.
  static absl::Status Revoke(const std::string& path, const std::string& name);

  const std::vector<Token>& tokens() const { return tokens_; }
  // Whose token this is, or null. Takes the same time whatever was sent.
  const Token* Find(std::string_view token) const;

 private:
  absl::Status Write(const std::string& path) const;

  std::vector<Token> tokens_;
};

// True for what may name a caller: up to 128 letters, digits, '.', '_', '-', '@', ':'.
bool IsCallerName(std::string_view name);

}  // namespace basin::server::access
