// Training steps a second of the real trainer on synthetic data: batches gathered by index in shuffled order, forward,
// loss, backward, momentum update.
//
//   bench_train --model mlp:784-128-10 --batch 32 --threads 1 --seconds 2 --format json
//
// bench_model.h says what models there are. Several trials run side by side on threads of their own, and their rates
// add up.

#include <algorithm>
#include <barrier>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <memory>
#include <numeric>
#include <string>
#include <thread>
#include <vector>

#include "CLI/CLI.hpp"
#include "proto/contract/random/philox.h"
#include "proto/contract/schedule/training_length.h"
#include "tests/benchmark/bench_model.h"
#include "tests/benchmark/core_peak.h"
#include "worker/train/aligned_buffer.h"
#include "worker/train/trainer.h"

namespace basin::benchmark {
namespace {

constexpr char kModels[] = "mlp:IN-HIDDEN-...-OUT, softmax:IN-OUT, conv:HxWxC-FILTERS-...-OUT or resnetDEPTH:HxWxC-OUT";

struct Options {
  std::string model = "mlp:784-128-10";
  std::string batch = "32";
  int threads = 1;
  int trials = 1;
  double seconds = 2;
  int repetitions = 5;
  int64_t examples = 54000;
  double momentum = 0.9;
  std::string format = "text";
};

// Uniform noise in -1 .. 1 with random labels.
class Noise {
 public:
  Noise(int64_t examples, const BenchModel& model)
      : stride_((model.features + 15) / 16 * 16),
        features_(static_cast<size_t>((examples + kHeldOut) * stride_)),
        labels_(static_cast<size_t>(examples + kHeldOut)) {
    contract::RandomStream stream(1, contract::RandomPurpose::kSplit, 0);
    for (size_t row = 0; row < labels_.size(); ++row) {
      labels_[row] = static_cast<int32_t>(stream.NextBelow(static_cast<uint64_t>(model.classes)));
      for (int32_t f = 0; f < model.features; ++f) {
        features_[row * static_cast<size_t>(stride_) + static_cast<size_t>(f)] =
            static_cast<float>(static_cast<int32_t>(stream.NextWord())) * 0x1p-31f;
      }
    }
    view_.train = {features_.data(), labels_.data(), examples, model.features, stride_};
    view_.validation = {features_.data() + examples * stride_, labels_.data() + examples, kHeldOut, model.features,
                        stride_};
    view_.test = view_.validation;
    view_.classes = model.classes;
    view_.image = model.image;
  }
  const worker::train::TrainingData& view() const { return view_; }

