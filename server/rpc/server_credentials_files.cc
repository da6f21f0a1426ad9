#include "server/rpc/server_credentials_files.h"

#include <fcntl.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <ctime>
#include <stop_token>
#include <utility>

#include "absl/strings/str_cat.h"
#include "server/runtime/log.h"

namespace basin::server::rpc {
namespace {

using runtime::Log;
using runtime::LogLevel;

constexpr std::chrono::seconds kBetweenLooks(1);

struct Free {
  void operator()(SSL_CTX* context) const { SSL_CTX_free(context); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(BIO* bio) const { BIO_free(bio); }
};
using Bio = std::unique_ptr<BIO, Free>;

int NoPassphrase(char*, int, int, void*) { return -1; }

std::string TextOf(BIO* bio) {
  char* text = nullptr;
  const long size = BIO_get_mem_data(bio, &text);
  return std::string(text, static_cast<size_t>(size));
}

absl::Status Unusable(const std::string& what) {
  const char* reason = ERR_reason_error_string(ERR_peek_last_error());
  ERR_clear_error();
  return absl::InvalidArgumentError(absl::StrCat(
      what, " can't be used for TLS: ", reason == nullptr ? "unreadable" : reason, "; put one there that can"));
}

std::string TimeText(const ASN1_TIME* time) {
  std::tm parts{};
  char text[32] = "";
  if (ASN1_TIME_to_tm(time, &parts) == 1) std::strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

// All certificates of the file, in one form.
absl::StatusOr<std::string> LoadAuthority(const std::string& path) {
  const std::string what = absl::StrCat("the authority's certificate ", path);
  ERR_clear_error();
  const Bio in(BIO_new_file(path.c_str(), "re")), out(BIO_new(BIO_s_mem()));
  if (in == nullptr) return Unusable(what);
  while (true) {
    const std::unique_ptr<X509, Free> certificate(PEM_read_bio_X509(in.get(), nullptr, NoPassphrase, nullptr));
    if (certificate == nullptr) break;
    PEM_write_bio_X509(out.get(), certificate.get());
  }
  std::string text = TextOf(out.get());
  if (text.empty() || ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE) return Unusable(what);
  ERR_clear_error();
  return text;
}

}  // namespace

MemoryFile::~MemoryFile() {
  if (file_ >= 0) close(file_);
}

absl::Status MemoryFile::Replace(const std::string& content) {
  const auto failed = [](int fresh) {
    const absl::Status status =
        absl::ResourceExhaustedError(absl::StrCat("no memory file can be made: ", std::strerror(errno)));
    if (fresh >= 0) close(fresh);
    return status;
  };
  const int fresh = memfd_create("tls", MFD_CLOEXEC);
  if (fresh < 0) return failed(fresh);
  for (size_t done = 0; done < content.size();) {
    const ssize_t wrote = write(fresh, content.data() + done, content.size() - done);
    if (wrote < 0 && errno != EINTR) return failed(fresh);
    if (wrote > 0) done += static_cast<size_t>(wrote);
  }
  // gRPC opens the path for the key and again for the certificate, and once more for both if the time has changed.
  const timespec version{.tv_sec = ++version_, .tv_nsec = 0};
  const timespec times[2] = {version, version};
  if (futimens(fresh, times) != 0) return failed(fresh);
  if (file_ < 0) {
    file_ = fresh;
    return absl::OkStatus();
  }
  if (dup3(fresh, file_, O_CLOEXEC) < 0) return failed(fresh);
  close(fresh);
  return absl::OkStatus();
}

std::string MemoryFile::path() const { return absl::StrCat("/proc/self/fd/", file_); }

absl::StatusOr<ServerCredentialsFiles::Content> ServerCredentialsFiles::Load(const contract::TlsFiles& files) {
  const absl::Status usable = contract::CheckTlsFiles(files);
  if (!usable.ok()) return usable;
  Content content;
  // What is published is what OpenSSL has taken: the files may change meanwhile.
  ERR_clear_error();
  const std::unique_ptr<SSL_CTX, Free> context(SSL_CTX_new(TLS_server_method()));
  SSL_CTX_set_default_passwd_cb(context.get(), NoPassphrase);
  if (SSL_CTX_use_certificate_chain_file(context.get(), files.certificate.c_str()) != 1) {
    return Unusable(absl::StrCat("the certificate ", files.certificate));
  }
  if (SSL_CTX_use_PrivateKey_file(context.get(), files.key.c_str(), SSL_FILETYPE_PEM) != 1) {
    return Unusable(absl::StrCat("the key ", files.key));
  }
  const Bio out(BIO_new(BIO_s_mem()));
  PEM_write_bio_PrivateKey(out.get(), SSL_CTX_get0_privatekey(context.get()), nullptr, nullptr, 0, nullptr, nullptr);
  X509* const leaf = SSL_CTX_get0_certificate(context.get());
  PEM_write_bio_X509(out.get(), leaf);
  STACK_OF(X509)* chain = nullptr;
  SSL_CTX_get0_chain_certs(context.get(), &chain);
  for (int i = 0; i < sk_X509_num(chain); ++i) PEM_write_bio_X509(out.get(), sk_X509_value(chain, i));
  content.identity = TextOf(out.get());
  content.valid_until = TimeText(X509_get0_notAfter(leaf));
  if (!files.ca.empty()) {
    absl::StatusOr<std::string> ca = LoadAuthority(files.ca);
    if (!ca.ok()) return ca.status();
    content.ca = *std::move(ca);
  }
  return content;
}

absl::Status ServerCredentialsFiles::Take(const Content& content) {
  if (!content.ca.empty()) {
    const absl::Status replaced = ca_.Replace(content.ca);
    if (!replaced.ok()) return replaced;
  }
  const absl::Status replaced = identity_.Replace(content.identity);
  if (replaced.ok()) in_use_ = content;
  return replaced;
}

absl::StatusOr<std::unique_ptr<ServerCredentialsFiles>> ServerCredentialsFiles::Open(const contract::TlsFiles& files) {
  const absl::StatusOr<Content> content = Load(files);
  if (!content.ok()) return content.status();
  std::unique_ptr<ServerCredentialsFiles> opened(new ServerCredentialsFiles(files));
  const absl::Status taken = opened->Take(*content);
  if (!taken.ok()) return taken;
  return opened;
}

ServerCredentialsFiles::~ServerCredentialsFiles() = default;

contract::TlsFiles ServerCredentialsFiles::in_use() const {
  return {.ca = files_.ca.empty() ? "" : ca_.path(), .certificate = identity_.path(), .key = identity_.path()};
}

void ServerCredentialsFiles::Look() {
  absl::StatusOr<Content> loaded = Load(files_);
  Content now;
  if (loaded.ok()) {
    now = *std::move(loaded);
  } else {
    now.fault = std::string(loaded.status().message());
  }
  const bool settled = std::exchange(last_, now) == now;
  if (now == in_use_) {
    if (!std::exchange(told_, "").empty()) Log(LogLevel::kInfo, "the TLS files are good again, and those in use");
    return;
  }
  if (!settled) return;
  if (now.fault.empty()) now.fault = std::string(Take(now).message());
  if (now.fault.empty()) {
    told_.clear();
    Log(LogLevel::kInfo, "new TLS files are in use",
        {{"certificate", files_.certificate}, {"valid_until", now.valid_until}});
  } else if (std::exchange(told_, now.fault) != now.fault) {
    Log(LogLevel::kError, "the TLS files can't be used; those of before stay in use until they are put right",
        {{"reason", now.fault}});
  }
}

void ServerCredentialsFiles::Watch() {
  watch_ = std::jthread([this](std::stop_token stop) {
    std::unique_lock lock(mutex_);
    while (!stop.stop_requested()) {
      Look();
      wake_.wait_for(lock, stop, kBetweenLooks, [] { return false; });
    }
  });
}

}  // namespace basin::server::rpc
