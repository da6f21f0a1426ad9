#pragma once

#include <filesystem>
#include <string>

#include "tests/support/child_process.h"

namespace basin::tests {

// Makes NAME.crt of a folder of deploy/make-certs again as it is, good for no time. The exit code; the output goes to
// `log`.
inline int ExpireCertificate(const std::filesystem::path& folder, const std::string& name,
                             const std::filesystem::path& log) {
  return RunProgram({"sh", "-c",
                     "cd \"$0\" && openssl x509 -x509toreq -copy_extensions copyall -in \"$1.crt\" -signkey "
                     "\"$1.key\" > \"$1.csr\" && "
                     "openssl x509 -req -copy_extensions copyall -in \"$1.csr\" -CA ca.crt -CAkey ca.key -set_serial 7 "
                     "-days 0 -out new.crt && mv new.crt \"$1.crt\"",
                     folder.string(), name},
                    log);
}

}  // namespace basin::tests
