#pragma once

#include <string>
#include <string_view>

namespace basin::client::cli {

// `text` as one word of a shell's command line: as it is where that means the same, else in single quotes.
std::string ShellWord(std::string_view text);

}  // namespace basin::client::cli
