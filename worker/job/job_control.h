#pragma once

#include <atomic>

namespace basin::worker::job {

// What others ask of a job that runs: it looks between two steps. Thread-safe.
class JobControl {
 public:
  // For good: the job ends at its next step.
  void Stop() {
    stop_ = true;
    interrupt_ = true;
  }
  // The job saves a checkpoint at its next step, and goes on.
  void RequestCheckpoint() {
    checkpoint_ = true;
    interrupt_ = true;
  }
  bool stopped() const { return stop_; }

  // The job's side. Set when anything is asked.
  const std::atomic<bool>* interrupt() const { return &interrupt_; }
  // Whether a checkpoint was asked for since the last call. Clears the interrupt, unless the job is to stop.
  bool TakeCheckpointRequest() {
    interrupt_ = false;
    if (stop_) interrupt_ = true;
    return checkpoint_.exchange(false);
  }

 private:
  std::atomic<bool> interrupt_{false};
  std::atomic<bool> stop_{false};
  std::atomic<bool> checkpoint_{false};
};

}  // namespace basin::worker::job
