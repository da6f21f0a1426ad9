#include "server/rpc/new_sweep.h"

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "proto/contract/channel.h"
#include "proto/contract/defaults.h"
#include "proto/contract/digest.h"
#include "proto/contract/validate.h"
#include "server/rpc/call.h"

namespace basin::server::rpc {
namespace {

// An answer that carries the spec must fit in a message.
constexpr size_t kMaxSpecBytes = contract::kMaxMessageBytes / 4 * 3;

// The rules of the request but for its spec, in which a domain may stand for a field that is missing.
absl::Status CheckAround(const v1::CreateSweepRequest& request) {
  v1::CreateSweepRequest around = request;
  if (around.has_spec()) around.mutable_spec()->Clear();
  std::vector<contract::Violation> violations = contract::CheckRules(around);
  std::erase_if(violations, [](const contract::Violation& violation) { return violation.path.starts_with("spec."); });
  return violations.empty() ? absl::OkStatus() : contract::InvalidArgument(violations);
}

std::string DeterministicBytes(const google::protobuf::Message& message) {
  std::string bytes;
  google::protobuf::io::StringOutputStream out(&bytes);
  google::protobuf::io::CodedOutputStream coded(&out);
  coded.SetSerializationDeterministic(true);
  message.SerializeToCodedStream(&coded);
  coded.Trim();
  return bytes;
}

absl::Status CheckCaps(const core::SweepDefinition& definition, const SweepCaps& caps) {
  if (definition.trials() > caps.trials) {
    return FieldError("spec",
                      absl::StrCat("makes ", definition.trials(), " trials (", definition.configs, " configs x ",
                                   definition.seeds, " seeds); this server allows ", caps.trials));
  }
  const std::vector<std::string> paths = definition.space->ParamPaths();
  if (paths.size() > caps.fields) {
    return FieldError("spec.domains",
                      absl::StrCat("range over ", paths.size(), " fields; this server allows ", caps.fields));
  }
  for (const std::string& path : paths) {
    const uint64_t values = definition.space->DigitOf(path).size;
    if (values <= caps.values_a_field) continue;
    return FieldError("spec.domains", absl::StrCat("give ", path, " one of ", values, " values; this server allows ",
                                                   caps.values_a_field));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<NewSweep> CheckNewSweep(const v1::CreateSweepRequest& request, const SweepCaps& caps) {
  const absl::Status around = CheckAround(request);
  if (!around.ok()) return around;
  if (request.spec().ByteSizeLong() > kMaxSpecBytes) {
    return FieldError("spec", absl::StrCat("must take at most ", kMaxSpecBytes, " bytes"));
  }
  const absl::Status valid = contract::ValidateSweep(request.spec());
  if (!valid.ok()) return WithPathPrefix(valid, "spec");
  v1::SweepSpec spec = request.spec();
  contract::FillDefaults(&spec);
  absl::StatusOr<std::shared_ptr<const core::SweepDefinition>> definition =
      core::SweepDefinition::Create(std::move(spec));
  if (!definition.ok()) return WithPathPrefix(definition.status(), "spec");
  const absl::Status capped = CheckCaps(**definition, caps);
  if (!capped.ok()) return capped;
  return NewSweep{.definition = *std::move(definition),
                  .spec_digest = contract::Sha256Hex(DeterministicBytes(request.spec()))};
}

v1::Sweep Preview(const core::SweepDefinition& definition) {
  v1::Sweep sweep;
  sweep.set_name(definition.spec.name());
  sweep.mutable_trials()->set_total(definition.trials());
  sweep.mutable_trials()->set_pending(definition.trials());
  sweep.set_configs(definition.configs);
  sweep.set_seeds(definition.seeds);
  sweep.set_priority(definition.spec.priority());
  *sweep.mutable_spec() = definition.spec;
  return sweep;
}

}  // namespace basin::server::rpc
