#include "server/data_dir_commands.h"

#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/store/data_dir.h"

namespace basin::server {
namespace {

int Failed(const char* what, const absl::Status& status) {
  std::fprintf(stderr, "basin-server: %s: %s\n", what, std::string(status.message()).c_str());
  return 1;
}

unsigned long long Number(uint64_t value) { return value; }

void PrintBytes(const char* name, uint64_t bytes) {
  std::printf("%-24s %12.1f MB\n", name, static_cast<double>(bytes) / 1e6);
}

int RunBackUp(const std::string& dir, const std::string& to) {
  const absl::Status status = store::BackUp(dir, to);
  if (!status.ok()) return Failed("no backup was made", status);
  std::printf("%s\n", to.c_str());
  return 0;
}

int RunCheck(const std::string& dir) {
  const absl::StatusOr<store::CheckReport> report = store::CheckDataDir(dir);
  if (!report.ok()) return Failed("the data dir was not checked", report.status());
  for (const std::string& damage : report->damages) std::fprintf(stderr, "%s\n", damage.c_str());
  if (!report->damages.empty()) {
    std::fprintf(stderr, "basin-server: %s is damaged\n", dir.c_str());
    return 1;
  }
  std::printf("%s is whole: schema %u, %llu sweeps, %llu trials, %llu artifacts%s\n", dir.c_str(),
              report->schema_version, Number(report->sweeps), Number(report->trials), Number(report->artifacts),
              report->had_checksums ? ", all as its checksums say" : "");
  return 0;
}

int RunUsage(const std::string& dir) {
  const absl::StatusOr<store::UsageReport> report = store::MeasureDataDir(dir);
  if (!report.ok()) return Failed("the data dir was not measured", report.status());
  PrintBytes("database", report->database_bytes);
  for (const auto& table : report->tables) PrintBytes(("  " + table.name).c_str(), table.bytes);
  PrintBytes("  free for new rows", report->free_bytes);
  PrintBytes("log", report->log_bytes);
  PrintBytes("artifacts", report->artifact_bytes);
  if (!report->sweeps.empty()) std::printf("\nmost metric points:\n");
  for (const auto& sweep : report->sweeps) {
    std::printf("%-24s %12llu points  %s\n", sweep.id.c_str(), Number(sweep.points), sweep.name.c_str());
  }
  return 0;
}

}  // namespace

void AddDataDirCommands(CLI::App* app, int* exit_code) {
  const auto dir = std::make_shared<std::string>(), to = std::make_shared<std::string>();
  CLI::App* backup = app->add_subcommand("backup", "Copy a data dir, also while a server uses it");
  backup->add_option("--to", *to, "The new folder; it appears as a whole or not at all")->required();
  backup->footer("Example: basin-server backup /var/lib/basin --to /backup/basin-monday");
  backup->callback([=] { *exit_code = RunBackUp(*dir, *to); });
  CLI::App* check = app->add_subcommand("check", "Read a data dir or a backup as a whole and report damage");
  check->footer("Example: basin-server check /backup/basin-monday");
  check->callback([=] { *exit_code = RunCheck(*dir); });
  CLI::App* usage = app->add_subcommand("usage", "What fills a data dir");
  usage->footer("Example: basin-server usage /var/lib/basin");
  usage->callback([=] { *exit_code = RunUsage(*dir); });
  for (CLI::App* command : {backup, check, usage}) command->add_option("DIR", *dir, "The data dir")->required();
}

}  // namespace basin::server
