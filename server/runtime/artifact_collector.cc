#include "server/runtime/artifact_collector.h"

#include <algorithm>
#include <string>

#include "server/runtime/log.h"

namespace basin::server::runtime {
namespace {

constexpr core::MonoTime kPause = std::chrono::seconds(30);
// However many files there are, looking through them takes a hundredth of a processor at most.
constexpr int kRestPerWork = 100;

}  // namespace

ArtifactCollector::ArtifactCollector(store::ArtifactStore* artifacts, store::Queries* queries, const Clock* clock)
    : artifacts_(artifacts), queries_(queries), clock_(clock), thread_([this] { Run(); }) {}

ArtifactCollector::~ArtifactCollector() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wakeup_.notify_all();
  thread_.join();
}

void ArtifactCollector::Run() {
  while (true) {
    const core::MonoTime began = clock_->Read().mono;
    const absl::StatusOr<uint64_t> removed =
        artifacts_->Collect([this](const std::string& sha256) { return queries_->IsArtifactKept(sha256); });
    if (!removed.ok()) {
      Log(LogLevel::kWarning, "unused artifacts could not be removed", {{"status", removed.status()}});
    } else if (*removed > 0) {
      Log(LogLevel::kDebug, "unused artifacts were removed", {{"files", *removed}});
    }
    const core::MonoTime now = clock_->Read().mono;
    const core::MonoTime next = now + std::max<core::MonoTime>(kPause, kRestPerWork * (now - began));
    std::unique_lock lock(mutex_);
    while (!stopping_ && clock_->Read().mono < next) clock_->Wait(wakeup_, lock, next);
    if (stopping_) return;
  }
}

}  // namespace basin::server::runtime
