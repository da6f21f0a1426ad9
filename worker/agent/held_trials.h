#pragma once

#include <compare>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "basin/v1/trial.pb.h"
#include "basin/v1/worker_service.pb.h"
#include "worker/agent/clock.h"

namespace basin::worker::agent {

// One lease: the attempt is its fencing token.
struct AttemptKey {
  std::string sweep_id;
  uint64_t index = 0;
  uint32_t attempt = 0;
  auto operator<=>(const AttemptKey&) const = default;
};

struct ReportingRules {
  // The server hears of every held trial, and of the worker, at least this often.
  MonoTime heartbeat = std::chrono::seconds(10);
  // How long a new point may wait for others to travel with. Outcomes do not wait.
  MonoTime point_delay = std::chrono::milliseconds(100);
  // A call stays below the message limit of 4 MiB with room for what surrounds the points.
  size_t max_call_bytes = 3 << 20;
  size_t max_call_trials = 2048;
  // Points kept while the server is away; see HasRoom.
  size_t max_buffered_bytes = 64 << 20;
};

// What this worker holds a lease of, and what the server has yet to hear of it: points numbered from 0 in each attempt,
// and at most one outcome. Decides what the next Report says and what an answer does. Pure: time comes in as an
// argument, nothing blocks, and a call that fails changes nothing, so that the next one repeats what it said.
class HeldTrials {
 public:
  explicit HeldTrials(ReportingRules rules) : rules_(rules) {}

  void SetHeartbeat(MonoTime heartbeat) { rules_.heartbeat = heartbeat; }

  // A lease begins. Not added if this attempt, or a later one at the same trial, is held: a repeated answer. An older
  // attempt, which the server must have given up, is held no longer.
  struct Added {
    bool added = false;
    std::optional<AttemptKey> superseded;
  };
  Added Add(const AttemptKey& key, MonoTime now);
  // The attempt's first point has this number, instead of 0. No effect if it is not held any more. REQUIRES: it has no
  // points.
  void BeginAt(const AttemptKey& key, uint64_t first_sequence);
  // The number of the attempt's next point, if it is held and nothing of it is to be told but that it lives; otherwise
  // nothing. With `now`, what is to be told is due then.
  std::optional<uint64_t> TellAll(const AttemptKey& key, MonoTime now);
  // False if the attempt is not held any more, or has an outcome: nobody wants its points.
  bool Append(const AttemptKey& key, std::span<const v1::MetricPoint> points, MonoTime now);
  // The attempt has ended; it stays held until the server has accepted this. False if it is not held any more. An
  // outcome that is there already stays.
  bool Finish(const AttemptKey& key, v1::TrialOutcome outcome, MonoTime now);

  // Whether more points may be buffered. Appending is not refused without room: the caller waits.
  bool HasRoom() const { return buffered_bytes_ < rules_.max_buffered_bytes; }
  bool Holds(const AttemptKey& key) const { return trials_.contains(key); }
  size_t size() const { return trials_.size(); }

  // When the server is next to be told something.
  MonoTime NextDue() const;
  // What to tell it now: every trial that has news or whose heartbeat is near. May name no trial: the heartbeat of an
  // idle worker. The worker's id is left to the caller.
  v1::ReportRequest NextReport(MonoTime now) const;

  struct Change {
    enum class Kind {
      kAccepted,  // The outcome is stored, or the trial handed back; no longer held.
      kStopped,   // Nobody wants the result; no longer held.
      kLost,      // Another attempt may run; no longer held.
      kRefused,   // The server refused what was said of it. Still held, with an outcome that says so.
    };
    AttemptKey key;
    Kind kind = Kind::kAccepted;
    std::string message;
  };
  // Takes in the answer to `sent`, which NextReport gave at `sent_at`. INTERNAL if it is no answer to it; then nothing
  // changes.
  absl::StatusOr<std::vector<Change>> TakeAnswer(const v1::ReportRequest& sent, MonoTime sent_at,
                                                 const v1::ReportResponse& answer, MonoTime now);

 private:
  struct Held {
    MonoTime last_named{};  // When a call that the server answered named it.
    uint64_t first_sequence = 0;
    std::deque<v1::MetricPoint> points;  // What the server has not confirmed, from first_sequence on.
    size_t bytes = 0;                    // Of `points`.
    std::optional<v1::TrialOutcome> outcome;
    bool refused = false;
    MonoTime news_due{};  // When points or outcome are to be told; meaningful if there are any.

    bool has_news() const { return !points.empty() || outcome.has_value(); }
  };
  using Trials = std::map<AttemptKey, Held>;

  bool IsDue(const Held& held, MonoTime now) const;
  // Forgets points that the server has.
  void Confirm(Held& held, uint64_t next_sequence, MonoTime now);
  void DropPoints(Held& held);
  void Erase(Trials::iterator it);
  std::optional<Change> TakeResult(Trials::iterator it, const v1::TrialReport& sent,
                                   const v1::TrialReportResult& result, MonoTime now);
  std::optional<Change> TakeRefusal(Trials::iterator it, const v1::TrialReport& sent,
                                    const v1::TrialReportResult& result, MonoTime now);

  ReportingRules rules_;
  Trials trials_;
  size_t buffered_bytes_ = 0;
  MonoTime last_call_{};  // When the last answered call was sent.
};

}  // namespace basin::worker::agent
