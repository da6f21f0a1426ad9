#include "tests/benchmark/coordinator/measured_server.h"

#include <signal.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <system_error>

#include "absl/strings/str_cat.h"
#include "proto/contract/channel.h"
#include "tests/benchmark/coordinator/connection.h"

namespace basin::benchmark {

MeasuredServer::MeasuredServer()
    : program_(std::make_unique<tests::ServerProgram>(
          dir_.path(), std::vector<std::string>{"--lease-seconds", "3600", "--metrics-listen", "off"})) {}

MeasuredServer::MeasuredServer(const std::string& dir) : MeasuredServer() {
  std::filesystem::copy_file(dir + "/basin.db", dir_.path() / "basin.db");
}

double MeasuredServer::Start() {
  const Clock::time_point began = Clock::now();
  program_->Start();
  if (program_->address().empty()) Fail("the server does not start");
  UserConnection user(program_->address());
  v1::GetServerInfoResponse response;
  grpc::ClientContext context;
  contract::PrepareContext(&context, 60);
  Expect(user.stub().GetServerInfo(&context, {}, &response), "GetServerInfo");
  return SecondsSince(began);
}

void MeasuredServer::Stop() {
  program_->process().Signal(SIGTERM);
  if (!program_->process().AwaitExit()) Fail("the server does not stop");
}

double MeasuredServer::ResidentMegabytes() {
  std::ifstream status(absl::StrCat("/proc/", program_->process().pid(), "/status"));
  for (std::string word; status >> word;) {
    double kilobytes = 0;
    if (word == "VmRSS:" && status >> kilobytes) return kilobytes / 1024;
  }
  Fail("the server's memory can't be read");
}

double MeasuredServer::ProcessorSeconds() {
  // Fields 14 and 15 of the line, those after the program's name in parentheses being counted from 3 on.
  std::ifstream stat(absl::StrCat("/proc/", program_->process().pid(), "/stat"));
  std::string word;
  std::getline(stat, word, ')');
  for (int field = 3; field < 14; ++field) stat >> word;
  double user = 0, system = 0;
  if (!(stat >> user >> system)) Fail("the server's processor time can't be read");
  return (user + system) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

uint64_t MeasuredServer::DatabaseBytes() const {
  uint64_t bytes = 0;
  for (const char* name : {"basin.db", "basin.db-wal"}) {
    std::error_code error;
    const uintmax_t size = std::filesystem::file_size(dir_.path() / name, error);
    if (!error) bytes += size;
  }
  return bytes;
}

}  // namespace basin::benchmark
