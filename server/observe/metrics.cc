#include "server/observe/metrics.h"

#include <algorithm>
#include <array>
#include <atomic>
#include <iterator>
#include <map>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <utility>
#include <variant>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "basin/v1/sweep_service.pb.h"
#include "basin/v1/worker_service.pb.h"
#include "google/protobuf/descriptor.h"
#include "prometheus/counter.h"
#include "prometheus/gauge.h"
#include "prometheus/histogram.h"
#include "prometheus/registry.h"
#include "prometheus/text_serializer.h"
#include "proto/contract/version.h"
#include "server/runtime/log.h"

namespace basin::server::observe {
namespace {

using prometheus::Counter;
using prometheus::Family;
using prometheus::Gauge;
using prometheus::Histogram;

// A batch is many commands and one commit; on a slow disk it takes seconds.
constexpr core::MonoTime kStuck = std::chrono::seconds(120);

const Histogram::BucketBoundaries kCallSeconds = {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
                                                  0.25,   0.5,   1,      2.5,   5,    10,    30,   60};
const Histogram::BucketBoundaries kCommitSeconds = {0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01,
                                                    0.025,  0.05,    0.1,    0.25,  0.5,    1,     2.5};
const Histogram::BucketBoundaries kBatchCommands = {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 4096, 16384};

// What calls end with when the server is at fault.
constexpr grpc::StatusCode kServersFaults[] = {grpc::StatusCode::UNKNOWN, grpc::StatusCode::INTERNAL,
                                               grpc::StatusCode::DATA_LOSS};

double Seconds(core::MonoTime time) { return std::chrono::duration<double>(time).count(); }

// One method's counters by code, made when the code first occurs.
struct MethodCalls {
  std::string service, method;
  Histogram* seconds = nullptr;
  std::array<std::atomic<Counter*>, 17> by_code{};
};

}  // namespace

struct Metrics::Instruments {
  prometheus::Registry registry;

  Family<Counter>& handled =
      prometheus::BuildCounter().Name("grpc_server_handled_total").Help("Calls answered, by code").Register(registry);
  Family<Histogram>& handling = prometheus::BuildHistogram()
                                    .Name("grpc_server_handling_seconds")
                                    .Help("How long calls took, waiting for work or for a change included")
                                    .Register(registry);
  std::shared_mutex methods_mutex;
  std::map<std::string, std::unique_ptr<MethodCalls>, std::less<>> methods;

  Counter& lease_expirations = AddCounter("basin_lease_expirations_total", "Attempts ended by the end of their lease");
  Counter& limit_expirations =
      AddCounter("basin_time_limit_expirations_total", "Attempts ended by the sweep's limit of time");
  Counter& fenced_writes =
      AddCounter("basin_fenced_writes_total", "Reports refused because their attempt is not the current one");
  Counter& metric_points = AddCounter("basin_metric_points_total", "Metric points stored");
  Counter& unfinished_attempts =
      AddCounter("basin_attempts_without_result_total", "Attempts that failed, expired or were handed back");
  Histogram& commit_seconds = prometheus::BuildHistogram()
                                  .Name("basin_store_commit_duration_seconds")
                                  .Help("How long commits to disk took")
                                  .Register(registry)
                                  .Add({}, kCommitSeconds);
  Histogram& batch_commands = prometheus::BuildHistogram()
                                  .Name("basin_store_batch_commands")
                                  .Help("Commands answered by one commit")
                                  .Register(registry)
                                  .Add({}, kBatchCommands);

  Family<Gauge>& trials = AddGauges("basin_trials", "Trials of all sweeps, by state");
  Family<Gauge>& sweeps = AddGauges("basin_sweeps", "Sweeps, by state");
  Family<Gauge>& workers = AddGauges("basin_workers", "Workers, by state");
  Gauge& leases_active = AddGauges("basin_leases_active", "Trials that are leased to a worker now").Add({});
  Gauge& log_bytes = AddGauges("basin_wal_bytes", "Size of the database's write-ahead log").Add({});
  Gauge& queue_depth = AddGauges("basin_queue_depth", "Commands that wait for the coordinator's loop").Add({});
  Gauge& disk_full = AddGauges("basin_disk_full", "1 while changes are refused because the disk is full").Add({});

