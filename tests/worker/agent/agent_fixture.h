#pragma once

#include <functional>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <utility>

#include "gtest/gtest.h"
#include "tests/worker/agent/fake_coordinator.h"
#include "worker/agent/agent.h"

namespace basin::worker::agent {

inline job::JobResult Success() { return {job::JobOutcome::kSucceeded, "", "weights", "data"}; }

// Runs an agent against a fake coordinator; the test says what its jobs do. It leaves at the end.
class AgentFixture : public testing::Test {
 protected:
  explicit AgentFixture(uint32_t slots) {
    options_.registration.set_name("tested");
    options_.registration.set_engine_fingerprint("engine");
    options_.registration.set_slots(slots);
    options_.registration.set_threads_per_trial(1);
    options_.reporting.point_delay = std::chrono::milliseconds(1);
    RunJobs([](uint64_t, const job::JobContext&) { return Success(); });
  }
  ~AgentFixture() override { Leave(); }

  void RunJobs(std::function<job::JobResult(uint64_t seed, const job::JobContext&)> job) {
    options_.run_job = [job = std::move(job)](const v1::Workload&, uint64_t seed, const job::JobContext& context) {
      return job(seed, context);
    };
  }
  void Start(Clock* clock = nullptr) {
    agent_ = std::make_unique<Agent>(options_, &coordinator_, clock == nullptr ? &clock_ : clock, log_.get());
    thread_ = std::thread([this] { left_ = agent_->Run(); });
  }
  void AwaitEnd() { thread_.join(); }
  void Leave() {
    if (!thread_.joinable()) return;
    agent_->Drain();
    AwaitEnd();
  }

  FakeCoordinator coordinator_;
  SystemClock clock_;
  std::ostringstream log_text_;
  std::unique_ptr<contract::EventLog> log_ =
      contract::EventLog::ToStream(&log_text_, "worker", contract::LogFormat::kText, contract::LogLevel::kDebug);
  AgentOptions options_;
  std::unique_ptr<Agent> agent_;
  std::thread thread_;
  absl::Status left_;
};

}  // namespace basin::worker::agent
