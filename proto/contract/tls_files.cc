#include "proto/contract/tls_files.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"

namespace basin::contract {
namespace {

struct Free {
  void operator()(std::FILE* file) const { std::fclose(file); }
  void operator()(X509* certificate) const { X509_free(certificate); }
  void operator()(EVP_PKEY* key) const { EVP_PKEY_free(key); }
  void operator()(BIO* bio) const { BIO_free(bio); }
};
using File = std::unique_ptr<std::FILE, Free>;
using Certificate = std::unique_ptr<X509, Free>;
using Key = std::unique_ptr<EVP_PKEY, Free>;

absl::StatusOr<File> Open(const std::string& what, const std::string& path) {
  File file(std::fopen(path.c_str(), "re"));
  if (file == nullptr) {
    return absl::NotFoundError(absl::StrCat("cannot read ", what, " ", path, ": ", std::strerror(errno)));
  }
  return file;
}

std::string TimeText(const ASN1_TIME* time) {
  const std::unique_ptr<BIO, Free> out(BIO_new(BIO_s_mem()));
  ASN1_TIME_print(out.get(), time);
  char* text = nullptr;
  const long size = BIO_get_mem_data(out.get(), &text);
  return std::string(text, static_cast<size_t>(size));
}

absl::StatusOr<Certificate> ReadCertificate(const std::string& what, const std::string& path) {
  absl::StatusOr<File> file = Open(what, path);
  if (!file.ok()) return file.status();
  Certificate certificate(PEM_read_X509(file->get(), nullptr, nullptr, nullptr));
  ERR_clear_error();
  if (certificate == nullptr) return absl::InvalidArgumentError(absl::StrCat(what, " ", path, " is not in PEM"));
  if (X509_cmp_current_time(X509_get0_notBefore(certificate.get())) > 0) {
    return absl::UnauthenticatedError(absl::StrCat(what, " ", path, " is not valid before ",
                                                   TimeText(X509_get0_notBefore(certificate.get())),
                                                   "; is this machine's clock right?"));
  }
  if (X509_cmp_current_time(X509_get0_notAfter(certificate.get())) < 0) {
    return absl::UnauthenticatedError(absl::StrCat(what, " ", path, " expired on ",
                                                   TimeText(X509_get0_notAfter(certificate.get())),
                                                   "; make a new one, for example with deploy/make-certs"));
  }
  return certificate;
}

int NoPassphrase(char*, int, int, void*) { return -1; }

absl::Status CheckIdentity(const std::string& certificate_path, const std::string& key_path) {
  const absl::StatusOr<Certificate> certificate = ReadCertificate("the certificate", certificate_path);
  if (!certificate.ok()) return certificate.status();
  const absl::StatusOr<File> file = Open("the key", key_path);
  if (!file.ok()) return file.status();
  struct stat info;
  if (fstat(fileno(file->get()), &info) == 0 && (info.st_mode & S_IROTH) != 0) {
    return absl::FailedPreconditionError(
        absl::StrCat("everybody on this machine may read the key ", key_path, "; run `chmod 600 ", key_path, "`"));
  }
  const Key key(PEM_read_PrivateKey(file->get(), nullptr, NoPassphrase, nullptr));
  const bool pair = key != nullptr && X509_check_private_key(certificate->get(), key.get()) == 1;
  ERR_clear_error();
  if (key == nullptr) {
    return absl::InvalidArgumentError(absl::StrCat("the key ", key_path, " is not a key in PEM without a passphrase"));
  }
  if (!pair) {
    return absl::InvalidArgumentError(
        absl::StrCat("the key ", key_path, " does not belong to the certificate ", certificate_path));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status CheckTlsFiles(const TlsFiles& files) {
  if (!files.ca.empty()) {
    const absl::Status authority = ReadCertificate("the authority's certificate", files.ca).status();
    if (!authority.ok()) return authority;
  }
  if (files.certificate.empty() != files.key.empty()) {
    return absl::InvalidArgumentError(files.key.empty()
                                          ? absl::StrCat("the certificate ", files.certificate, " has no key beside it")
                                          : absl::StrCat("the key ", files.key, " has no certificate beside it"));
  }
  return files.certificate.empty() ? absl::OkStatus() : CheckIdentity(files.certificate, files.key);
}

}  // namespace basin::contract
