#pragma once

// Sweep files for tests with real processes.
namespace basin::tests {

inline constexpr char kTiny[] = R"(
name: tiny
objective: {minimize: val_loss}
seeds: 2
train:
  dataset: {name: digits}
  model: {softmax_regression: {}}
  epochs: 2
  learning_rate: 0.1
  batch_size: {$values: [32, full]}
)";

// Far longer than any test runs.
inline constexpr char kEndless[] = R"(
name: endless
objective: {minimize: val_loss}
seeds: 2
train:
  dataset: {name: digits}
  model: {mlp: {hidden: [64]}}
  epochs: 1000000
  learning_rate: 0.01
  batch_size: 16
)";

}  // namespace basin::tests
