#include "tests/server/store/crash_run.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "server/store/sqlite_db.h"

namespace basin::tests {

using server::core::Event;
using server::core::Snapshot;
using server::core::State;
using server::store::CellKind;
using server::store::Connection;
using server::store::Row;
using server::store::SqliteStore;
using Result = CrashDisk::Result;

namespace {

// Small, so that a run of some hundred commits moves its log into the file many times.
constexpr int kCheckpointFrames = 60;

std::string TextOf(const Row& row, int columns) {
  std::string text;
  for (int i = 0; i < columns; ++i) {
    const bool blob = row.kind(i) == CellKind::kBlob;
    absl::StrAppend(&text, static_cast<int>(row.kind(i)), ":", std::string(blob ? row.blob(i) : row.text(i)), "|");
  }
  return text;
}

// Every row of every table. Changes nothing.
absl::StatusOr<std::vector<std::string>> Dump(const std::string& dir) {
  auto reader = Connection::Open(SqliteStore::DatabasePath(dir), Connection::Mode::kReadOnly);
  if (!reader.ok()) return reader.status();
  std::vector<std::string> tables, rows;
  absl::Status status = (*reader)->Each("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name",
                                        [&](const Row& row) { tables.push_back(row.string(0)); });
  for (const std::string& table : tables) {
    if (!status.ok()) break;
    auto statement = (*reader)->Prepare(absl::StrCat("SELECT * FROM ", table));
    if (!statement.ok()) return statement.status();
    const int columns = static_cast<int>(statement->column_names().size());
    status = statement->Each([&](const Row& row) { rows.push_back(absl::StrCat(table, ": ", TextOf(row, columns))); });
  }
  if (!status.ok()) return status;
  return rows;
}

std::string IntegrityOf(const std::string& dir) {
  auto reader = Connection::Open(SqliteStore::DatabasePath(dir), Connection::Mode::kReadOnly);
  if (!reader.ok()) return reader.status().ToString();
  std::string found;
  const absl::Status status =
      (*reader)->Each("PRAGMA integrity_check(1)", [&](const Row& row) { found = row.string(0); });
  return status.ok() ? found : status.ToString();
}

std::string FirstDifference(const std::vector<std::string>& is, const std::vector<std::string>& should_be) {
  const auto [a, b] = std::ranges::mismatch(is, should_be);
  return absl::StrCat("there is ", a == is.end() ? "nothing" : *a, " where there should be ",
                      b == should_be.end() ? "nothing" : *b);
}

// What a server would begin with.
std::vector<std::string> LinesOf(server::store::Store& store) {
  absl::StatusOr<Snapshot> snapshot = store.Load();
  if (!snapshot.ok()) return {snapshot.status().ToString()};
  return absl::StrSplit(Describe(State::Restore({}, *std::move(snapshot), {})), '\n');
}

}  // namespace

// What the history sees as its store: what it asks is answered from memory, so that a disk that fails to read does not
// lead it astray; what it loads comes from the disk.
class CrashRun::Witness : public server::store::Store {
 public:
  explicit Witness(CrashRun& run) : run_(run) {}
  absl::Status Commit(std::span<const Event> events) override {
    run_.pending_ = Pending{{events.begin(), events.end()}};
    return run_.Commit();
  }
  absl::StatusOr<Snapshot> Load() override { return run_.store_->Load(); }
  absl::StatusOr<server::core::FinishedTrial> FindFinished(const server::core::TrialKey& key) override {
    return run_.memory_.FindFinished(key);
  }
  absl::StatusOr<server::core::CreateSweep::Stored> FindRequest(const std::string& request_id) override {
    return run_.memory_.FindRequest(request_id);
  }
  absl::StatusOr<std::vector<server::core::RetrySweep::Failed>> FailedTrials(const std::string& id) override {
    return run_.memory_.FailedTrials(id);
  }
  absl::StatusOr<server::core::KnownResult> FindResult(const server::core::Computation& computation) override {
    return run_.memory_.FindResult(computation);
  }
  absl::StatusOr<v1::SweepSpec> FindSpec(const std::string& id) override { return run_.memory_.FindSpec(id); }

