#include "proto/contract/version.h"

#include "client/api/exit_code.h"
#include "client/cli/commands.h"

namespace basin::client::cli {
namespace {

absl::StatusOr<int> Version(Context& context) {
  const auto rows = context.Rows({{.name = "program"}, {.name = "version"}, {.name = "protocol"}, {.name = "address"}});
  rows->Add(
      {std::string("basin"), std::string(contract::kVersion), uint64_t{contract::kProtocolVersion}, format::Cell()});
  api::Client client(context.address(), {.first_patience_seconds = 0,
                                         .patience_seconds = 0,
                                         .deadline_seconds = 2,
                                         .credentials = context.credentials()});
  const absl::StatusOr<v1::GetServerInfoResponse> info = client.ServerInfo();
  if (info.ok()) {
    rows->Add({std::string("basin-server"), info->version(), uint64_t{info->protocol_version()}, context.address()});
  }
  rows->Finish();
  context.out().flush();
  if (!info.ok())
    context.Note(absl::IsUnavailable(info.status()) ? "No server answers at " + context.address() + "."
                                                    : std::string(info.status().message()));
  return api::kOk;
}

}  // namespace

Command VersionCommand() {
  return {.name = "version",
          .group = "The service",
          .summary = "Print the versions of this client and of the server",
          .example = "basin version",
          .define = [](CLI::App&) -> Action { return [](Context& context) { return Version(context); }; }};
}

}  // namespace basin::client::cli
