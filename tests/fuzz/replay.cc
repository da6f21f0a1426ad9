// Runs a fuzz target without a fuzzer, in place of libFuzzer's main:
//
//   fuzz_TARGET FOLDER|FILE... [--mutations N] [--seed S]
//
// each kept input once, and N inputs made from them by a few random edits. An input that ends the process, or takes
// a minute of the processor's time, is left in ./crash-input, to be looked at and kept.
#include <fcntl.h>
#include <signal.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <random>
#include <sstream>
#include <string>
#include <vector>

#include "tests/fuzz/fuzz_target.h"

namespace {

namespace fs = std::filesystem;

std::string ReadFile(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

std::vector<std::string> ReadInputs(const std::vector<fs::path>& paths) {
  std::vector<fs::path> files;
  for (const fs::path& path : paths) {
    if (!fs::is_directory(path)) files.push_back(path);
    if (!fs::is_directory(path)) continue;
    for (const auto& entry : fs::directory_iterator(path)) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  std::vector<std::string> inputs;
  for (const fs::path& file : files) inputs.push_back(ReadFile(file));
  return inputs;
}

const std::string* running = nullptr;

extern "C" void KeepInput(int signal) {
  const int file = open("crash-input", O_WRONLY | O_CREAT | O_TRUNC, 0600);
  if (file < 0 || write(file, running->data(), running->size()) < 0) _exit(1);
  raise(signal);  // With its default action now.
}

void Run(const std::string& input) {
  running = &input;
  const itimerval minute{{0, 0}, {60, 0}};
  setitimer(ITIMER_PROF, &minute, nullptr);
  LLVMFuzzerTestOneInput(reinterpret_cast<const uint8_t*>(input.data()), input.size());
}

class Mutator {
 public:
  Mutator(const std::vector<std::string>& inputs, uint64_t seed) : inputs_(inputs), random_(seed) {}

  std::string Next() {
    std::string input = inputs_[Below(inputs_.size())];
    for (uint64_t edits = 1 + Below(8); edits > 0; --edits) Edit(input);
    return input;
  }

 private:
  uint64_t Below(uint64_t n) { return std::uniform_int_distribution<uint64_t>(0, n - 1)(random_); }

  void Edit(std::string& input) {
    static const std::string kTelling("\0\x01\x7f\x80\xff {}[]()<>'\"\\,:;=-+.*&$#%!0189eEnN\n", 41);
    const size_t at = Below(input.size() + 1);
    const char byte = Below(2) == 0 ? kTelling[Below(kTelling.size())] : static_cast<char>(Below(256));
    const size_t size = std::min<size_t>(input.size() - at, 1 + Below(16));
    switch (Below(6)) {
      case 0:
        input.erase(at, size);
        break;
      case 1:
        input.insert(at, 1, byte);
        break;
      case 2:
        input.insert(Below(input.size() + 1), input.substr(at, size));
        break;
      case 3: {  // A piece of another one.
        const std::string& other = inputs_[Below(inputs_.size())];
        input.insert(at, other.substr(Below(other.size() + 1), 1 + Below(64)));
        break;
      }
      default:
        if (at < input.size()) input[at] = byte;
    }
  }

  const std::vector<std::string>& inputs_;
  std::mt19937_64 random_;
};

}  // namespace

int main(int argc, char** argv) {
  std::vector<fs::path> paths;
  uint64_t mutations = 0, seed = 1;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument == "--mutations" && i + 1 < argc) {
      mutations = std::stoull(argv[++i]);
    } else if (argument == "--seed" && i + 1 < argc) {
      seed = std::stoull(argv[++i]);
    } else {
      paths.emplace_back(argument);
    }
  }
  const std::vector<std::string> inputs = ReadInputs(paths);
  if (inputs.empty()) {
    std::cerr << "there is no input to replay\n";
    return 1;
  }
  struct sigaction keep {};
  keep.sa_handler = KeepInput;
  keep.sa_flags = static_cast<int>(SA_RESETHAND);
  for (const int signal : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGPROF}) sigaction(signal, &keep, nullptr);
  for (const std::string& input : inputs) Run(input);
  Mutator mutator(inputs, seed);
  const auto start = std::chrono::steady_clock::now();
  for (uint64_t i = 0; i < mutations; ++i) {
    const std::string input = mutator.Next();
    Run(input);
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  std::cout << inputs.size() << " kept inputs and " << mutations << " mutations, in " << took.count() << " s\n";
  return 0;
}
