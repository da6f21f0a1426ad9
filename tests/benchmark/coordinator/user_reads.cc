#include "tests/benchmark/coordinator/user_reads.h"

#include <future>
#include <utility>

#include "proto/contract/channel.h"
#include "tests/benchmark/coordinator/connection.h"
#include "tests/benchmark/coordinator/sweeps.h"
#include "tests/benchmark/coordinator/worker_loads.h"

namespace basin::benchmark {
namespace {

template <typename Request, typename Response>
class Reader {
 public:
  using Method = grpc::Status (v1::SweepService::Stub::*)(grpc::ClientContext*, const Request&, Response*);
  Reader(UserConnection& user, Method method, const char* name) : user_(user), method_(method), name_(name) {}

  Response Call(const Request& request) {
    Response response;
    grpc::ClientContext context;
    contract::PrepareContext(&context, 60);
    Expect((user_.stub().*method_)(&context, request, &response), name_);
    return response;
  }
  std::vector<double> Time(const Request& request, int repetitions) {
    std::vector<double> ms;
    for (int i = 0; i < repetitions; ++i) {
      const Clock::time_point began = Clock::now();
      Call(request);
      ms.push_back(1000 * SecondsSince(began));
    }
    return ms;
  }

 private:
  UserConnection& user_;
  const Method method_;
  const char* const name_;
};

// Of a small sweep of its own, beside what is stored.
std::vector<double> MeasureWatch(const std::string& address, UserConnection& user, int repetitions) {
  Reader<v1::GetSweepRequest, v1::GetSweepResponse> get(user, &v1::SweepService::Stub::GetSweep, "GetSweep");
  v1::SweepSpec spec = GridSweep("watched", 2, 1);
  spec.set_priority(1000);
  const std::string sweep = user.Submit(spec);
  WorkerConnection worker(address, "watched", 1);
  std::vector<double> ms;
  for (int i = 0; i < repetitions; ++i) {
    v1::ReportRequest report = worker.NewReport();
    SetSuccess(AddReport(worker.Lease(1).front(), 0, kPointsATrial, &report));
    v1::GetSweepRequest now;
    now.set_sweep(sweep);
    v1::GetSweepRequest wait = now;
    wait.set_known_revision(get.Call(now).sweep().revision());
    wait.mutable_wait()->set_seconds(10);
    std::future<Clock::time_point> told = std::async(std::launch::async, [&] {
      get.Call(wait);
      return Clock::now();
    });
    // The call should wait on the server by then; if it does not, the time is shorter by what it lacks.
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    const Clock::time_point sent = Clock::now();
    worker.Report(report);
    ms.push_back(1000 * std::chrono::duration<double>(told.get() - sent).count());
  }
  return ms;
}

}  // namespace

UserReads MeasureUserReads(const std::string& address, const std::string& sweep, int repetitions) {
  UserConnection user(address);
  Reader<v1::ListResultsRequest, v1::ListResultsResponse> results(user, &v1::SweepService::Stub::ListResults,
                                                                  "ListResults");
  Reader<v1::ListTrialsRequest, v1::ListTrialsResponse> trials(user, &v1::SweepService::Stub::ListTrials, "ListTrials");
  Reader<v1::ListSweepsRequest, v1::ListSweepsResponse> list(user, &v1::SweepService::Stub::ListSweeps, "ListSweeps");
  Reader<v1::GetSweepRequest, v1::GetSweepResponse> get(user, &v1::SweepService::Stub::GetSweep, "GetSweep");
  UserReads reads;
  v1::ListResultsRequest configs;
  configs.set_sweep(sweep);
  v1::ListResultsRequest grouped = configs;
  grouped.add_by("batch_size");
  grouped.add_by("schedule");
  v1::ListResultsRequest filtered = grouped;
  filtered.add_where("learning_rate>0.001");
  filtered.set_sort("val_accuracy");
  reads.results_grouped = results.Time(grouped, repetitions);
  reads.results_filtered = results.Time(filtered, repetitions);
  reads.results_configs = results.Time(configs, repetitions);
  v1::ListTrialsRequest first_trials;
  first_trials.set_sweep(sweep);
  reads.trials = trials.Time(first_trials, repetitions);
  reads.list = list.Time({}, repetitions);
  v1::GetSweepRequest one;
  one.set_sweep(sweep);
  reads.show = get.Time(one, repetitions);
  reads.watch = MeasureWatch(address, user, repetitions);
  return reads;
}

}  // namespace basin::benchmark
