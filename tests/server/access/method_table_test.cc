#include "server/access/method_table.h"

#include <set>
#include <string>

#include "basin/v1/sweep_service.pb.h"
#include "basin/v1/worker_service.pb.h"
#include "gtest/gtest.h"

namespace basin::server::access {
namespace {

std::vector<const google::protobuf::MethodDescriptor*> AllMethods() {
  std::vector<const google::protobuf::MethodDescriptor*> methods;
  for (const auto* file : {v1::GetServerInfoRequest::descriptor()->file(), v1::ReportRequest::descriptor()->file()}) {
    for (int s = 0; s < file->service_count(); ++s) {
      for (int m = 0; m < file->service(s)->method_count(); ++m) methods.push_back(file->service(s)->method(m));
    }
  }
  return methods;
}

std::string NameInTable(const google::protobuf::MethodDescriptor& method) {
  return method.service()->full_name() + "/" + method.name();
}

TEST(MethodTableTest, EveryMethodNeedsARole) {
  for (const auto* method : AllMethods()) {
    EXPECT_TRUE(RoleNeededFor(NameInTable(*method)).has_value()) << NameInTable(*method) << " is not in the table";
  }
}

TEST(MethodTableTest, ARequestTellsItsMethod) {
  std::set<const google::protobuf::Descriptor*> requests;
  for (const auto* method : AllMethods()) {
    EXPECT_TRUE(requests.insert(method->input_type()).second) << method->input_type()->name() << " is of two methods";
    EXPECT_EQ(MethodOf(*method->input_type()), NameInTable(*method));
  }
  EXPECT_EQ(MethodOf(*v1::SqlRow::descriptor()), "");
}

TEST(MethodTableTest, WorkersCallsAreForWorkersAlone) {
  for (const auto* method : AllMethods()) {
    const bool of_workers = method->service()->name() == "WorkerService";
    EXPECT_EQ(*RoleNeededFor(NameInTable(*method)) == Role::kWorker, of_workers) << method->full_name();
  }
}

TEST(MethodTableTest, WhatIsNotInTheTableIsDenied) {
  EXPECT_FALSE(RoleNeededFor("basin.v1.SweepService/Novel").has_value());
  EXPECT_FALSE(RoleNeededFor("").has_value());
}

TEST(MethodTableTest, HealthAloneIsExempt) {
  EXPECT_TRUE(IsExempt("grpc.health.v1.Health/Check"));
  EXPECT_FALSE(IsExempt("basin.v1.SweepService/GetServerInfo"));
  EXPECT_FALSE(IsExempt(""));
}

TEST(RoleTest, EachRoleMayDoWhatTheLesserMay) {
  EXPECT_TRUE(Covers(Role::kAdmin, Role::kRead));
  EXPECT_TRUE(Covers(Role::kSubmit, Role::kSubmit));
  EXPECT_FALSE(Covers(Role::kSubmit, Role::kAdmin));
  EXPECT_FALSE(Covers(Role::kAdmin, Role::kWorker));
  EXPECT_FALSE(Covers(Role::kWorker, Role::kRead));
  EXPECT_TRUE(Covers(Role::kWorker, Role::kWorker));
}

}  // namespace
}  // namespace basin::server::access
