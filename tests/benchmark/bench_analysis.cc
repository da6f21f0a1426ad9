// What it costs to look at a trained network: a landscape of its loss, eigenvalues of its Hessian, a Hessian product.
//
//   bench_analysis --model 784-128-10 --examples 10000 --threads 2 --format json

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <sstream>
#include <string>
#include <vector>

#include "CLI/CLI.hpp"
#include "proto/contract/defaults.h"
#include "tests/worker/train/synthetic_examples.h"
#include "worker/analysis/directions.h"
#include "worker/analysis/lanczos.h"
#include "worker/analysis/loss_function.h"
#include "worker/analysis/loss_plane.h"
#include "worker/train/trainer.h"

namespace basin::benchmark {
namespace {

using worker::analysis::FlatVectors;
using Clock = std::chrono::steady_clock;

struct Options {
  std::string model = "784-128-10";
  int64_t examples = 10000;
  int threads = 2;
  int side = 51;  // Of the landscape's grid.
  int epochs = 3;
  int eigenvalues = 5;
  double tolerance = 1e-4;
  std::string format = "text";
};

template <typename Work>
double SecondsOf(const Work& work) {
  const Clock::time_point begin = Clock::now();
  work();
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

std::vector<int32_t> UnitsOf(const std::string& text) {
  std::vector<int32_t> units;
  std::istringstream rest(text);
  for (std::string part; std::getline(rest, part, '-');) units.push_back(std::atoi(part.c_str()));
  return units;
}

struct Results {
  double points_per_s = 0, landscape_s = 0;
  double gradient_s = 0, product_s = 0;
  double eigenvalues_s = 0;
  worker::analysis::Spectrum spectrum;
};

Results Measure(const worker::train::NetworkShape& shape, const FlatVectors& at,
                const worker::train::Examples& examples, const Options& options, worker::train::ThreadPool* pool) {
  namespace analysis = worker::analysis;
  Results results;
  const FlatVectors first{analysis::RandomDirection(shape.parameters, at.params, 1, 0), {}};
  const FlatVectors second{analysis::RandomDirection(shape.parameters, at.params, 1, 1), {}};
  std::vector<analysis::PlanePoint> points;
  for (int i = 0; i < options.side; ++i) {
    for (int j = 0; j < options.side; ++j) {
      points.push_back({2.0 * i / (options.side - 1) - 1, 2.0 * j / (options.side - 1) - 1});
    }
  }
  results.landscape_s = SecondsOf([&] {
    const analysis::LossPlane plane(shape, {}, at, first, &second, examples, pool);
    plane.Evaluate(points, pool);
  });
  results.points_per_s = static_cast<double>(points.size()) / results.landscape_s;

  const worker::train::Network<float> network(shape);
  analysis::LossFunction loss(network, at.buffers, examples, pool);
  std::vector<float> result(loss.size());
  constexpr int kTimes = 10;
  const auto gradient = [&] { loss.Gradient(at.params, result); };
  const auto product = [&] { loss.HessianProduct(at.params, first.params, result); };
  gradient(), product();  // Caches and page tables.
  for (int k = 0; k < kTimes; ++k) {
    results.gradient_s += SecondsOf(gradient) / kTimes;
    results.product_s += SecondsOf(product) / kTimes;
  }
  analysis::Hessian hessian(loss, at.params);
  results.eigenvalues_s = SecondsOf([&] {
    results.spectrum = analysis::ExtremeEigenvalues(
        hessian, {.highest = options.eigenvalues, .lowest = 0, .max_steps = 300, .tolerance = options.tolerance});
  });
  return results;
}

void Print(const Results& results, const Options& options) {
  const char* form =
      options.format == "json"
          ? "{\"model\": \"%s\", \"examples\": %lld, \"threads\": %d, \"points\": %d, \"landscape_s\": %.3f, "
            "\"points_per_s\": %.1f, \"gradient_s\": %.5f, \"hessian_product_s\": %.5f, \"product_in_gradients\": "
            "%.2f, "
            "\"eigenvalues\": %d, \"eigenvalues_s\": %.2f, \"products\": %d, \"converged\": %s, \"greatest\": %.6g, "
            "\"build\": \"%s\"}\n"
          : "mlp:%s, %lld examples, %d threads: landscape of %d points in %.2f s, %.0f points/s\n"
            "gradient %.4f s, Hessian product %.4f s, %.2f gradients\n"
            "top %d eigenvalues in %.2f s, %d products, converged: %s, the greatest %.4g\nbuild: %s\n";
  std::printf(form, options.model.c_str(), static_cast<long long>(options.examples), options.threads,
              options.side * options.side, results.landscape_s, results.points_per_s, results.gradient_s,
              results.product_s, results.product_s / results.gradient_s, options.eigenvalues, results.eigenvalues_s,
              results.spectrum.steps, results.spectrum.converged ? "true" : "false",
              results.spectrum.highest.front().value, BASIN_BUILD_TYPE);
}

int Run(const Options& options) {
  const std::vector<int32_t> units = UnitsOf(options.model);
  if (units.size() < 3 || *std::min_element(units.begin(), units.end()) < 1) {
    std::cerr << "bench_analysis: --model: expected IN-HIDDEN-...-OUT, is " << options.model << "\n";
    return 2;
  }
  const worker::train::SyntheticExamples data(units.front(), units.back(), {.train = options.examples}, 4);
  v1::TrainWorkload workload;
  for (size_t i = 1; i + 1 < units.size(); ++i) {
    workload.mutable_model()->mutable_mlp()->add_hidden(static_cast<uint32_t>(units[i]));
  }
  workload.set_epochs(static_cast<uint64_t>(options.epochs));
  workload.set_batch_size(64);
  workload.set_learning_rate(0.05);
  contract::FillDefaults(&workload);
  worker::train::ThreadPool pool(options.threads);
  auto trainer = worker::train::Trainer::Create(workload, /*seed=*/1, data.view(), &pool);
  if (!trainer.ok()) {
    std::cerr << "bench_analysis: " << trainer.status().message() << "\n";
    return 2;
  }
  (*trainer)->Run([](const worker::train::EpochReport&) {}, nullptr);
  const FlatVectors at{{(*trainer)->params().begin(), (*trainer)->params().end()}, {}};
  Print(Measure((*trainer)->shape(), at, data.view().train, options, &pool), options);
  return 0;
}

}  // namespace
}  // namespace basin::benchmark

int main(int argc, char** argv) {
  basin::benchmark::Options options;
  CLI::App app("What it costs to look at a trained network.");
  app.add_option("--model", options.model, "units of a perceptron: IN-HIDDEN-...-OUT")->capture_default_str();
  app.add_option("--examples", options.examples, "over which the loss is taken")
      ->check(CLI::Range(int64_t{1}, int64_t{10'000'000}))
      ->capture_default_str();
  app.add_option("--threads", options.threads)->check(CLI::Range(1, 1024))->capture_default_str();
  app.add_option("--side", options.side, "points of the landscape in each direction")
      ->check(CLI::Range(2, 1000))
      ->capture_default_str();
  app.add_option("--epochs", options.epochs, "of the training before")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  app.add_option("--eigenvalues", options.eigenvalues)->check(CLI::Range(1, 100))->capture_default_str();
  app.add_option("--tolerance", options.tolerance, "of a residual, in units of the greatest eigenvalue")
      ->check(CLI::Range(1e-6, 0.1))
      ->capture_default_str();
  app.add_option("--format", options.format)->check(CLI::IsMember({"text", "json"}))->capture_default_str();
  CLI11_PARSE(app, argc, argv);
  return basin::benchmark::Run(options);
}
