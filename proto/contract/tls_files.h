#pragma once

#include <string>

#include "absl/status/status.h"

namespace basin::contract {

// PEM files; each may be empty.
struct TlsFiles {
  std::string ca;           // One certificate or more.
  std::string certificate;  // The leaf first, then its chain.
  std::string key;          // Of the leaf; without a passphrase.
};

// What can be known of the files before any connection; errors name the file and say what to do: NOT_FOUND,
// INVALID_ARGUMENT (no PEM, a key that belongs to another certificate, one of certificate and key without the other),
// FAILED_PRECONDITION (a key that everybody may read), UNAUTHENTICATED (not valid yet, or expired).
absl::Status CheckTlsFiles(const TlsFiles& files);

}  // namespace basin::contract
