#include "server/observe/http_listener.h"

#include <sys/socket.h>

#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "httplib.h"

namespace basin::server::observe {
namespace {

constexpr size_t kThreads = 2, kMaxRequestBytes = 4096, kMaxCallsOfConnection = 100;
constexpr time_t kTimeoutSeconds = 5;

class Listener : public HttpListener {
 public:
  Listener(rpc::ListenAddress address, HttpPages pages) : address_(std::move(address)), pages_(std::move(pages)) {
    server_.new_task_queue = [] { return new httplib::ThreadPool(kThreads); };
    server_.set_payload_max_length(kMaxRequestBytes);
    server_.set_keep_alive_max_count(kMaxCallsOfConnection);
    server_.set_keep_alive_timeout(kTimeoutSeconds);
    server_.set_read_timeout(kTimeoutSeconds);
    server_.set_write_timeout(kTimeoutSeconds);
    // The library's own choice, SO_REUSEPORT, would let two servers share the port.
    server_.set_socket_options([](socket_t socket) {
      const int yes = 1;
      setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
    });
    server_.Get("/metrics", [this](const httplib::Request&, httplib::Response& response) {
      response.set_content(pages_.metrics(), "text/plain; version=0.0.4; charset=utf-8");
    });
    AddCheck("/livez", &pages_.live);
    AddCheck("/readyz", &pages_.ready);
  }

  ~Listener() override {
    server_.stop();
    if (thread_.joinable()) thread_.join();
  }

  absl::Status Begin() {
    if (address_.port == 0) {
      const int port = server_.bind_to_any_port(address_.host);
      if (port <= 0) return rpc::CannotListen(address_);
      address_.port = port;
    } else if (!server_.bind_to_port(address_.host, address_.port)) {
      return rpc::CannotListen(address_);
    }
    thread_ = std::thread([this] { server_.listen_after_bind(); });
    // Before it runs, stop() would do nothing.
    while (!server_.is_running()) std::this_thread::yield();
    return absl::OkStatus();
  }

  const rpc::ListenAddress& address() const override { return address_; }

 private:
  void AddCheck(const char* path, const std::function<absl::Status()>* check) {
    server_.Get(path, [check](const httplib::Request&, httplib::Response& response) {
      const absl::Status status = (*check)();
      response.status = status.ok() ? 200 : 503;
      response.set_content(status.ok() ? "ok\n" : absl::StrCat(status.message(), "\n"), "text/plain");
    });
  }

  rpc::ListenAddress address_;
  const HttpPages pages_;
  httplib::Server server_;
  std::thread thread_;
};

}  // namespace

absl::StatusOr<std::unique_ptr<HttpListener>> HttpListener::Start(rpc::ListenAddress address, HttpPages pages) {
  auto listener = std::make_unique<Listener>(std::move(address), std::move(pages));
  const absl::Status begun = listener->Begin();
  if (!begun.ok()) return begun;
  return listener;
}

}  // namespace basin::server::observe
