#include "server/rpc/server.h"

#include <algorithm>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "grpcpp/ext/proto_server_reflection_plugin.h"
#include "grpcpp/health_check_service_interface.h"
#include "grpcpp/resource_quota.h"
#include "grpcpp/server_builder.h"
#include "proto/contract/channel.h"
#include "server/rpc/server_credentials.h"
#include "server/rpc/server_credentials_files.h"
#include "server/rpc/sweep_service.h"
#include "server/rpc/thread_pool.h"
#include "server/rpc/worker_service.h"
#include "server/runtime/artifact_collector.h"
#include "server/runtime/status_board.h"

namespace basin::server::rpc {
namespace {

constexpr size_t kRequestThreads = 2, kReadThreads = 4, kFileThreads = 2, kSqlThreads = 2;
constexpr size_t kMaxWaitingRequests = 16384, kMaxWaitingReads = 16384, kMaxWaitingFiles = 16384, kMaxWaitingSql = 64;
constexpr int kShutdownSeconds = 10;

int Milliseconds(core::MonoTime time) {
  return static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(time).count());
}

// Linking the reflection library switches it on for every server of the process; this switches it off for one.
class WithoutReflection : public grpc::ServerBuilderOption {
 public:
  void UpdateArguments(grpc::ChannelArguments*) override {}
  void UpdatePlugins(std::vector<std::unique_ptr<grpc::ServerBuilderPlugin>>* plugins) override {
    std::erase_if(*plugins, [](const auto& plugin) { return plugin->name() == "proto_server_reflection"; });
  }
};

// Calls `on_late`, once, unless it is destroyed within its time.
class Watchdog {
 public:
  Watchdog(core::MonoTime limit, std::function<void()> on_late) {
    if (!on_late) return;
    thread_ = std::thread([this, limit, on_late = std::move(on_late)] {
      {
        std::unique_lock lock(mutex_);
        if (ended_.wait_for(lock, limit, [this] { return is_over_; })) return;
      }
      on_late();
    });
  }
  ~Watchdog() {
    if (!thread_.joinable()) return;
    {
      const std::lock_guard lock(mutex_);
      is_over_ = true;
    }
    ended_.notify_all();
    thread_.join();
  }
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

 private:
  std::mutex mutex_;
  std::condition_variable ended_;
  bool is_over_ = false;
  std::thread thread_;
};

class GrpcServer : public Server {
 public:
  GrpcServer(const ServerOptions& options, store::Queries* queries, store::ArtifactStore* artifacts,
             const runtime::Clock* clock)
      : address_(options.listen),
        shutdown_limit_(options.shutdown_limit),
        on_late_shutdown_(options.on_late_shutdown),
        clock_(clock),
        board_(clock),
        requests_(std::make_unique<ThreadPool>(kRequestThreads, kMaxWaitingRequests)),
        reads_(std::make_unique<ThreadPool>(kReadThreads, kMaxWaitingReads)),
        files_(std::make_unique<ThreadPool>(kFileThreads, kMaxWaitingFiles)),
        sql_(std::make_unique<ThreadPool>(kSqlThreads, kMaxWaitingSql)),
        parts_{.gatekeeper = options.gatekeeper,
               .board = &board_,
               .queries = queries,
               .artifacts = artifacts,
               .requests = requests_.get(),
               .reads = reads_.get(),
               .files = files_.get(),
               .sql = sql_.get(),
               .caps = options.caps,
               .lease = options.coordinator.settings.lease,
               .started_at = clock->Read().wall},
        sweep_service_(&parts_),
        worker_service_(&parts_) {}
  ~GrpcServer() override { Shutdown(); }

  absl::Status Begin(const ServerOptions& options, store::Store* store, const runtime::Clock* clock) {
    collector_ = std::make_unique<runtime::ArtifactCollector>(parts_.artifacts, parts_.queries, clock);
    absl::StatusOr<std::unique_ptr<runtime::Coordinator>> coordinator =
        runtime::Coordinator::Start(options.coordinator, store, clock, &board_);
    if (!coordinator.ok()) return coordinator.status();
    coordinator_ = *std::move(coordinator);
    parts_.coordinator = coordinator_.get();
    return Listen(options);
  }

  const ListenAddress& address() const override { return address_; }

