#pragma once

#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/access/certificate_roles.h"
#include "server/access/role.h"
#include "server/access/token_file.h"

namespace basin::server::access {

// What a call shows of its caller.
struct Credentials {
  std::string_view token;                          // Empty: none.
  std::span<const std::string> certificate_names;  // Of a verified certificate.
};

// Decides who calls, and what he may. Thread-safe.
class Gatekeeper {
 public:
  struct Files {
    std::string tokens;             // May be absent.
    std::string certificate_roles;  // Empty: no certificate has a role.
  };
  // Fails as the files' Read does.
  static absl::StatusOr<std::unique_ptr<Gatekeeper>> Open(const Files& files);

  // Reads the files again; on an error what was read before stays in force.
  absl::Status Reload();

  // True if nobody could pass: no token, no certificate with a role.
  bool empty() const;

  // The caller, if he may call `method` (`basin.v1.SweepService/CreateSweep`): a token decides, else a certificate.
  // UNAUTHENTICATED and PERMISSION_DENIED say what to do.
  absl::StatusOr<Caller> Admit(std::string_view method, const Credentials& credentials) const;

 private:
  struct Tables {
    TokenFile tokens;
    CertificateRoles certificates;
  };
  explicit Gatekeeper(Files files) : files_(std::move(files)) {}
  std::shared_ptr<const Tables> tables() const;
  absl::StatusOr<Caller> Identify(const Credentials& credentials) const;

  const Files files_;
  mutable std::mutex mutex_;
  std::shared_ptr<const Tables> tables_;
};

}  // namespace basin::server::access
