#include "server/access/method_table.h"

#include <map>
#include <string>

#include "absl/strings/str_cat.h"
#include "basin/v1/sweep_service.pb.h"
#include "basin/v1/worker_service.pb.h"

namespace basin::server::access {
namespace {

struct Entry {
  std::string_view method;
  Role needed;
};

constexpr Entry kTable[] = {
    {"basin.v1.SweepService/GetSweep", Role::kRead},
    {"basin.v1.SweepService/ListSweeps", Role::kRead},
    {"basin.v1.SweepService/ListTrials", Role::kRead},
    {"basin.v1.SweepService/ListMetricPoints", Role::kRead},
    {"basin.v1.SweepService/ListArtifacts", Role::kRead},
    {"basin.v1.SweepService/DownloadArtifact", Role::kRead},
    {"basin.v1.SweepService/ListResults", Role::kRead},
    {"basin.v1.SweepService/ListWorkers", Role::kRead},
    {"basin.v1.SweepService/QuerySql", Role::kRead},
    {"basin.v1.SweepService/GetServerInfo", Role::kRead},
    {"basin.v1.SweepService/CreateSweep", Role::kSubmit},
    {"basin.v1.SweepService/PauseSweep", Role::kSubmit},
    {"basin.v1.SweepService/ResumeSweep", Role::kSubmit},
    {"basin.v1.SweepService/CancelSweep", Role::kSubmit},
    {"basin.v1.SweepService/RetrySweep", Role::kSubmit},
    {"basin.v1.SweepService/DeleteSweep", Role::kSubmit},
    {"basin.v1.SweepService/VerifyTrial", Role::kSubmit},
    {"basin.v1.SweepService/DrainWorker", Role::kAdmin},
    {"basin.v1.WorkerService/RegisterWorker", Role::kWorker},
    {"basin.v1.WorkerService/LeaseTrials", Role::kWorker},
    {"basin.v1.WorkerService/Report", Role::kWorker},
    {"basin.v1.WorkerService/UploadCheckpoint", Role::kWorker},
    {"basin.v1.WorkerService/DownloadCheckpoint", Role::kWorker},
    {"basin.v1.WorkerService/RejectCheckpoint", Role::kWorker},
    {"basin.v1.WorkerService/UploadWeights", Role::kWorker},
    {"basin.v1.WorkerService/DownloadWeights", Role::kWorker},
    {"basin.v1.WorkerService/UnregisterWorker", Role::kWorker},
    // Tells the schema of the services; served where --enable-reflection is given.
    {"grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo", Role::kRead},
};

std::map<const google::protobuf::Descriptor*, std::string> MethodsByRequest() {
  std::map<const google::protobuf::Descriptor*, std::string> methods;
  for (const auto* file : {v1::GetServerInfoRequest::descriptor()->file(), v1::ReportRequest::descriptor()->file()}) {
    for (int s = 0; s < file->service_count(); ++s) {
      const google::protobuf::ServiceDescriptor& service = *file->service(s);
      for (int m = 0; m < service.method_count(); ++m) {
        methods[service.method(m)->input_type()] = absl::StrCat(service.full_name(), "/", service.method(m)->name());
      }
    }
  }
  return methods;
}

}  // namespace

std::optional<Role> RoleNeededFor(std::string_view method) {
  for (const Entry& entry : kTable) {
    if (entry.method == method) return entry.needed;
  }
  return std::nullopt;
}

bool IsExempt(std::string_view method) { return method.starts_with("grpc.health.v1.Health/"); }

std::string_view MethodOf(const google::protobuf::Descriptor& request) {
  static const auto* const methods = new auto(MethodsByRequest());
  const auto found = methods->find(&request);
  return found == methods->end() ? std::string_view() : found->second;
}

}  // namespace basin::server::access
