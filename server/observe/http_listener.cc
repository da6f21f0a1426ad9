#include "server/observe/http_listener.h"

#include <microhttpd.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <string_view>
#include <utility>

#include "absl/strings/str_cat.h"

namespace basin::server::observe {
namespace {

constexpr size_t kBytesOfConnection = 16384;
// Connections that are being ended count for the library until it has closed them.
constexpr size_t kEnding = 16;

int PortOf(int socket) {
  sockaddr_storage address{};
  socklen_t size = sizeof(address);
  getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size);
  // At the same place for both families.
  return ntohs(reinterpret_cast<const sockaddr_in*>(&address)->sin_port);
}

// Who may be one peer: an IPv4 address, or the /64 network of an IPv6 address.
std::string PeerOf(const sockaddr* address) {
  if (address == nullptr) return "";
  if (address->sa_family == AF_INET) {
    const in_addr& four = reinterpret_cast<const sockaddr_in*>(address)->sin_addr;
    return std::string(reinterpret_cast<const char*>(&four), sizeof(four));
  }
  if (address->sa_family != AF_INET6) return "";
  const in6_addr& six = reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr;
  return IN6_IS_ADDR_V4MAPPED(&six) ? std::string(reinterpret_cast<const char*>(&six) + 12, 4)
                                    : std::string(reinterpret_cast<const char*>(&six), 8);
}

class Listener : public HttpListener {
 public:
  Listener(rpc::ListenAddress address, HttpPages pages, const HttpLimits& limits)
      : address_(std::move(address)), pages_(std::move(pages)), limits_(limits), connections_(limits) {}

  ~Listener() override {
    if (daemon_ != nullptr) MHD_stop_daemon(daemon_);  // Closes all connections.
  }

  absl::Status Begin() {
    const absl::StatusOr<int> socket = rpc::ListenOn(address_);
    if (!socket.ok()) return socket.status();
    address_.port = PortOf(*socket);
    daemon_ = MHD_start_daemon(
        MHD_USE_POLL_INTERNAL_THREAD, 0, nullptr, nullptr, &Listener::OnRequest, this, MHD_OPTION_LISTEN_SOCKET,
        *socket, MHD_OPTION_CONNECTION_LIMIT, static_cast<unsigned>(limits_.connections + kEnding),
        MHD_OPTION_CONNECTION_TIMEOUT, static_cast<unsigned>(limits_.idle.count()), MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        kBytesOfConnection, MHD_OPTION_NOTIFY_CONNECTION, &Listener::OnConnection, this, MHD_OPTION_END);
    if (daemon_ != nullptr) return absl::OkStatus();
    close(*socket);
    return absl::UnavailableError(absl::StrCat("cannot serve HTTP on ", address_.ToString()));
  }

  const rpc::ListenAddress& address() const override { return address_; }

 private:
  struct Page {
    unsigned status;
    std::string text;
    const char* type = "text/plain";
  };

  static void OnConnection(void* self, MHD_Connection* connection, void** context,
                           MHD_ConnectionNotificationCode code) {
    HttpConnections& connections = static_cast<Listener*>(self)->connections_;
    if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
      connections.Remove(static_cast<HttpConnections::Connection*>(*context));
      return;
    }
    const int socket = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
    const sockaddr* peer = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CLIENT_ADDRESS)->client_addr;
    *context = connections.Add(socket, PeerOf(peer));
  }

  // Called with a request's header, with each piece of its body, and at its end.
  static MHD_Result OnRequest(void* self, MHD_Connection* connection, const char* path, const char* method,
                              const char* /*version*/, const char* /*body*/, size_t* body_bytes, void** state) {
    const auto& listener = *static_cast<const Listener*>(self);
    static char header_seen = 0;
    const bool is_header = std::exchange(*state, &header_seen) == nullptr;
    if (is_header) {
      if (!listener.HasPage(path)) return listener.Answer(connection, {MHD_HTTP_NOT_FOUND, "not found\n"});
      if (std::string_view(method) != MHD_HTTP_METHOD_GET && std::string_view(method) != MHD_HTTP_METHOD_HEAD) {
        return listener.Answer(connection, {MHD_HTTP_METHOD_NOT_ALLOWED, "only GET and HEAD\n"});
      }
      return MHD_YES;
    }
    if (*body_bytes > 0) {
      *body_bytes = 0;
      return MHD_YES;
    }
    return listener.Answer(connection, listener.Get(path));
  }

  static bool HasPage(std::string_view path) { return path == "/metrics" || path == "/livez" || path == "/readyz"; }

  Page Get(std::string_view path) const {
    if (path == "/metrics") return {MHD_HTTP_OK, pages_.metrics(), "text/plain; version=0.0.4; charset=utf-8"};
    const absl::Status status = path == "/livez" ? pages_.live() : pages_.ready();
    if (status.ok()) return {MHD_HTTP_OK, "ok\n"};
    return {MHD_HTTP_SERVICE_UNAVAILABLE, absl::StrCat(status.message(), "\n")};
  }

  MHD_Result Answer(MHD_Connection* connection, Page page) const {
    MHD_Response* response = MHD_create_response_from_buffer(page.text.size(), page.text.data(), MHD_RESPMEM_MUST_COPY);
    if (response == nullptr) return MHD_NO;
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, page.type);
    if (page.status == MHD_HTTP_METHOD_NOT_ALLOWED) {
      MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
    }
    const void* context = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;
    if (connections_.IsLate(*static_cast<const HttpConnections::Connection*>(context))) {
      MHD_add_response_header(response, MHD_HTTP_HEADER_CONNECTION, "close");
    }
    const MHD_Result queued = MHD_queue_response(connection, page.status, response);
    MHD_destroy_response(response);
    return queued;
  }

  rpc::ListenAddress address_;
  const HttpPages pages_;
  const HttpLimits limits_;
  HttpConnections connections_;
  MHD_Daemon* daemon_ = nullptr;
};

}  // namespace

absl::StatusOr<std::unique_ptr<HttpListener>> HttpListener::Start(rpc::ListenAddress address, HttpPages pages,
                                                                  const HttpLimits& limits) {
  auto listener = std::make_unique<Listener>(std::move(address), std::move(pages), limits);
  const absl::Status begun = listener->Begin();
  if (!begun.ok()) return begun;
  return listener;
}

}  // namespace basin::server::observe