 private:
  static constexpr int64_t kHeldOut = 16;
  int32_t stride_;
  worker::train::AlignedBuffer<float> features_;
  std::vector<int32_t> labels_;
  worker::train::TrainingData view_;
};

std::string MachineName() {
  std::ifstream info("/proc/cpuinfo");
  for (std::string line; std::getline(info, line);) {
    if (line.rfind("model name", 0) == 0) return line.substr(line.find(':') + 2);
  }
  return "unknown";
}

v1::TrainWorkload WorkloadOf(const Options& options, const BenchModel& model) {
  v1::TrainWorkload workload;
  *workload.mutable_model() = model.model;
  workload.set_steps(1'000'000'000'000);
  workload.set_drop_last(true);  // Steps of the same work alone.
  workload.set_batch_size(options.batch == "full" ? contract::kFullBatch
                                                  : static_cast<uint32_t>(std::stoul(options.batch)));
  workload.set_learning_rate(0.01);
  workload.mutable_optimizer()->mutable_sgd()->set_momentum(options.momentum);
  workload.mutable_schedule()->mutable_constant();
  return workload;
}

// Steps a second over about `seconds`; the clock is read seldom enough not to be seen.
double Measure(worker::train::Trainer& trainer, double seconds, uint64_t steps_between_readings) {
  using Clock = std::chrono::steady_clock;
  const Clock::time_point begin = Clock::now();
  uint64_t steps = 0;
  double elapsed = 0;
  do {
    for (uint64_t i = 0; i < steps_between_readings; ++i) trainer.Step();
    steps += steps_between_readings;
    elapsed = std::chrono::duration<double>(Clock::now() - begin).count();
  } while (elapsed < seconds);
  return static_cast<double>(steps) / elapsed;
}

// A trial with its own threads.
struct Trial {
  std::unique_ptr<worker::train::ThreadPool> pool;
  std::unique_ptr<worker::train::Trainer> trainer;
};

// Of all trials side by side, the sum.
double MeasureAll(const std::vector<Trial>& trials, double seconds, uint64_t steps_between_readings) {
  std::vector<double> rates(trials.size());
  std::barrier start(static_cast<std::ptrdiff_t>(trials.size()));
  const auto measure = [&](size_t i) {
    start.arrive_and_wait();
    rates[i] = Measure(*trials[i].trainer, seconds, steps_between_readings);
  };
  {
    std::vector<std::jthread> others;
    for (size_t i = 1; i < trials.size(); ++i) others.emplace_back(measure, i);
    measure(0);
  }
  return std::accumulate(rates.begin(), rates.end(), 0.0);
}

void Print(const Options& options, double batch, double flops, std::vector<double> rates) {
  std::sort(rates.begin(), rates.end());
  const double median = (rates[(rates.size() - 1) / 2] + rates[rates.size() / 2]) / 2;
  const double gflops = median * flops / 1e9;
  const double product = MatrixProductGflops(), multiply_add = MultiplyAddGflops();
  if (options.format == "json") {
    std::printf(
        "{\"model\": \"%s\", \"batch\": \"%s\", \"threads\": %d, \"trials\": %d, \"steps_per_s\": %.1f, "
        "\"gflops\": %.2f, \"examples_per_s\": %.0f, \"min_steps_per_s\": %.1f, \"max_steps_per_s\": %.1f, "
        "\"repetitions\": %zu, \"examples\": %lld, \"core_product_gflops\": %.1f, \"core_multiply_add_gflops\": %.1f, "
        "\"machine\": \"%s\", \"build\": \"%s\", \"compiler\": \"g++ %s\"}\n",
        options.model.c_str(), options.batch.c_str(), options.threads, options.trials, median, gflops, median * batch,
        rates.front(), rates.back(), rates.size(), static_cast<long long>(options.examples), product, multiply_add,
        MachineName().c_str(), BASIN_BUILD_TYPE, __VERSION__);
    return;
  }
  std::printf("%s  batch %s  threads %d  trials %d: %.1f steps/s (median of %zu, spread %.1f%%), %.2f GFLOP/s\n",
              options.model.c_str(), options.batch.c_str(), options.threads, options.trials, median, rates.size(),
              100 * (rates.back() - rates.front()) / median, gflops);
  std::printf("a core's matrix product (1024^3): %.1f GFLOP/s; its multiply-adds alone: %.1f GFLOP/s\n", product,
              multiply_add);
  std::printf("machine: %s; build: %s, g++ %s\n", MachineName().c_str(), BASIN_BUILD_TYPE, __VERSION__);
}

int Run(const Options& options) {
  const std::optional<BenchModel> model = BenchModel::Parse(options.model);
  if (!model) {
    std::cerr << "bench_train: --model: expected " << kModels << ", is " << options.model << "\n";
    return 2;
  }
  const Noise data(options.examples, *model);
  std::vector<Trial> trials;
  for (int i = 0; i < options.trials; ++i) {
    auto pool = std::make_unique<worker::train::ThreadPool>(options.threads);
    auto trainer = worker::train::Trainer::Create(WorkloadOf(options, *model), static_cast<uint64_t>(i) + 1,
                                                  data.view(), pool.get());
    if (!trainer.ok()) {
      std::cerr << "bench_train: " << trainer.status().message() << "\n";
      return 2;
    }
    trials.push_back({std::move(pool), *std::move(trainer)});
  }
  const double batch = options.batch == "full" ? static_cast<double>(options.examples) : std::stod(options.batch);
  const double flops = FlopsPerExample(trials.front().trainer->shape()) * batch;
  const auto reading = static_cast<uint64_t>(std::max(1.0, 50e6 / flops));  // About a millisecond.
  MeasureAll(trials, std::min(0.2, options.seconds / 4), reading);          // Caches, clock rate, page tables.
  std::vector<double> rates;
  for (int i = 0; i < options.repetitions; ++i) {
    rates.push_back(MeasureAll(trials, options.seconds / options.repetitions, reading));
  }
  Print(options, batch, flops, std::move(rates));
  return 0;
}

}  // namespace
}  // namespace basin::benchmark

int main(int argc, char** argv) {
  basin::benchmark::Options options;
  CLI::App app("Training steps a second of the real trainer on synthetic data.");
  app.add_option("--model", options.model, basin::benchmark::kModels)->capture_default_str();
  app.add_option("--batch", options.batch, "examples in a batch, or full")
      ->check([](const std::string& text) {
        const bool number = !text.empty() && text.size() < 10 && text.find_first_not_of("0123456789") == text.npos;
        return number || text == "full" ? std::string() : std::string("expected a number or full");
      })
      ->capture_default_str();
  app.add_option("--threads", options.threads, "inside the trial")->check(CLI::Range(1, 1024))->capture_default_str();
  app.add_option("--trials", options.trials, "side by side")->check(CLI::Range(1, 1024))->capture_default_str();
  app.add_option("--seconds", options.seconds, "to measure, in all")->check(CLI::PositiveNumber)->capture_default_str();
  app.add_option("--repetitions", options.repetitions, "whose median is printed")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  app.add_option("--examples", options.examples, "in the training part")
      ->check(CLI::Range(int64_t{1}, int64_t{100'000'000}))
      ->capture_default_str();
  app.add_option("--momentum", options.momentum)->check(CLI::Range(0.0, 0.999))->capture_default_str();
  app.add_option("--format", options.format)->check(CLI::IsMember({"text", "json"}))->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  return basin::benchmark::Run(options);
}
