#include "proto/contract/tls_probe.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <cmath>
#include <memory>
#include <string_view>

#include "absl/strings/str_cat.h"

namespace basin::contract {
namespace {

struct Free {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  void operator()(SSL* connection) const { SSL_free(connection); }
  void operator()(addrinfo* addresses) const { freeaddrinfo(addresses); }
};

class Socket {
 public:
  explicit Socket(int file) : file_(file) {}
  ~Socket() {
    if (file_ >= 0) close(file_);
  }
  int file() const { return file_; }

 private:
  const int file_;
};

// OpenSSL writes to a connection that the other side has closed: that is an error to be told, not the process's end.
class WithoutSigpipe {
 public:
  WithoutSigpipe() {
    sigemptyset(&pipe_);
    sigaddset(&pipe_, SIGPIPE);
    pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  ~WithoutSigpipe() {
    constexpr timespec kNow{};
    if (sigismember(&before_, SIGPIPE) == 0) sigtimedwait(&pipe_, nullptr, &kNow);
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  WithoutSigpipe(const WithoutSigpipe&) = delete;
  WithoutSigpipe& operator=(const WithoutSigpipe&) = delete;

 private:
  sigset_t pipe_{}, before_{};
};

std::string HostOf(const std::string& target) {
  std::string host = target.substr(0, target.rfind(':'));
  if (host.size() > 1 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  return host;
}

int Connect(const std::string& target, double seconds) {
  const std::string host = HostOf(target), port = target.substr(target.rfind(':') + 1);
  const addrinfo wanted{.ai_flags = 0,
                        .ai_family = AF_UNSPEC,
                        .ai_socktype = SOCK_STREAM,
                        .ai_protocol = 0,
                        .ai_addrlen = 0,
                        .ai_addr = nullptr,
                        .ai_canonname = nullptr,
                        .ai_next = nullptr};
  addrinfo* found = nullptr;
  if (getaddrinfo(host.c_str(), port.c_str(), &wanted, &found) != 0) return -1;
  const std::unique_ptr<addrinfo, Free> addresses(found);
  const timeval limit{.tv_sec = static_cast<time_t>(seconds),
                      .tv_usec = static_cast<suseconds_t>((seconds - std::floor(seconds)) * 1e6)};
  for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
    const int file = socket(one->ai_family, one->ai_socktype | SOCK_CLOEXEC, one->ai_protocol);
    if (file < 0) continue;
    setsockopt(file, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    setsockopt(file, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
    if (connect(file, one->ai_addr, one->ai_addrlen) == 0) return file;
    close(file);
  }
  return -1;
}

void ExpectHost(SSL* connection, const std::string& host) {
  X509_VERIFY_PARAM* expected = SSL_get0_param(connection);
  if (X509_VERIFY_PARAM_set1_ip_asc(expected, host.c_str()) == 1) return;
  ERR_clear_error();
  SSL_set1_host(connection, host.c_str());
  SSL_set_tlsext_host_name(connection, host.c_str());
}

absl::Status Untrusted(long fault, const std::string& target, const TlsFiles& files) {
  const std::string server = absl::StrCat("the server at ", target);
  switch (fault) {
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return absl::UnauthenticatedError(
          absl::StrCat(server, " shows a certificate that has expired; its operator must renew it"));
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return absl::UnauthenticatedError(
          absl::StrCat(server, " shows a certificate that is not valid yet; is this machine's clock right?"));
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return absl::UnauthenticatedError(absl::StrCat(server, " shows a certificate that is not for '", HostOf(target),
                                                     "'; use the name it was made for, or have that name added to it"));
    default:
      return absl::UnauthenticatedError(absl::StrCat(
          server, " shows a certificate that ",
          files.ca.empty() ? std::string("no authority of this machine") : absl::StrCat("the authority in ", files.ca),
          " has not signed (", X509_verify_cert_error_string(fault), "); name the right one with --cacert"));
  }
}

// What a handshake that failed, or the first read after it, means.
absl::Status Refused(const std::string& target, const TlsFiles& files) {
  const unsigned long error = ERR_get_error();
  const int reason = ERR_GET_REASON(error);
  ERR_clear_error();
  const std::string server = absl::StrCat("the server at ", target);
  if (reason == SSL_R_WRONG_VERSION_NUMBER || reason == SSL_R_HTTP_REQUEST) {
    return absl::UnauthenticatedError(absl::StrCat(
        server, " does not speak TLS; leave out --cacert, --cert and --key, or start it with --cert-file"));
  }
  if (error == 0) return absl::UnavailableError(absl::StrCat(server, " ended the connection"));
  if (files.certificate.empty()) {
    return absl::UnauthenticatedError(absl::StrCat(server, " asks for a certificate; name one with --cert and --key"));
  }
  if (reason == SSL_R_SSLV3_ALERT_CERTIFICATE_EXPIRED) {
    return absl::UnauthenticatedError(
        absl::StrCat(server, " says that the certificate ", files.certificate, " has expired; make a new one"));
  }
  const char* why = ERR_reason_error_string(error);
  return absl::UnauthenticatedError(absl::StrCat(server, " refuses the certificate ", files.certificate, " (",
                                                 why == nullptr ? "no reason given" : why,
                                                 "); use one that its --trusted-ca-file has signed"));
}

// A connection over `socket` with the client's settings, before its handshake.
class Handshake {
 public:
  Handshake(int socket, const std::string& target, const TlsFiles& files) : context_(SSL_CTX_new(TLS_client_method())) {
    SSL_CTX_set_min_proto_version(context_.get(), TLS1_2_VERSION);
    SSL_CTX_set_verify(context_.get(), SSL_VERIFY_PEER, nullptr);
    if (files.ca.empty()) {
      SSL_CTX_set_default_verify_paths(context_.get());
    } else {
      SSL_CTX_load_verify_locations(context_.get(), files.ca.c_str(), nullptr);
    }
    if (!files.certificate.empty()) {
      SSL_CTX_use_certificate_chain_file(context_.get(), files.certificate.c_str());
      SSL_CTX_use_PrivateKey_file(context_.get(), files.key.c_str(), SSL_FILETYPE_PEM);
    }
    static constexpr unsigned char kHttp2[] = {2, 'h', '2'};
    SSL_CTX_set_alpn_protos(context_.get(), kHttp2, sizeof(kHttp2));
    connection_.reset(SSL_new(context_.get()));
    ExpectHost(connection_.get(), HostOf(target));
    SSL_set_fd(connection_.get(), socket);
    ERR_clear_error();
  }
  SSL* connection() const { return connection_.get(); }

 private:
  const std::unique_ptr<SSL_CTX, Free> context_;
  std::unique_ptr<SSL, Free> connection_;
};

}  // namespace

absl::Status ProbeTls(const std::string& target, const TlsFiles& files, double seconds) {
  const absl::Status usable = CheckTlsFiles(files);
  if (!usable.ok()) return usable;
  const WithoutSigpipe without_sigpipe;
  const Socket socket(Connect(target, seconds));
  if (socket.file() < 0) return absl::UnavailableError(absl::StrCat("nothing answers at ", target));
  const Handshake handshake(socket.file(), target, files);
  SSL* const connection = handshake.connection();
  if (SSL_connect(connection) != 1) {
    const long fault = SSL_get_verify_result(connection);
    if (fault == X509_V_OK) return Refused(target, files);
    ERR_clear_error();
    return Untrusted(fault, target, files);
  }
  // In TLS 1.3 a server that refuses the client's certificate says so after the client's handshake. Else it speaks
  // first too: HTTP/2's settings.
  char byte = 0;
  if (SSL_read(connection, &byte, 1) == 1) return absl::OkStatus();
  return Refused(target, files);
}

absl::Status ExplainUnavailable(const std::string& target, const CredentialFiles& files) {
  constexpr double kSeconds = 2;
  if (files.tls()) {
    const absl::Status probed = ProbeTls(target, {files.ca, files.certificate, files.key}, kSeconds);
    return absl::IsUnavailable(probed) ? absl::OkStatus() : probed;
  }
  const WithoutSigpipe without_sigpipe;
  const Socket socket(Connect(target, kSeconds));
  if (socket.file() < 0) return absl::OkStatus();
  const Handshake handshake(socket.file(), target, {});
  SSL_set_verify(handshake.connection(), SSL_VERIFY_NONE, nullptr);
  const bool speaks_tls = SSL_connect(handshake.connection()) == 1;
  ERR_clear_error();
  if (!speaks_tls) return absl::OkStatus();
  return absl::UnauthenticatedError(
      absl::StrCat("the server at ", target, " speaks TLS; name the authority of its certificate with --cacert"));
}

}  // namespace basin::contract
