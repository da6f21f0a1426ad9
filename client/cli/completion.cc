#include "client/cli/completion.h"

#include <memory>
#include <vector>

#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "client/api/exit_code.h"
#include "client/cli/commands.h"
#include "client/cli/program.h"

namespace basin::client::cli {
namespace {

// What may stand for an option's value, told from its text in the help.
struct Values {
  std::vector<std::string> words;
  bool path = false;
};

Values ValuesOf(const CLI::Option& option) {
  const std::string text = option.get_option_text();
  Values values;
  if (text.find('|') != std::string::npos) values.words = absl::StrSplit(text, '|');
  values.path = text == "SPEC" || text == "FILE" || text == "DIR";
  return values;
}

bool TakesValue(const CLI::Option& option) { return option.get_items_expected_max() > 0; }

std::vector<std::string> Dashed(const CLI::Option& option) {
  std::vector<std::string> names;
  for (const std::string& name : option.get_snames()) names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) names.push_back("--" + name);
  return names;
}

std::string ShellQuoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

// One case a command: how to complete after an option with a value, the options, the first argument.
std::string BashCase(const CLI::App& command) {
  std::vector<std::string> flags;
  std::string after, argument = "COMPREPLY=()";
  for (const CLI::Option* option : command.get_options()) {
    const Values values = ValuesOf(*option);
    const std::string reply = !values.words.empty()
                                  ? "COMPREPLY=($(compgen -W '" + absl::StrJoin(values.words, " ") + "' -- \"$word\"))"
                              : values.path ? std::string("COMPREPLY=($(compgen -f -- \"$word\"))")
                                            : std::string("COMPREPLY=()");
    if (option->get_positional()) {
      argument = reply;
      continue;
    }
    const std::vector<std::string> names = Dashed(*option);
    flags.insert(flags.end(), names.begin(), names.end());
    if (TakesValue(*option)) after += "        " + absl::StrJoin(names, "|") + ") " + reply + "; return ;;\n";
  }
  std::string out = "    " + command.get_name() + ")\n";
  if (!after.empty()) out += "      case \"$previous\" in\n" + after + "      esac\n";
  return out + "      if [[ $word == -* ]]; then COMPREPLY=($(compgen -W '" + absl::StrJoin(flags, " ") +
         "' -- \"$word\"))\n      else " + argument + "; fi ;;\n";
}

std::string Bash(const CLI::App& app) {
  std::vector<std::string> names;
  std::string cases;
  for (const CLI::App* command : app.get_subcommands(nullptr)) {
    names.push_back(command->get_name());
    cases += BashCase(*command);
  }
  return "# bash completion of basin; load it with: source <(basin completion bash)\n"
         "_basin() {\n"
         "  local word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} command= i\n"
         "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
         "    case \" " +
         absl::StrJoin(names, " ") +
         " \" in *\" ${COMP_WORDS[i]} \"*) command=${COMP_WORDS[i]}; break ;; esac\n"
         "  done\n"
         "  case \"$command\" in\n"
         "    '') COMPREPLY=($(compgen -W '" +
         absl::StrJoin(names, " ") + " --help --version' -- \"$word\")) ;;\n" + cases +
         "  esac\n"
         "}\n"
         "complete -F _basin basin\n";
}

// An _arguments specification: '(-o --format)'{-o,--format}'[text]:value:(a b)'.
std::string ZshOption(const CLI::Option& option) {
  const Values values = ValuesOf(option);
  std::string action = values.path ? "_files" : " ";
  if (!values.words.empty()) action = "(" + absl::StrJoin(values.words, " ") + ")";
  std::string text;
  for (const char c : option.get_description()) {
    if (c == '[' || c == ']' || c == ':') text += '\\';
    text += c;
  }
  if (option.get_positional()) return ShellQuoted(":" + option.get_name() + ":" + action);
  const std::vector<std::string> names = Dashed(option);
  const std::string tail = ShellQuoted("[" + text + "]" + (TakesValue(option) ? ":value:" + action : ""));
  if (names.size() == 1) return names[0] + tail;
  return ShellQuoted("(" + absl::StrJoin(names, " ") + ")") + "{" + absl::StrJoin(names, ",") + "}" + tail;
}

std::string Zsh(const CLI::App& app) {
  std::string list, cases;
  for (const CLI::App* command : app.get_subcommands(nullptr)) {
    list += "    " + ShellQuoted(command->get_name() + ":" + command->get_description()) + "\n";
    cases += "    " + command->get_name() + ") _arguments";
    for (const CLI::Option* option : command->get_options()) cases += " \\\n      " + ZshOption(*option);
    cases += " ;;\n";
  }
  return "#compdef basin\n"
         "# zsh completion of basin; put it into a file _basin in a folder of $fpath, or: source <(basin completion "
         "zsh)\n"
         "_basin() {\n"
         "  local -a commands=(\n" +
         list +
         "  )\n"
         "  local command=\n"
         "  local -i i\n"
         "  for ((i = 2; i < CURRENT; i++)); do\n"
         "    if (( ${commands[(I)${words[i]}:*]} )); then command=${words[i]}; break; fi\n"
         "  done\n"
         "  if [[ -n $command ]]; then shift $((i - 1)) words; (( CURRENT -= i - 1 )); fi\n"
         "  case \"$command\" in\n"
         "    '') _describe command commands ;;\n" +
         cases +
         "  esac\n"
         "}\n"
         "if [[ $funcstack[1] == _basin ]]; then _basin; else compdef _basin basin; fi\n";
}

std::string Fish(const CLI::App& app) {
  std::string out = "# fish completion of basin; load it with: basin completion fish | source\ncomplete -c basin -f\n";
  for (const CLI::App* command : app.get_subcommands(nullptr)) {
    out += "complete -c basin -n __fish_use_subcommand -a " + command->get_name() + " -d " +
           ShellQuoted(command->get_description()) + "\n";
    const std::string when = "complete -c basin -n '__fish_seen_subcommand_from " + command->get_name() + "'";
    for (const CLI::Option* option : command->get_options()) {
      const Values values = ValuesOf(*option);
      std::string line = when;
      for (const std::string& name : option->get_snames()) line += " -s " + name;
      for (const std::string& name : option->get_lnames()) line += " -l " + name;
      if (TakesValue(*option) && !option->get_positional()) line += " -r";
      if (values.path) line += " -F";
      if (!values.words.empty()) line += " -a " + ShellQuoted(absl::StrJoin(values.words, " "));
      if (option->get_positional() && !values.path && values.words.empty()) continue;
      if (!option->get_positional()) line += " -d " + ShellQuoted(option->get_description());
      out += line + "\n";
    }
  }
  return out;
}

}  // namespace

std::string CompletionScript(const CLI::App& app, const std::string& shell) {
  if (shell == "bash") return Bash(app);
  return shell == "zsh" ? Zsh(app) : Fish(app);
}

Command CompletionCommand() {
  return {.name = "completion",
          .group = "The service",
          .summary = "Print a completion script for a shell",
          .example =
              "source <(basin completion bash)\n"
              "basin completion zsh > ~/.zfunc/_basin\n"
              "basin completion fish | source",
          .define = [](CLI::App& app) -> Action {
            auto shell = std::make_shared<std::string>();
            app.add_option("SHELL", *shell, "bash, zsh or fish")
                ->required()
                ->option_text("bash|zsh|fish")
                ->check(CLI::IsMember({"bash", "zsh", "fish"}));
            return [shell](Context& context) -> absl::StatusOr<int> {
              context.out() << CompletionScript(*MakeParser()->app, *shell);
              return api::kOk;
            };
          }};
}

}  // namespace basin::client::cli