  Status GetStatus() const override { return {.totals = board_.GetTotals(), .load = coordinator_->load()}; }

  void Shutdown() override {
    const Watchdog watchdog(shutdown_limit_, on_late_shutdown_);
    if (server_ != nullptr) {
      server_->GetHealthCheckService()->SetServingStatus(false);
      coordinator_->EndWaits();
      board_.EndWaits();
      server_->Shutdown(gpr_time_from_seconds(kShutdownSeconds, GPR_TIMESPAN));
      server_.reset();
    }
    if (coordinator_ != nullptr) coordinator_->Stop();
    collector_.reset();
  }

 private:
  absl::Status Listen(const ServerOptions& options) {
    grpc::EnableDefaultHealthCheckService(true);
    grpc::ServerBuilder builder;
    if (options.call_observer != nullptr) Observe(options.call_observer, clock_, &builder);
    if (options.enable_reflection) {
      grpc::reflection::InitProtoReflectionServerBuilderPlugin();
    } else {
      builder.SetOption(std::make_unique<WithoutReflection>());
    }
    grpc::ResourceQuota quota("basin-server");
    quota.Resize(options.max_transport_bytes);
    builder.SetResourceQuota(quota);
    builder.SetMaxReceiveMessageSize(contract::kMaxMessageBytes);
    builder.SetMaxSendMessageSize(contract::kMaxMessageBytes);
    // Two servers never share a port.
    builder.AddChannelArgument(GRPC_ARG_ALLOW_REUSEPORT, 0);
    // Clients ping every 30 s; who pings more often than every 10 s is cut off. Dead connections are found in 40 s.
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIME_MS, 30000);
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 10000);
    builder.AddChannelArgument(GRPC_ARG_KEEPALIVE_PERMIT_WITHOUT_CALLS, 1);
    builder.AddChannelArgument(GRPC_ARG_HTTP2_MIN_RECV_PING_INTERVAL_WITHOUT_DATA_MS, 10000);
    builder.AddChannelArgument(GRPC_ARG_SERVER_HANDSHAKE_TIMEOUT_MS, Milliseconds(options.handshake_limit));
    builder.AddChannelArgument(GRPC_ARG_MAX_CONNECTION_IDLE_MS, Milliseconds(options.idle_limit));
    int port = 0;
    if (options.tls.enabled()) {
      absl::StatusOr<std::unique_ptr<ServerCredentialsFiles>> files = ServerCredentialsFiles::Open(options.tls.files);
      if (!files.ok()) return files.status();
      tls_files_ = *std::move(files);
      tls_files_->Watch();
    }
    builder.AddListeningPort(address_.ToString(), MakeServerCredentials(options, tls_files_.get()), &port);
    builder.RegisterService(&sweep_service_);
    builder.RegisterService(&worker_service_);
    server_ = builder.BuildAndStart();
    if (server_ == nullptr || port == 0) return CannotListen(address_);
    address_.port = port;
    server_->GetHealthCheckService()->SetServingStatus(true);
    for (const char* service : {"basin.v1.SweepService", "basin.v1.WorkerService"}) {
      server_->GetHealthCheckService()->SetServingStatus(service, true);
    }
    return absl::OkStatus();
  }

  ListenAddress address_;
  const core::MonoTime shutdown_limit_;
  const std::function<void()> on_late_shutdown_;
  const runtime::Clock* const clock_;
  runtime::StatusBoard board_;
  std::unique_ptr<runtime::Coordinator> coordinator_;
  std::unique_ptr<runtime::ArtifactCollector> collector_;
  std::unique_ptr<ThreadPool> requests_, reads_, files_, sql_;
  Parts parts_;
  SweepService sweep_service_;
  WorkerService worker_service_;
  std::unique_ptr<ServerCredentialsFiles> tls_files_;
  std::unique_ptr<grpc::Server> server_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<Server>> Server::Start(const ServerOptions& options, store::Store* store,
                                                      store::Queries* queries, store::ArtifactStore* artifacts,
                                                      const runtime::Clock* clock) {
  auto server = std::make_unique<GrpcServer>(options, queries, artifacts, clock);
  const absl::Status begun = server->Begin(options, store, clock);
  if (!begun.ok()) return begun;
  return server;
}

}  // namespace basin::server::rpc
