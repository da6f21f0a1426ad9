#pragma once

#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "server/store/sqlite_db.h"

namespace basin::server::store {

// Read-only connections to one database, opened when first needed. Thread-safe; must outlive its readers.
class ReaderPool {
 public:
  // `prepare` is run once on each new connection.
  ReaderPool(std::string path, size_t size, std::function<absl::Status(Connection&)> prepare)
      : path_(std::move(path)), size_(size), prepare_(std::move(prepare)) {}

  // A connection in a read transaction, so that all its statements see the same commit; given back at the end.
  class Reader {
   public:
    Reader(Reader&& other) noexcept : pool_(other.pool_), connection_(std::move(other.connection_)) {}
    Reader& operator=(Reader&&) = delete;
    ~Reader();
    Connection& operator*() const { return *connection_; }
    Connection* operator->() const { return connection_.get(); }

   private:
    friend class ReaderPool;
    Reader(ReaderPool* pool, std::unique_ptr<Connection> connection)
        : pool_(pool), connection_(std::move(connection)) {}
    ReaderPool* pool_;
    std::unique_ptr<Connection> connection_;
  };

  // Waits for a free one.
  absl::StatusOr<Reader> Take();
  // RESOURCE_EXHAUSTED when none is free.
  absl::StatusOr<Reader> TryTake();

 private:
  absl::StatusOr<Reader> Begin(std::unique_lock<std::mutex> lock);
  absl::StatusOr<std::unique_ptr<Connection>> Open() const;
  void GiveBack(std::unique_ptr<Connection> connection);

  const std::string path_;
  const size_t size_;
  const std::function<absl::Status(Connection&)> prepare_;
  std::mutex mutex_;
  std::condition_variable freed_;
  std::vector<std::unique_ptr<Connection>> idle_;
  size_t taken_ = 0;
};

}  // namespace basin::server::store
