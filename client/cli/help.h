#pragma once

#include <string>

#include "CLI/CLI.hpp"

namespace basin::client::cli {

// The group of the flags that every command has.
inline constexpr char kEverywhere[] = "Everywhere";

// The help of the program and of each command: usage, arguments, options, examples.
class HelpFormatter : public CLI::FormatterBase {
 public:
  std::string make_help(const CLI::App* app, std::string name, CLI::AppFormatMode mode) const override;
};

// An option's names as the help shows them, with its value: `-o, --format table|json|csv`.
std::string OptionNames(const CLI::Option& option);

}  // namespace basin::client::cli
