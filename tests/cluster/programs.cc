#include "tests/cluster/programs.h"

#include <fstream>
#include <utility>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/support/eventually.h"

namespace basin::tests {

ServerProgram::ServerProgram(std::filesystem::path dir, std::vector<std::string> flags, std::string listen)
    : dir_(std::move(dir)), flags_(std::move(flags)), listen_(std::move(listen)) {
  std::filesystem::create_directories(dir_);
}

void ServerProgram::Start() {
  std::filesystem::remove(dir_ / "endpoint");
  std::vector<std::string> arguments = {BASIN_SERVER, "--data-dir", dir_.string(), "--listen", listen_};
  arguments.insert(arguments.end(), flags_.begin(), flags_.end());
  process_ = std::make_unique<ChildProcess>(arguments, dir_ / "server.log");
  const bool listens = Eventually([this] {
    std::ifstream file(dir_ / "endpoint");
    return !process_->IsRunning() || (std::getline(file, address_) && !address_.empty());
  });
  ASSERT_TRUE(listens && process_->IsRunning()) << "the server does not start:\n" << process_->LogText();
  listen_ = address_;
}

std::unique_ptr<ChildProcess> StartWorker(const std::string& server, const std::string& name,
                                          const std::filesystem::path& dir, int slots,
                                          std::vector<std::string> prefix) {
  std::vector<std::string> arguments = std::move(prefix);
  const std::string no_data = (dir / "no-data").string();
  arguments.insert(arguments.end(), {BASIN_WORKER, "--server", server, "--name", name, "--slots", absl::StrCat(slots),
                                     "--threads-per-trial", "1", "--data-dir", no_data, "--log-level", "debug"});
  return std::make_unique<ChildProcess>(arguments, dir / (name + ".log"));
}

}  // namespace basin::tests
