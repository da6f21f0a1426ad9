#include "client/cli/help.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace basin::client::cli {
namespace {

using Entry = std::pair<std::string, std::string>;  // What is typed, what it does.

std::string Section(const std::string& heading, const std::vector<Entry>& entries, size_t width) {
  if (entries.empty()) return "";
  std::string out = "\n" + heading + ":\n";
  for (const auto& [left, right] : entries) {
    out += "  " + left + std::string(left.size() < width ? width - left.size() : 0, ' ') + "  " + right + "\n";
  }
  return out;
}

std::string Usage(const CLI::App& app, bool is_root) {
  std::string out = "Usage: basin " + (is_root ? "COMMAND" : app.get_name());
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_positional())
      out += option->get_required() ? " " + option->get_name() : " [" + option->get_name() + "]";
  }
  return out + " [OPTIONS]\n";
}

}  // namespace

std::string OptionNames(const CLI::Option& option) {
  std::string out;
  for (const std::string& name : option.get_snames()) out += (out.empty() ? "-" : ", -") + name;
  for (const std::string& name : option.get_lnames()) out += (out.empty() ? "--" : ", --") + name;
  if (!option.get_option_text().empty()) out += " " + option.get_option_text();
  return out;
}

std::string HelpFormatter::make_help(const CLI::App* app, std::string, CLI::AppFormatMode) const {
  const bool is_root = app->get_parent() == nullptr;
  std::vector<Entry> arguments, options, everywhere;
  for (const CLI::Option* option : app->get_options()) {
    if (option->get_positional()) {
      arguments.emplace_back(option->get_name(), option->get_description());
    } else {
      auto& list = option->get_group() == kEverywhere ? everywhere : options;
      list.emplace_back(OptionNames(*option), option->get_description());
    }
  }
  std::vector<std::string> groups;
  for (const CLI::App* command : app->get_subcommands(nullptr)) {
    if (std::find(groups.begin(), groups.end(), command->get_group()) == groups.end())
      groups.push_back(command->get_group());
  }
  size_t width = 0;
  for (const auto* list : {&arguments, &options, &everywhere}) {
    for (const Entry& entry : *list) width = std::max(width, entry.first.size());
  }

  std::string out = app->get_description() + "\n\n" + Usage(*app, is_root);
  for (const std::string& group : groups) {
    std::vector<Entry> commands;
    for (const CLI::App* command : app->get_subcommands(nullptr)) {
      if (command->get_group() == group) commands.emplace_back(command->get_name(), command->get_description());
    }
    out += Section(group, commands, width);
  }
  out += Section("Arguments", arguments, width) + Section("Options", options, width) +
         Section(kEverywhere, everywhere, width);
  if (is_root) return out + "\n`basin COMMAND --help` says more, with examples.\n";
  out += "\nExamples:\n";
  const std::string examples = app->get_footer();
  for (size_t begin = 0; begin < examples.size();) {
    const size_t end = std::min(examples.find('\n', begin), examples.size());
    out += "  " + examples.substr(begin, end - begin) + "\n";
    begin = end + 1;
  }
  return out;
}

}  // namespace basin::client::cli
