#pragma once

#include <filesystem>
#include <functional>
#include <istream>
#include <memory>
#include <ostream>
#include <string>
#include <string_view>
#include <vector>

#include "client/api/client.h"
#include "client/format/row_writer.h"

namespace basin::client::cli {

// The surroundings that main gives; tests give others.
struct Environment {
  std::istream* in;
  std::ostream* out;
  std::ostream* err;
  // Width in cells where the stream is a terminal, else 0.
  size_t out_terminal_width = 0;
  size_t err_terminal_width = 0;
  // An environment variable, or empty.
  std::function<std::string(const char* name)> variable = [](const char*) { return std::string(); };
  // Where this program lies, and beside it basin-server and basin-worker.
  std::filesystem::path program_dir = {};
};

struct GlobalFlags {
  std::string server;                     // Empty: the environment's, or the default.
  std::string format;                     // Empty: the command's default.
  contract::CredentialFiles credentials;  // Empty ones: the environment's.
  bool no_color = false;
  bool quiet = false;
};

// What a running command has.
class Context {
 public:
  Context(const Environment& environment, const GlobalFlags& flags, std::string default_format);

  const Environment& environment() const { return environment_; }
  std::string address() const;
  contract::CredentialFiles credentials() const;
  api::Client& client();
  // From now on the server is the one at `address`, in plaintext, tried again for at most `patience_seconds`.
  void UseServer(const std::string& address, double patience_seconds);
  // Closes the connection: a server that stops waits a while for clients that have one.
  void LeaveServer() { client_.reset(); }

  std::ostream& out() { return *environment_.out; }
  std::ostream& err() { return *environment_.err; }
  // For people: a line on stderr, unless --quiet.
  void Note(std::string_view line);
  // A line on stderr in any case.
  void Warn(std::string_view line);

  const std::string& format() const { return format_; }
  // Whether the user said so, or it is the command's own.
  bool chose_format() const { return !flags_.format.empty(); }
  bool human() const { return format_ == "table"; }
  bool quiet() const { return flags_.quiet; }
  bool ColorOn(size_t terminal_width) const;
  // Rows on stdout in the chosen format.
  std::unique_ptr<format::RowWriter> Rows(std::vector<format::Column> columns);

 private:
  const Environment& environment_;
  GlobalFlags flags_;
  const std::string format_;
  std::unique_ptr<api::Client> client_;
};

}  // namespace basin::client::cli
