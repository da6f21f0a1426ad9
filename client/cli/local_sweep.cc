#include "client/cli/local_sweep.h"

#include <unistd.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

#include "client/api/exit_code.h"
#include "client/cli/interrupt.h"
#include "client/cli/progress.h"
#include "client/cli/sweep_text.h"
#include "client/format/human.h"
#include "proto/contract/digest.h"

namespace basin::client::cli {
namespace {

constexpr double kStopSeconds = 15;
// How long a sweep may wait for what no worker has.
constexpr double kWaitingSeconds = 5;
constexpr double kConnectSeconds = 60;

uint32_t ConnectedWorkers(api::Client& client) {
  uint32_t n = 0;
  client.Workers()
      .ForEach([&](const v1::Worker& worker) {
        if (worker.state() == v1::WORKER_STATE_CONNECTED) ++n;
        return true;
      })
      .IgnoreError();
  return n;
}

// Waits until all workers have connected, or one has ended; then the sweep itself says what is wrong.
absl::Status AwaitWorkers(Context& context, LocalCluster& cluster, Interrupt& interrupt) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::duration<double>(kConnectSeconds);
  bool lost = false;
  while (!lost && std::chrono::steady_clock::now() < deadline &&
         ConnectedWorkers(context.client()) < cluster.workers()) {
    const absl::Status status = cluster.Check([&](const std::string& words) {
      context.Warn(words);
      lost = true;
    });
    if (!status.ok()) return status;
    if (interrupt.WaitFor(0.01)) return absl::CancelledError("interrupted");
  }
  return absl::OkStatus();
}

// Ends a run that would wait for ever: workers that have all connected will not get a data set by themselves.
class Patience {
 public:
  absl::Status Check(const v1::Sweep& sweep) {
    const auto now = std::chrono::steady_clock::now();
    if (sweep.waiting().empty() || sweep.trials().running() > 0) {
      since_.reset();
      return absl::OkStatus();
    }
    if (!since_) since_ = now;
    if (now - *since_ < std::chrono::duration<double>(kWaitingSeconds)) return absl::OkStatus();
    return absl::FailedPreconditionError("the sweep cannot go on here: " + sweep.waiting());
  }

 private:
  std::optional<std::chrono::steady_clock::time_point> since_;
};

// The sweep as it is found in the data dir, put to work again where that is possible.
absl::StatusOr<v1::Sweep> GoOn(Context& context, v1::Sweep sweep) {
  api::Client& client = context.client();
  if (sweep.state() == v1::SWEEP_STATE_CANCELLED) {
    context.Warn("Sweep " + sweep.id() +
                 " was cancelled here, and stays so. To compute it, run it in another --data-dir, or with another "
                 "name in its file.");
    return sweep;
  }
  if (sweep.state() == v1::SWEEP_STATE_PAUSED) {
    absl::StatusOr<v1::Sweep> resumed = client.ResumeSweep(sweep.id());
    if (!resumed.ok()) return resumed;
    sweep = *std::move(resumed);
  }
  if (sweep.state() == v1::SWEEP_STATE_FAILED || sweep.trials().failed() > 0) {
    absl::StatusOr<v1::RetrySweepResponse> retried = client.RetrySweep(sweep.id());
    if (!retried.ok()) return retried.status();
    context.Note("The last time " + format::Count(retried->requeued(), "trial") + " failed: tried again.");
    sweep = std::move(*retried->mutable_sweep());
  }
  return sweep;
}

absl::StatusOr<v1::Sweep> RunOn(Context& context, LocalCluster& cluster, Interrupt& interrupt,
                                const v1::SweepSpec& spec) {
  api::Client& client = context.client();
  const std::string request_id = "run-" + contract::Sha256Hex(spec.SerializeAsString()).substr(0, 32);
  absl::StatusOr<v1::Sweep> sweep = client.CreateSweep(spec, request_id);
  if (sweep.ok()) sweep = GoOn(context, *std::move(sweep));
  if (!sweep.ok()) return sweep.status();
  const uint64_t done = DoneTrials(sweep->trials());
  context.Note(spec.name() + ": " + SizeText(sweep->configs(), sweep->seeds()) +
               (done > 0 ? ", " + std::to_string(done) + " of them done before" : ""));
  // The sweep is there for the first one that comes.
  const absl::Status ready = AwaitWorkers(context, cluster, interrupt);
  if (!ready.ok()) return ready;

  Patience patience;
  std::vector<std::string> news;
  const auto check = [&](const v1::Sweep& now) {
    const absl::Status status = cluster.Check([&](const std::string& words) { news.push_back(words); });
    return status.ok() ? patience.Check(now) : status;
  };
  const size_t width = context.environment().err_terminal_width;
  sweep = FollowSweep(client, sweep->id(), interrupt,
                      {.out = &context.err(),
                       .terminal_width = width,
                       .color = context.ColorOn(width),
                       .quiet = context.quiet(),
                       .check = check,
                       .news = &news});
  for (const std::string& words : news) context.Warn(words);
  // A call fails when the coordinator dies; its log says more than the call.
  if (!sweep.ok() && !interrupt.requested()) {
    const absl::Status status = cluster.Check([](const std::string&) {});
    if (!status.ok()) return status;
  }
  return sweep;
}

}  // namespace

absl::StatusOr<int> OnLocalCluster(Context& context, const LocalCluster::Options& options, const std::string& again,
                                   const std::function<absl::StatusOr<int>(const RunLocalSweep&)>& work) {
  // A second Ctrl-C ends this process at once, and with it, by their parent's death, the others.
  Interrupt interrupt([](int count) {
    if (count > 1) _exit(api::kInterrupted);
  });
  const auto interrupted = [&] {
    context.Note("Stopped; what was computed is kept. Go on with: " + again);
    return api::kInterrupted;
  };
  context.Note("Data and logs are kept in " + options.data_dir.string());
  auto cluster = LocalCluster::Start(options, interrupt);
  if (interrupt.requested()) return interrupted();
  if (!cluster.ok()) return cluster.status();
  context.UseServer((*cluster)->address(), 5);

  absl::StatusOr<int> exit_code =
      work([&](const v1::SweepSpec& spec) { return RunOn(context, **cluster, interrupt, spec); });
  context.LeaveServer();
  const absl::Status stopped = (*cluster)->Stop(kStopSeconds);
  if (!stopped.ok()) context.Warn(std::string(stopped.message()));
  if (exit_code.ok()) return exit_code;
  if (interrupt.requested()) return interrupted();
  context.Note("Once that is mended, go on with: " + again);
  return exit_code;
}

}  // namespace basin::client::cli
