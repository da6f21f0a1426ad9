#include "tests/benchmark/coordinator/connected_workers.h"

#include <atomic>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <queue>
#include <thread>
#include <utility>

#include "absl/strings/str_cat.h"
#include "proto/contract/channel.h"
#include "tests/benchmark/coordinator/connection.h"
#include "tests/benchmark/coordinator/worker_loads.h"

namespace basin::benchmark {
namespace {

// What happens when; run by one thread, filled by all.
class Agenda {
 public:
  void At(Clock::time_point time, std::function<void()> what) {
    std::lock_guard lock(mutex_);
    entries_.push({time, next_++, std::move(what)});
    wakeup_.notify_one();
  }
  void RunUntil(Clock::time_point end) {
    std::unique_lock lock(mutex_);
    while (Clock::now() < end) {
      const Clock::time_point next = entries_.empty() ? end : std::min(end, entries_.top().time);
      if (Clock::now() < next) {
        wakeup_.wait_until(lock, next);
        continue;
      }
      const std::function<void()> what = entries_.top().what;
      entries_.pop();
      lock.unlock();
      what();
      lock.lock();
    }
  }

 private:
  struct Entry {
    Clock::time_point time;
    uint64_t number;
    std::function<void()> what;
    bool operator<(const Entry& other) const { return std::pair(time, number) > std::pair(other.time, other.number); }
  };
  std::mutex mutex_;
  std::condition_variable wakeup_;
  std::priority_queue<Entry> entries_;
  uint64_t next_ = 0;
};

// What all workers measure together.
class Measurements {
 public:
  void Begin() { Set(true); }
  void End() {
    over_ = true;
    Set(false);
  }
  // The server goes: what calls say from then on means nothing.
  bool over() const { return over_; }
  void AddLease(double ms) { Add(&result_.lease_ms, ms); }
  void AddReport(double ms, bool ended) {
    std::lock_guard lock(mutex_);
    if (!on_) return;
    result_.report_ms.push_back(ms);
    ended_ += ended ? 1 : 0;
  }
  ConnectedResult Take(double seconds) {
    std::lock_guard lock(mutex_);
    result_.trials_per_second = static_cast<double>(ended_) / seconds;
    return std::move(result_);
  }

 private:
  void Set(bool on) {
    std::lock_guard lock(mutex_);
    on_ = on;
  }
  void Add(std::vector<double>* list, double ms) {
    std::lock_guard lock(mutex_);
    if (on_) list->push_back(ms);
  }
  std::mutex mutex_;
  std::atomic<bool> over_ = false;
  bool on_ = false;
  uint64_t ended_ = 0;
  ConnectedResult result_;
};

class ConnectedWorker {
 public:
  ConnectedWorker(const std::string& address, int number, double trial_seconds, Agenda* agenda,
                  Measurements* measurements)
      : connection_(address, absl::StrCat("connected-", number), 1),
        interval_(std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(trial_seconds) /
                                                              static_cast<double>(kPointsATrial))),
        agenda_(agenda),
        measurements_(measurements) {}

  void Lease() {
    auto call = std::make_shared<Call<v1::LeaseTrialsRequest, v1::LeaseTrialsResponse>>();
    call->request = connection_.NewLeaseRequest(1);
    connection_.stub().async()->LeaseTrials(&call->context, &call->request, &call->response,
                                            [this, call](const grpc::Status& status) {
                                              if (measurements_->over()) return;
                                              Expect(status, "LeaseTrials");
                                              if (call->response.trials().empty()) return Lease();
                                              measurements_->AddLease(1000 * SecondsSince(call->began));
                                              trial_ = call->response.trials(0);
                                              told_ = 0;
                                              ReportAt(Clock::now() + interval_);
                                            });
  }

 private:
  template <typename Request, typename Response>
  struct Call {
    Call() { contract::PrepareContext(&context, 60); }
    grpc::ClientContext context;
    Request request;
    Response response;
    Clock::time_point began = Clock::now();
  };

  void ReportAt(Clock::time_point time) {
    agenda_->At(time, [this, time] { Report(time); });
  }

  void Report(Clock::time_point due) {
    auto call = std::make_shared<Call<v1::ReportRequest, v1::ReportResponse>>();
    call->request = connection_.NewReport();
    v1::TrialReport* report = AddReport(trial_, told_, 1, &call->request);
    const bool ends = ++told_ == kPointsATrial;
    if (ends) SetSuccess(report);
    connection_.stub().async()->Report(&call->context, &call->request, &call->response,
                                       [this, call, ends, due](const grpc::Status& status) {
                                         if (measurements_->over()) return;
                                         Expect(status, "Report");
                                         ExpectAccepted(call->response);
                                         measurements_->AddReport(1000 * SecondsSince(call->began), ends);
                                         if (ends) {
                                           Lease();
                                         } else {
                                           ReportAt(due + interval_);
                                         }
                                       });
  }

  WorkerConnection connection_;
  const Clock::duration interval_;
  Agenda* const agenda_;
  Measurements* const measurements_;
  v1::LeasedTrial trial_;
  uint64_t told_ = 0;
};

}  // namespace

ConnectedResult MeasureConnectedWorkers(const std::string& address, const ConnectedLoad& load) {
  const double trial_seconds = load.workers / load.trials_per_second;
  // Never destroyed: answers may still come when the measurement is over, until the program ends.
  auto* agenda = new Agenda();
  auto* measurements = new Measurements();
  auto* workers = new std::vector<std::unique_ptr<ConnectedWorker>>();
  for (int i = 0; i < load.workers; ++i) {
    workers->push_back(std::make_unique<ConnectedWorker>(address, i, trial_seconds, agenda, measurements));
  }
  // They begin spread over the length of a trial, so that their trials do not end at once.
  const Clock::time_point begin = Clock::now();
  const auto seconds = [](double s) {
    return std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(s));
  };
  for (int i = 0; i < load.workers; ++i) {
    agenda->At(begin + seconds(trial_seconds * i / load.workers),
               [worker = (*workers)[static_cast<size_t>(i)].get()] { worker->Lease(); });
  }
  agenda->RunUntil(begin + seconds(2 * trial_seconds));
  measurements->Begin();
  const Clock::time_point measured_from = Clock::now();
  agenda->RunUntil(measured_from + seconds(load.seconds));
  measurements->End();
  return measurements->Take(SecondsSince(measured_from));
}

}  // namespace basin::benchmark
