// Training steps a second of the real trainer on synthetic data: batches gathered by index in shuffled order, forward,
// loss, backward, momentum update.
//
//   bench_train --model mlp:784-128-10 --batch 32 --threads 1 --seconds 2 --format json

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <iostream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "proto/contract/random/philox.h"
#include "proto/contract/schedule/training_length.h"
#include "tests/benchmark/machine.h"
#include "worker/train/aligned_buffer.h"
#include "worker/train/trainer.h"

namespace basin::benchmark {
namespace {

struct Options {
  std::string model = "mlp:784-128-10";
  std::string batch = "32";
  int threads = 1;
  double seconds = 2;
  int repetitions = 5;
  int64_t examples = 54000;
  double momentum = 0.9;
  std::string format = "text";
};

// `mlp:784-128-10` or `softmax:784-10`: the units of each layer, from the input on.
struct ModelText {
  bool softmax = false;
  std::vector<int32_t> units;

  static bool Parse(const std::string& text, ModelText* model) {
    const size_t colon = text.find(':');
    if (colon == std::string::npos) return false;
    model->softmax = text.substr(0, colon) == "softmax";
    if (!model->softmax && text.substr(0, colon) != "mlp") return false;
    std::istringstream rest(text.substr(colon + 1));
    std::string units;
    while (std::getline(rest, units, '-')) {
      if (units.empty() || units.size() > 6 || units.find_first_not_of("0123456789") != std::string::npos) return false;
      model->units.push_back(std::stoi(units));
      if (model->units.back() < 1) return false;
    }
    return model->softmax ? model->units.size() == 2 : model->units.size() >= 3;
  }

  // Two for each multiply-add of the products forward, for the weights' gradient, and for the hidden layers' deltas.
  double FlopsPerExample() const {
    double flops = 0;
    for (size_t i = 0; i + 1 < units.size(); ++i) flops += (i == 0 ? 4.0 : 6.0) * units[i] * units[i + 1];
    return flops;
  }
};

// Uniform noise in -1 .. 1 with random labels.
class Noise {
 public:
  Noise(int64_t examples, int32_t features, int32_t classes)
      : stride_((features + 15) / 16 * 16),
        features_(static_cast<size_t>((examples + kHeldOut) * stride_)),
        labels_(static_cast<size_t>(examples + kHeldOut)) {
    contract::RandomStream stream(1, contract::RandomPurpose::kSplit, 0);
    for (size_t row = 0; row < labels_.size(); ++row) {
      labels_[row] = static_cast<int32_t>(stream.NextBelow(static_cast<uint64_t>(classes)));
      for (int32_t f = 0; f < features; ++f) {
        features_[row * static_cast<size_t>(stride_) + static_cast<size_t>(f)] =
            static_cast<float>(static_cast<int32_t>(stream.NextWord())) * 0x1p-31f;
      }
    }
    view_.train = {features_.data(), labels_.data(), examples, features, stride_};
    view_.validation = {features_.data() + examples * stride_, labels_.data() + examples, kHeldOut, features, stride_};
    view_.test = view_.validation;
    view_.classes = classes;
  }
  const worker::train::TrainingData& view() const { return view_; }

 private:
  static constexpr int64_t kHeldOut = 16;
  int32_t stride_;
  worker::train::AlignedBuffer<float> features_;
  std::vector<int32_t> labels_;
  worker::train::TrainingData view_;
};

v1::TrainWorkload WorkloadOf(const Options& options, const ModelText& model) {
  v1::TrainWorkload workload;
  if (model.softmax) {
    workload.mutable_model()->mutable_softmax_regression();
  } else {
    for (size_t i = 1; i + 1 < model.units.size(); ++i) {
      workload.mutable_model()->mutable_mlp()->add_hidden(static_cast<uint32_t>(model.units[i]));
    }
    workload.mutable_model()->mutable_mlp()->set_activation(v1::ACTIVATION_RELU);
  }
  workload.mutable_model()->set_initialization(v1::INITIALIZATION_HE);
  workload.set_steps(1'000'000'000'000);
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

int Run(const Options& options) {
  ModelText model;
  if (!ModelText::Parse(options.model, &model)) {
    std::cerr << "bench_train: --model: expected mlp:IN-HIDDEN-...-OUT or softmax:IN-OUT, is " << options.model << "\n";
    return 2;
  }
  const Noise data(options.examples, model.units.front(), model.units.back());
  worker::train::ThreadPool pool(options.threads);
  auto trainer = worker::train::Trainer::Create(WorkloadOf(options, model), /*seed=*/1, data.view(), &pool);
  if (!trainer.ok()) {
    std::cerr << "bench_train: " << trainer.status().message() << "\n";
    return 2;
  }
  const double batch = options.batch == "full" ? static_cast<double>(options.examples) : std::stod(options.batch);
  const double flops = model.FlopsPerExample() * batch;
  const auto reading = static_cast<uint64_t>(std::max(1.0, 50e6 / flops));  // About a millisecond.
  Measure(**trainer, std::min(0.2, options.seconds / 4), reading);          // Caches, clock rate, page tables.
  std::vector<double> rates;
  for (int i = 0; i < options.repetitions; ++i) {
    rates.push_back(Measure(**trainer, options.seconds / options.repetitions, reading));
  }
  std::sort(rates.begin(), rates.end());
  const double median = (rates[(rates.size() - 1) / 2] + rates[rates.size() / 2]) / 2;
  const double spread = (rates.back() - rates.front()) / median;
  if (options.format == "json") {
    std::printf(
        "{\"model\": \"%s\", \"batch\": \"%s\", \"threads\": %d, \"steps_per_s\": %.1f, \"gflops\": %.2f, "
        "\"examples_per_s\": %.0f, \"min_steps_per_s\": %.1f, \"max_steps_per_s\": %.1f, \"repetitions\": %zu, "
        "\"examples\": %lld, \"machine\": \"%s\", \"build\": \"%s\", \"compiler\": \"g++ %s\"}\n",
        options.model.c_str(), options.batch.c_str(), options.threads, median, median * flops / 1e9, median * batch,
        rates.front(), rates.back(), rates.size(), static_cast<long long>(options.examples), MachineName().c_str(),
        BASIN_BUILD_TYPE, __VERSION__);
  } else {
    std::printf("%s  batch %s  threads %d: %.1f steps/s (median of %zu, spread %.1f%%), %.2f GFLOP/s\n",
                options.model.c_str(), options.batch.c_str(), options.threads, median, rates.size(), 100 * spread,
                median * flops / 1e9);
    std::printf("machine: %s; build: %s, g++ %s\n", MachineName().c_str(), BASIN_BUILD_TYPE, __VERSION__);
  }
  return 0;
}

}  // namespace
}  // namespace basin::benchmark

int main(int argc, char** argv) {
  basin::benchmark::Options options;
  CLI::App app("Training steps a second of the real trainer on synthetic data.");
  app.add_option("--model", options.model, "mlp:IN-HIDDEN-...-OUT or softmax:IN-OUT")->capture_default_str();
  app.add_option("--batch", options.batch, "examples in a batch, or full")
      ->check([](const std::string& text) {
        const bool number = !text.empty() && text.size() < 10 && text.find_first_not_of("0123456789") == text.npos;
        return number || text == "full" ? std::string() : std::string("expected a number or full");
      })
      ->capture_default_str();
  app.add_option("--threads", options.threads, "inside the trial")->check(CLI::Range(1, 1024))->capture_default_str();
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