 private:
  CrashRun& run_;
};

CrashRun::CrashRun(uint64_t seed, bool ignores_sync)
    : seed_(seed),
      random_(seed),
      disk_(seed * 2, ignores_sync),
      twin_disk_(seed * 2 + 1),
      mount_(dir_.path().string(), &disk_),
      twin_mount_(twin_dir_.path().string(), &twin_disk_),
      witness_(std::make_unique<Witness>(*this)),
      history_(seed * 7919 + 1, witness_.get()) {
  if (auto twin = SqliteStore::Open(twin_dir_.path().string()); twin.ok()) {
    twin_ = *std::move(twin);
    if (seed_ % 2 == 0) twin_->KeepMetrics(server::core::WallTime{});
  } else {
    Violate(twin.status().ToString());
  }
  if (const absl::Status opened = OpenStore(); !opened.ok()) Violate(opened.ToString());
}

CrashRun::~CrashRun() = default;

// SplitMix64.
uint64_t CrashRun::Draw(uint64_t below) {
  uint64_t x = random_ += 0x9e3779b97f4a7c15;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9;
  x = (x ^ (x >> 27)) * 0x94d049bb133111eb;
  return (x ^ (x >> 31)) % below;
}

void CrashRun::Violate(const std::string& what) {
  if (!violation_) violation_ = absl::StrCat("seed ", seed_, ": ", what);
}

std::optional<std::string> CrashRun::Run(int incidents) {
  for (int i = 0; i < incidents && !violation_; ++i) {
    const uint64_t kind = Draw(10);
    if (kind < 5) {
      PowerLoss();
    } else if (kind < 8) {
      Fault(Result::kIoError);
    } else if (kind < 9) {
      Fault(Result::kFull);
    } else {
      for (uint64_t steps = 1 + Draw(30); steps > 0 && Step().ok(); --steps) {
      }
      ++figures_.kills;
      StartAgain(false);
    }
  }
  return violation_;
}

absl::Status CrashRun::OpenStore() {
  auto store = SqliteStore::Open(dir_.path().string());
  if (!store.ok()) return store.status();
  store_ = *std::move(store);
  store_->CheckpointAt(kCheckpointFrames);
  if (seed_ % 2 == 0) store_->KeepMetrics(server::core::WallTime{});
  return absl::OkStatus();
}

absl::Status CrashRun::Commit() {
  absl::Status status = store_->Commit(pending_->events);
  if (!status.ok()) return status;
  ++figures_.commits;
  Acknowledge(*std::exchange(pending_, std::nullopt));
  return status;
}

void CrashRun::Acknowledge(const Pending& pending) {
  constexpr server::core::WallTime kLater = std::chrono::hours(24 * 365 * 100);
  if (pending.tidies) {
    if (!twin_->Tidy(kLater).ok()) Violate("the store without faults can't tidy");
    return;
  }
  if (!twin_->Commit(pending.events).ok() || !memory_.Commit(pending.events).ok()) {
    Violate("a store without faults refused a batch");
  }
}

absl::Status CrashRun::Step() {
  const uint64_t what = Draw(100);
  if (what < 90) return history_.Step();
  if (what < 97) {
    pending_ = Pending{{}, true};
    const absl::Status status = store_->Tidy(std::chrono::hours(24 * 365 * 100)).status();
    if (status.ok()) Acknowledge(*std::exchange(pending_, std::nullopt));
    return status;
  }
  store_.reset();  // As when the server is told to stop.
  absl::Status status = OpenStore();
  if (status.ok()) status = store_->Load().status();
  if (status.ok()) history_.Restart();
  return status;
}

void CrashRun::PowerLoss() {
  const uint64_t spans[] = {10, 100, 1000};
  disk_.CutPowerAfter(1 + Draw(spans[Draw(3)]));
  while (!disk_.off() && !violation_) {
    if (const absl::Status status = Step(); !status.ok() && !disk_.off()) Violate(status.ToString());
  }
  ++figures_.losses;
  StartAgain(true);
}

void CrashRun::Fault(Result error) {
  using Call = CrashDisk::Call;
  const Call calls[] = {Call::kWrite, Call::kWrite, Call::kTruncate, Call::kOpen,
                        Call::kRead,  Call::kSync,  Call::kSync,     Call::kSync};
  const bool full = error == Result::kFull;
  const Call call = calls[Draw(full ? 2 : 8)];
  const uint64_t before = disk_.failed();
  disk_.Fail(call, 1 + Draw(call == Call::kOpen || call == Call::kTruncate ? 3 : 60), error, Draw(2) == 0);
  absl::Status status;
  for (int steps = 0; steps < 60 && status.ok() && !violation_; ++steps) status = Step();
  disk_.Mend();
  if (disk_.failed() > before) ++(full ? figures_.full_disks : figures_.io_errors);
  if (store_ == nullptr) return StartAgain(Draw(2) == 0);  // It did not open.
  if (full && absl::IsResourceExhausted(status)) {
    // The store stays usable, and nothing of the batch happened; the server loads and goes on.
    Compare(false);
    if (!violation_) history_.Restart();
    return;
  }
  if (full && !status.ok()) Violate(absl::StrCat("a full disk is answered with ", status.ToString()));
  if (!status.ok() && !absl::IsInternal(status)) {
    Violate(absl::StrCat("an I/O error is answered with ", status.ToString()));
  }
  // After the first error a store never writes again: it says that the process must exit.
  if (!status.ok() && pending_ && !pending_->tidies && store_->Commit(pending_->events).ok()) {
    Violate("the store goes on after an I/O error");
  }
  StartAgain(Draw(2) == 0);
}

void CrashRun::StartAgain(bool power_was_lost) {
  if (violation_) return;
  disk_.Kill();
  store_.reset();
  bool lost = power_was_lost;
  do {
    if (lost) {
      disk_.PowerOn();
      // Only a process that lives on to see an error leaves a mark of it.
      std::filesystem::remove(dir_.path() / "check-after-fault");
    } else {
      disk_.Restart();
      if (Draw(2) == 0) disk_.DropCache();
    }
    if (Draw(4) == 0) disk_.CutPowerAfter(1 + Draw(20));
    const absl::Status opened = OpenStore();
    lost = disk_.off();
    if (!lost && !opened.ok()) return Violate(absl::StrCat("the store does not open: ", opened.ToString()));
    if (lost) {
      ++figures_.losses_while_opening;
      disk_.Kill();
      store_.reset();
    }
  } while (lost);
  disk_.Restart();
  if (violation_) return;
  Compare(true);
  if (!violation_) history_.Restart();
}

void CrashRun::Compare(bool pending_may_be_there) {
  const std::string integrity = IntegrityOf(dir_.path().string());
  if (integrity != "ok") return Violate(absl::StrCat("integrity_check: ", integrity));
  const auto rows = Dump(dir_.path().string());
  auto expected = Dump(twin_dir_.path().string());
  if (!rows.ok() || !expected.ok())
    return Violate(absl::StrCat(rows.status().ToString(), expected.status().ToString()));
  const std::optional<Pending> pending = std::exchange(pending_, std::nullopt);
  if (pending_may_be_there && pending && *rows != *expected) {
    const std::string without = FirstDifference(*rows, *expected);
    Acknowledge(*pending);
    expected = Dump(twin_dir_.path().string());
    if (!expected.ok() || *rows != *expected) {
      return Violate(absl::StrCat("neither without what was under way: ", without,
                                  "; nor with it: ", FirstDifference(*rows, *expected)));
    }
    ++figures_.completed;
  } else if (*rows != *expected) {
    return Violate(absl::StrCat("not what was acknowledged: ", FirstDifference(*rows, *expected)));
  } else if (pending) {
    ++figures_.vanished;
  }
  const std::vector<std::string> state = LinesOf(*store_), remembered = LinesOf(memory_);
  if (state != remembered) Violate(absl::StrCat("the state: ", FirstDifference(state, remembered)));
}

}  // namespace basin::tests
