// Bytes as a request to create a sweep, on the wire or as text: what passes validation must be a sweep that works.

#include "basin/v1/sweep_service.pb.h"
#include "google/protobuf/io/tokenizer.h"
#include "google/protobuf/text_format.h"
#include "proto/contract/defaults.h"
#include "proto/contract/validate.h"
#include "server/core/model.h"
#include "tests/fuzz/fuzz_target.h"

namespace basin::tests::fuzz {
namespace {

class Silent : public google::protobuf::io::ErrorCollector {
  void AddError(int, google::protobuf::io::ColumnNumber, const std::string&) override {}
};

// Says nothing to stderr.
bool Parse(const uint8_t* data, size_t size, v1::CreateSweepRequest* request) {
  if (request->ParseFromArray(data, static_cast<int>(size))) return true;
  Silent silent;
  google::protobuf::TextFormat::Parser parser;
  parser.RecordErrorsTo(&silent);
  parser.SetRecursionLimit(100);
  return parser.ParseFromString(std::string(TextOf(data, size)), request);
}

void CheckConfig(const contract::Space& space, uint64_t index) {
  space.Params(index);
  space.DatasetOf(index);
  const v1::Workload workload = space.Resolve(index);
  const absl::Status valid = contract::ValidateResolved(workload);
  if (!valid.ok()) std::fprintf(stderr, "%s\n%s\n", valid.ToString().c_str(), workload.DebugString().c_str());
  Require(valid.ok(), "a config of a valid sweep is valid");
}

}  // namespace
}  // namespace basin::tests::fuzz

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  google::protobuf::SetLogHandler(nullptr);
  using namespace basin;  // NOLINT
  v1::CreateSweepRequest request;
  if (!tests::fuzz::Parse(data, size, &request)) return 0;
  if (!contract::ValidateSweep(request.spec()).ok()) return 0;
  v1::SweepSpec spec = request.spec();
  contract::FillDefaults(&spec);
  const auto definition = server::core::SweepDefinition::Create(std::move(spec));
  if (!definition.ok()) return 0;
  const contract::Space& space = *(*definition)->space;
  tests::fuzz::Require(space.size() >= 1 && space.size() == (*definition)->configs, "a sweep has its configs");
  for (const uint64_t index : {uint64_t{0}, space.size() / 2, space.size() - 1}) tests::fuzz::CheckConfig(space, index);
  return 0;
}