  mutable std::mutex source_mutex;
  std::function<Sample()> source;

  Counter& AddCounter(const char* name, const char* help) {
    return prometheus::BuildCounter().Name(name).Help(help).Register(registry).Add({});
  }
  Family<Gauge>& AddGauges(const char* name, const char* help) {
    return prometheus::BuildGauge().Name(name).Help(help).Register(registry);
  }

  std::optional<Sample> Take() const {
    std::lock_guard lock(source_mutex);
    if (!source) return std::nullopt;
    return source();
  }

  MethodCalls& CallsOf(std::string_view method) {
    {
      std::shared_lock lock(methods_mutex);
      if (const auto found = methods.find(method); found != methods.end()) return *found->second;
    }
    std::unique_lock lock(methods_mutex);
    std::unique_ptr<MethodCalls>& calls = methods[std::string(method)];
    if (calls == nullptr) {
      const size_t slash = method.rfind('/');
      calls = std::make_unique<MethodCalls>();
      calls->service = std::string(method.substr(1, slash - 1));
      calls->method = std::string(method.substr(slash + 1));
      calls->seconds = &handling.Add({{"grpc_service", calls->service}, {"grpc_method", calls->method}}, kCallSeconds);
    }
    return *calls;
  }

  Counter& Handled(MethodCalls& calls, grpc::StatusCode code) {
    const size_t number = static_cast<size_t>(code) < calls.by_code.size() ? static_cast<size_t>(code) : 2 /*UNKNOWN*/;
    Counter* counter = calls.by_code[number].load(std::memory_order_acquire);
    if (counter == nullptr) {
      // The family gives every caller of the same labels the same counter.
      counter = &handled.Add({{"grpc_service", calls.service},
                              {"grpc_method", calls.method},
                              {"grpc_code", absl::StatusCodeToString(static_cast<absl::StatusCode>(number))}});
      calls.by_code[number].store(counter, std::memory_order_release);
    }
    return *counter;
  }

  // One gauge for each state of the enumeration, in lower case without its prefix: WORKER_STATE_LOST is `lost`.
  template <typename State>
  void SetByState(Family<Gauge>& family, const std::map<State, uint64_t>& counts,
                  const google::protobuf::EnumDescriptor* states, size_t prefix) {
    for (int i = 0; i < states->value_count(); ++i) {
      if (states->value(i)->number() == 0) continue;
      const auto found = counts.find(static_cast<State>(states->value(i)->number()));
      family.Add({{"state", absl::AsciiStrToLower(states->value(i)->name().substr(prefix))}})
          .Set(found == counts.end() ? 0 : static_cast<double>(found->second));
    }
  }

