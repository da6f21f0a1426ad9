#include "client/cli/context.h"

#include <utility>

#include "client/format/color.h"
#include "client/format/text_width.h"

namespace basin::client::cli {

Context::Context(const Environment& environment, const GlobalFlags& flags, std::string default_format)
    : environment_(environment),
      flags_(flags),
      format_(flags.format.empty() ? std::move(default_format) : flags.format) {}

std::string Context::address() const {
  if (!flags_.server.empty()) return flags_.server;
  const std::string from_environment = environment_.variable("BASIN_SERVER");
  return from_environment.empty() ? "127.0.0.1:7077" : from_environment;
}

contract::CredentialFiles Context::credentials() const {
  const auto either = [this](const std::string& flag, const char* variable) {
    return flag.empty() ? environment_.variable(variable) : flag;
  };
  const contract::CredentialFiles& flags = flags_.credentials;
  return {.ca = either(flags.ca, "BASIN_CACERT"),
          .certificate = either(flags.certificate, "BASIN_CERT"),
          .key = either(flags.key, "BASIN_KEY"),
          .token = either(flags.token, "BASIN_TOKEN_FILE")};
}

api::Client& Context::client() {
  if (!client_) {
    client_ = std::make_unique<api::Client>(address(), api::ClientOptions{.credentials = credentials()});
  }
  return *client_;
}

void Context::UseServer(const std::string& address, double patience_seconds) {
  flags_.server = address;
  client_ = std::make_unique<api::Client>(
      address,
      api::ClientOptions{.first_patience_seconds = patience_seconds,
                         .patience_seconds = patience_seconds,
                         .credentials = {.ca = "", .certificate = "", .key = "", .token = credentials().token}});
}

void Context::Note(std::string_view line) {
  if (!flags_.quiet) err() << format::PrintableLines(line) << std::endl;
}

void Context::Warn(std::string_view line) {
  const std::string text = format::PrintableLines(line);
  const bool color = ColorOn(environment_.err_terminal_width);
  err() << (color ? format::Paint(text, format::Color::kYellow) : text) << std::endl;
}

bool Context::ColorOn(size_t terminal_width) const {
  return terminal_width > 0 && !flags_.no_color && environment_.variable("NO_COLOR").empty() &&
         environment_.variable("TERM") != "dumb";
}

std::unique_ptr<format::RowWriter> Context::Rows(std::vector<format::Column> columns) {
  format::Format how = format::Format::kTable;
  if (format_ == "json") how = format::Format::kJson;
  if (format_ == "jsonl") how = format::Format::kJsonLines;
  if (format_ == "csv") how = format::Format::kCsv;
  const format::Look look{.color = ColorOn(environment_.out_terminal_width), .width = environment_.out_terminal_width};
  return format::RowWriter::Create(how, std::move(columns), look, environment_.out);
}

}  // namespace basin::client::cli
