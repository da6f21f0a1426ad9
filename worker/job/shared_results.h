#pragma once

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "worker/job/job_control.h"

namespace basin::worker::job {

// Results that take long to make and that many trials of this process need: kept by their key up to a number of bytes,
// the least recently asked for dropped first; who asks for one that another trial is just making waits for it.
// Thread-safe.
template <typename T>
class SharedResults {
 public:
  // What `bytes_of` says of a result counts.
  SharedResults(size_t most_bytes, std::function<size_t(const T&)> bytes_of)
      : most_bytes_(most_bytes), bytes_of_(std::move(bytes_of)) {}

  // The result of `key`, from `make` if nobody has made it. A fault is not kept: the next who asks makes it anew.
  // CANCELLED once `control` (may be null) says stop while this waits.
  absl::StatusOr<std::shared_ptr<const T>> Get(const std::string& key, const JobControl* control,
                                               const std::function<absl::StatusOr<std::shared_ptr<const T>>()>& make) {
    std::unique_lock lock(mutex_);
    while (true) {
      if (const std::shared_ptr<const T> kept = Find(key)) return kept;
      if (under_way_.insert(key).second) break;
      // A stop wakes nobody; it is looked for.
      changed_.wait_for(lock, std::chrono::milliseconds(50));
      if (control != nullptr && control->stopped()) return absl::CancelledError("stopped");
    }
    lock.unlock();
    absl::StatusOr<std::shared_ptr<const T>> made = absl::InternalError("not made");
    try {
      made = make();
    } catch (...) {
      Finish(key, nullptr);
      throw;
    }
    Finish(key, made.ok() ? *made : nullptr);
    return made;
  }

 private:
  struct Kept {
    std::string key;
    std::shared_ptr<const T> result;
    size_t bytes;
  };

  // Null if it is not kept.
  std::shared_ptr<const T> Find(const std::string& key) {
    const auto place = std::find_if(kept_.begin(), kept_.end(), [&](const Kept& kept) { return kept.key == key; });
    if (place == kept_.end()) return nullptr;
    kept_.splice(kept_.begin(), kept_, place);
    return place->result;
  }

  void Finish(const std::string& key, std::shared_ptr<const T> result) {
    {
      const std::lock_guard lock(mutex_);
      under_way_.erase(key);
      if (result != nullptr) {
        const size_t bytes = bytes_of_(*result);
        kept_.push_front({key, std::move(result), bytes});
        bytes_ += bytes;
      }
      while (bytes_ > most_bytes_) {
        bytes_ -= kept_.back().bytes;
        kept_.pop_back();
      }
    }
    changed_.notify_all();
  }

  const size_t most_bytes_;
  const std::function<size_t(const T&)> bytes_of_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::set<std::string> under_way_;
  std::list<Kept> kept_;  // The last asked for first.
  size_t bytes_ = 0;
};

}  // namespace basin::worker::job
