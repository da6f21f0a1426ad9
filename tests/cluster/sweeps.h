#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "basin/v1/sweep_service.grpc.pb.h"
#include "basin/v1/sweep_service.pb.h"

namespace basin::tests {

// Two batch sizes x two schedules on the embedded digits, `seeds` times; each trial trains `epochs` epochs.
v1::SweepSpec DigitsSweep(uint32_t seeds, uint32_t epochs);

// What the tests ask a server. Every call that should work and does not fails the test, and gives an empty answer.
class SweepClient {
 public:
  // `address` is HOST:PORT. Waits until the server answers.
  explicit SweepClient(const std::string& address);

  // The new sweep's id.
  std::string Create(const v1::SweepSpec& spec);
  v1::Sweep Get(const std::string& sweep);
  // The sweep that runs the trial again.
  std::string Verify(const std::string& sweep, uint64_t trial);
  void Cancel(const std::string& sweep);
  // All trials that have a row, by paging.
  std::vector<v1::Trial> Trials(const std::string& sweep);
  std::vector<v1::TrialPoint> Points(const std::string& sweep);
  std::vector<v1::ResultRow> Results(const std::string& sweep);
  std::vector<v1::Worker> Workers();
  void DrainWorker(const std::string& name);

  // Waits until the sweep is what `condition` says.
  bool Await(const std::string& sweep, const std::function<bool(const v1::Sweep&)>& condition);
  bool AwaitFinished(const std::string& sweep);
  bool AwaitWorkers(size_t connected);

 private:
  std::unique_ptr<v1::SweepService::Stub> stub_;
};

// Trial -> digest of its final weights; fails the test unless exactly `count` trials are there and all succeeded.
std::map<uint64_t, std::string> DigestsOf(const std::vector<v1::Trial>& trials, size_t count);

}  // namespace basin::tests
