#pragma once

#include <map>
#include <string>
#include <vector>

#include "tests/simulation/network.h"
#include "tests/simulation/world.h"

namespace basin::tests::simulation {

// A worker's process, one state machine that follows the comment of WorkerService: registers, leases, trains in virtual
// time, reports, repeats what is not answered, and drops what it lost.
class WorkerHost {
 public:
  WorkerHost(World* world, CoordinatorHost* coordinator, server::core::WorkerDescription description);

  void Start();
  // Loses everything. Comes back after a while, unless for good.
  void Crash(bool for_good = false);
  // Stands still for a while (SIGSTOP): what arrives meanwhile waits.
  void Stop();
  // Hands everything back and goes, and comes back as a new worker after a while.
  void Leave();
  void Cut() { network_.Cut(); }

 private:
  using Keys = std::pair<server::core::TrialKey, uint32_t>;  // Trial and attempt.
  struct Job {
    server::core::WorkerId leased_to;
    Plan plan;
    uint64_t made = 0;   // Points so far.
    uint64_t acked = 0;  // Of those, on the server's disk.
    uint64_t epochs = 0;
    std::optional<server::core::Outcome> outcome;
    std::string damaged;  // The checkpoint from which it is to go on, and can't; empty: none.
  };

  // Runs `action` after `delay` if this life still lasts; later if the process is stopped then.
  void Later(server::core::MonoTime delay, std::function<void()> action);
  void Guard(uint64_t life, std::function<void()> action);
  // One call, repeated by `again` if it is not answered in time. A late answer to it is dropped.
  void Call(server::core::Command command, uint64_t* outstanding,
            std::function<void(const absl::StatusOr<server::core::Reply>&)> answered, std::function<void()> again);

  void Register();
  void LeaseMore();
  // `asker` is the id under which they were asked for.
  void TakeLeases(const server::core::WorkerId& asker, const absl::StatusOr<server::core::Reply>& reply);
  void Train(const Keys& key);
  // Where an attempt begins.
  void Begin(const Keys& key, const std::optional<server::core::Checkpoint>& from);
  // Until the server has given another place to begin.
  void Reject(const Keys& key);
  // Uploads a checkpoint of epoch `epoch`, if the job still is there.
  void Save(const Keys& key, uint64_t epoch);
  void Heartbeat();
  void SendReport();
  void PretendToRunAnothers(server::core::Report* report);
  void TakeResults(const server::core::Report& report, const absl::StatusOr<server::core::Reply>& reply);
  void TakeResult(const server::core::TrialReport& sent, const server::core::ReportReply::Result& result);
  void Unregister();
  void ComeBack();
  server::core::MonoTime Backoff() { return dice_.Between(std::chrono::milliseconds(200), std::chrono::seconds(3)); }

  World& world_;
  Network network_;
  Dice dice_;
  const server::core::WorkerDescription description_;
  uint64_t life_ = 0;
  bool alive_ = false;
  bool leaving_ = false;
  server::core::MonoTime stopped_until_{};
  server::core::WorkerId id_;
  uint64_t calls_ = 0;                                                          // Number of the last call of any kind.
  uint64_t registering_ = 0, leasing_ = 0, reporting_ = 0, unregistering_ = 0;  // Outstanding calls; 0: none.
  std::string lease_request_;
  uint32_t ahead_ = 0;  // Of that request.
  std::map<Keys, Job> jobs_;
};

}  // namespace basin::tests::simulation
