#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

#include "server/runtime/clock.h"
#include "server/store/artifact_store.h"
#include "server/store/queries.h"

namespace basin::server::runtime {

// Removes the files of the artifact store to which nothing in the database refers any more: at the start, and then now
// and again, on a thread of its own.
class ArtifactCollector {
 public:
  // All outlive this.
  ArtifactCollector(store::ArtifactStore* artifacts, store::Queries* queries, const Clock* clock);
  // Ends after the collection under way.
  ~ArtifactCollector();

 private:
  void Run();

  store::ArtifactStore* const artifacts_;
  store::Queries* const queries_;
  const Clock* const clock_;
  std::mutex mutex_;
  std::condition_variable wakeup_;
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace basin::server::runtime