  void Set(const Sample& sample) {
    const v1::TrialCounts& counts = sample.server.totals.trials;
    for (const auto& [state, count] :
         std::initializer_list<std::pair<const char*, uint64_t>>{{"pending", counts.pending()},
                                                                 {"running", counts.running()},
                                                                 {"succeeded", counts.succeeded()},
                                                                 {"diverged", counts.diverged()},
                                                                 {"pruned", counts.pruned()},
                                                                 {"failed", counts.failed()},
                                                                 {"cancelled", counts.cancelled()}}) {
      trials.Add({{"state", state}}).Set(static_cast<double>(count));
    }
    SetByState(sweeps, sample.server.totals.sweeps, v1::SweepState_descriptor(), sizeof("SWEEP_STATE_") - 1);
    SetByState(workers, sample.server.totals.workers, v1::WorkerState_descriptor(), sizeof("WORKER_STATE_") - 1);
    leases_active.Set(static_cast<double>(counts.running()));
    log_bytes.Set(static_cast<double>(sample.log_bytes));
    queue_depth.Set(static_cast<double>(sample.server.load.waiting_commands));
    disk_full.Set(sample.server.load.disk_full ? 1 : 0);
  }
};

Metrics::Metrics() : instruments_(std::make_unique<Instruments>()) {
  prometheus::BuildGauge()
      .Name("basin_build_info")
      .Help("1, with the version of the program")
      .Register(instruments_->registry)
      .Add({{"version", contract::kVersion}})
      .Set(1);
  // A fault is seen by its counter's growth, which takes a value from before.
  const auto* pool = google::protobuf::DescriptorPool::generated_pool();
  for (const char* name : {"basin.v1.SweepService", "basin.v1.WorkerService"}) {
    const google::protobuf::ServiceDescriptor* service = pool->FindServiceByName(name);
    for (int i = 0; i < service->method_count(); ++i) {
      MethodCalls& calls = instruments_->CallsOf(absl::StrCat("/", name, "/", service->method(i)->name()));
      for (const grpc::StatusCode code : kServersFaults) instruments_->Handled(calls, code);
    }
  }
}

Metrics::~Metrics() = default;

void Metrics::OnCommit(std::span<const core::Event> events, size_t commands, core::MonoTime took) {
  size_t points = 0, unfinished = 0;
  for (const core::Event& event : events) {
    if (const auto* appended = std::get_if<core::PointsAppended>(&event)) points += appended->points.size();
    if (std::holds_alternative<core::TrialRequeued>(event)) ++unfinished;
    if (const auto* end = std::get_if<core::TrialFinished>(&event))
      unfinished += end->state == core::TrialState::kFailed;
  }
  if (points > 0) instruments_->metric_points.Increment(static_cast<double>(points));
  if (unfinished > 0) instruments_->unfinished_attempts.Increment(static_cast<double>(unfinished));
  instruments_->commit_seconds.Observe(Seconds(took));
  instruments_->batch_commands.Observe(static_cast<double>(commands));
}

void Metrics::OnExpired(uint64_t leases, uint64_t time_limits) {
  if (leases > 0) instruments_->lease_expirations.Increment(static_cast<double>(leases));
  if (time_limits > 0) instruments_->limit_expirations.Increment(static_cast<double>(time_limits));
}

void Metrics::OnFenced(uint64_t writes) { instruments_->fenced_writes.Increment(static_cast<double>(writes)); }

void Metrics::OnCall(std::string_view method, const grpc::Status& status, core::MonoTime took) {
  MethodCalls& calls = instruments_->CallsOf(method);
  const grpc::StatusCode code = status.error_code();
  instruments_->Handled(calls, code).Increment();
  if (std::ranges::find(kServersFaults, code) != std::end(kServersFaults)) {
    runtime::Log(runtime::LogLevel::kError, "a call failed",
                 {{"method", method},
                  {"code", absl::StatusCodeToString(static_cast<absl::StatusCode>(code))},
                  {"reason", status.error_message()}});
  }
  calls.seconds->Observe(Seconds(took));
}

void Metrics::SetSource(std::function<Sample()> source) {
  std::lock_guard lock(instruments_->source_mutex);
  instruments_->source = std::move(source);
}

std::string Metrics::Expose() {
  if (const std::optional<Sample> sample = instruments_->Take()) instruments_->Set(*sample);
  return prometheus::TextSerializer().Serialize(instruments_->registry.Collect());
}

absl::Status Metrics::Live() const {
  const std::optional<Sample> sample = instruments_->Take();
  if (!sample || sample->server.load.busy < kStuck) return absl::OkStatus();
  return absl::UnavailableError("the coordinator's loop is stuck");
}

absl::Status Metrics::Ready() const {
  const std::optional<Sample> sample = instruments_->Take();
  if (!sample) return absl::UnavailableError("the server starts or stops");
  if (sample->server.load.disk_full) return absl::UnavailableError("the disk is full; changes are refused");
  return absl::OkStatus();
}

}  // namespace basin::server::observe
