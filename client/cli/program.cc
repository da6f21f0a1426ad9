#include "client/cli/program.h"

#include <algorithm>
#include <exception>
#include <set>

#include "absl/strings/str_join.h"
#include "client/api/exit_code.h"
#include "client/cli/help.h"
#include "client/format/color.h"
#include "client/format/text_width.h"
#include "proto/contract/field_path.h"
#include "proto/contract/version.h"
#include "proto/contract/violation.h"

namespace basin::client::cli {
namespace {

// Empty if `text` is HOST:PORT, else what is wrong.
std::string AddressFault(const std::string& text) {
  const size_t colon = text.rfind(':');
  const std::string port = colon == std::string::npos ? "" : text.substr(colon + 1);
  const bool number = !port.empty() && port.size() <= 5 && port.find_first_not_of("0123456789") == std::string::npos;
  return colon > 0 && number && std::stoi(port) <= 65535 ? "" : "`" + text + "` is not HOST:PORT";
}

// The same flags before and after the command's name.
void AddGlobalFlags(CLI::App* app, GlobalFlags* flags, const std::vector<std::string>& formats) {
  app->add_option("--server", flags->server, "The coordinator (env BASIN_SERVER; default 127.0.0.1:7077)")
      ->option_text("HOST:PORT")
      ->check(AddressFault)
      ->group(kEverywhere);
  app->add_option("--cacert", flags->credentials.ca, "PEM file of the authority of the server's certificate; use TLS")
      ->option_text("FILE")
      ->group(kEverywhere);
  app->add_option("--cert", flags->credentials.certificate, "PEM file of this client's certificate (mutual TLS)")
      ->option_text("FILE")
      ->group(kEverywhere);
  app->add_option("--key", flags->credentials.key, "PEM file of the certificate's key")
      ->option_text("FILE")
      ->group(kEverywhere);
  app->add_option("--token-file", flags->credentials.token,
                  "File with the token to show (env BASIN_TOKEN_FILE; also BASIN_CACERT, BASIN_CERT, BASIN_KEY)")
      ->option_text("FILE")
      ->group(kEverywhere);
  app->add_option("-o,--format", flags->format, "How rows are written; the default is " + formats.front())
      ->option_text(absl::StrJoin(formats, "|"))
      ->group(kEverywhere);
  app->add_flag("--no-color", flags->no_color, "No colors on a terminal (also env NO_COLOR)")->group(kEverywhere);
  app->add_flag("--quiet", flags->quiet, "Only data and errors")->group(kEverywhere);
  app->set_help_flag("-h,--help", "Print this help")->group(kEverywhere);
}

void PrintError(const Environment& environment, const GlobalFlags& flags, const std::string& text) {
  Context context(environment, flags, "");
  const bool color = context.ColorOn(environment.err_terminal_width);
  *environment.err << (color ? format::Paint("basin: ", format::Color::kRed) : "basin: ") << text << std::endl;
}

// One line, or a line for each of several faults.
std::string ErrorText(const absl::Status& status) {
  const std::vector<contract::Violation> violations = contract::ViolationsOf(status);
  if (violations.size() < 2) {
    return format::PrintableLines(std::string(status.message()));
  }
  std::string text = "the request is invalid:";
  for (const contract::Violation& violation : violations) {
    text += "\n  " + format::Printable(violation.path + ": " + violation.description);
  }
  return text;
}

int UsageError(const Environment& environment, const Parser& parser, const std::string& text) {
  const auto chosen = parser.app->get_subcommands();
  PrintError(environment, parser.flags, text);
  *environment.err << "See `basin " << (chosen.empty() ? "" : chosen.front()->get_name() + " ") << "--help`."
                   << std::endl;
  return api::kUsage;
}

// The message of a command line that does not parse.
std::string Explain(const CLI::ParseError& error, const std::vector<std::string>& args, const Parser& parser) {
  if (!parser.app->get_subcommands().empty()) return error.what();
  std::vector<std::string> names;
  for (const Command& command : Commands()) names.push_back(command.name);
  for (size_t i = 0; i < args.size(); ++i) {
    if (args[i].starts_with('-')) {
      static const std::set<std::string> with_value = {"--server", "--format", "-o",          "--cacert",
                                                       "--cert",   "--key",    "--token-file"};
      if (with_value.contains(args[i])) ++i;
      continue;
    }
    const std::string near = contract::NearestName(args[i], names);
    return "there is no command `" + args[i] + "`" + (near.empty() ? "" : "; did you mean `" + near + "`?");
  }
  return error.what();
}

}  // namespace

std::unique_ptr<Parser> MakeParser() {
  auto parser = std::make_unique<Parser>();
  parser->app =
      std::make_unique<CLI::App>("Hyperparameter sweeps over gradient descent: submit, watch, compare.", "basin");
  CLI::App& app = *parser->app;
  app.formatter(std::make_shared<HelpFormatter>());
  AddGlobalFlags(&app, &parser->flags, {"table", "json", "csv"});
  app.set_version_flag("--version", std::string("basin ") + contract::kVersion)->group(kEverywhere);
  app.require_subcommand(1);
  for (const Command& command : Commands()) {
    CLI::App* sub = app.add_subcommand(command.name, command.summary)->group(command.group);
    parser->actions.push_back(command.define(*sub));
    AddGlobalFlags(sub, &parser->flags, command.formats);
    sub->footer(command.example);
  }
  return parser;
}

int RunProgram(const std::vector<std::string>& args, const Environment& environment) {
  const std::unique_ptr<Parser> parser = MakeParser();
  CLI::App& app = *parser->app;
  if (args.empty()) {
    *environment.err << app.help();
    return api::kUsage;
  }
  try {
    std::vector<std::string> reversed(args.rbegin(), args.rend());
    app.parse(reversed);
  } catch (const CLI::Success& wanted) {  // --help, --version.
    app.exit(wanted, *environment.out, *environment.err);
    return api::kOk;
  } catch (const CLI::ParseError& error) {
    return UsageError(environment, *parser, Explain(error, args, *parser));
  }

  const std::string name = app.get_subcommands().front()->get_name();
  const auto command =
      std::find_if(Commands().begin(), Commands().end(), [&](const Command& c) { return c.name == name; });
  const std::vector<std::string>& formats = command->formats;
  if (!parser->flags.format.empty() &&
      std::find(formats.begin(), formats.end(), parser->flags.format) == formats.end()) {
    return UsageError(
        environment, *parser,
        "--format of `basin " + name + "` is " + absl::StrJoin(formats, ", ") + ", not `" + parser->flags.format + "`");
  }

  const bool names_server =
      !parser->flags.server.empty() || parser->flags.credentials.tls() || !parser->flags.credentials.token.empty();
  if (command->own_server && names_server) {
    return UsageError(environment, *parser,
                      "`basin " + name + "` starts a coordinator of its own and takes none of another one's flags " +
                          "(--server, --cacert, --cert, --key, --token-file); `basin submit` sends a sweep to one");
  }
  Context context(environment, parser->flags, formats.front());
  absl::StatusOr<int> code = api::kFailed;
  try {
    code = parser->actions[command - Commands().begin()](context);
  } catch (const std::exception& error) {  // Of a library: out of memory, a path that cannot be.
    code = absl::InternalError(error.what());
  }
  environment.out->flush();
  if (!code.ok()) {
    // A flag's address was checked before; the environment's matters to a command that calls a server.
    const std::string fault = absl::IsUnavailable(code.status()) ? AddressFault(context.address()) : "";
    if (!fault.empty()) return UsageError(environment, *parser, "BASIN_SERVER: " + fault);
    PrintError(environment, parser->flags, ErrorText(code.status()));
    return api::ExitCodeOf(code.status());
  }
  if (!*environment.out) {
    PrintError(environment, parser->flags, "the output could not be written");
    return api::kFailed;
  }
  return *code;
}

}  // namespace basin::client::cli
