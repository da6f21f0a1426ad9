#include "server/store/reader_pool.h"

namespace basin::server::store {

ReaderPool::Reader::~Reader() {
  if (connection_ == nullptr) return;
  // A connection that can't leave its transaction would hold on to an old snapshot for ever.
  if (connection_->in_transaction() && !connection_->Execute("ROLLBACK").ok()) connection_.reset();
  pool_->GiveBack(std::move(connection_));
}

absl::StatusOr<ReaderPool::Reader> ReaderPool::Take() {
  std::unique_lock<std::mutex> lock(mutex_);
  freed_.wait(lock, [this] { return taken_ < size_; });
  return Begin(std::move(lock));
}

absl::StatusOr<ReaderPool::Reader> ReaderPool::TryTake() {
  std::unique_lock<std::mutex> lock(mutex_);
  if (taken_ >= size_) return absl::ResourceExhaustedError("too many queries run at once; try again later");
  return Begin(std::move(lock));
}

absl::StatusOr<ReaderPool::Reader> ReaderPool::Begin(std::unique_lock<std::mutex> lock) {
  ++taken_;
  std::unique_ptr<Connection> connection;
  if (!idle_.empty()) {
    connection = std::move(idle_.back());
    idle_.pop_back();
  }
  lock.unlock();
  absl::Status status;
  if (connection == nullptr) {
    absl::StatusOr<std::unique_ptr<Connection>> opened = Open();
    if (opened.ok()) {
      connection = *std::move(opened);
    } else {
      status = opened.status();
    }
  }
  if (status.ok()) status = connection->Execute("BEGIN");
  if (!status.ok()) {
    GiveBack(nullptr);
    return status;
  }
  return Reader(this, std::move(connection));
}

absl::StatusOr<std::unique_ptr<Connection>> ReaderPool::Open() const {
  absl::StatusOr<std::unique_ptr<Connection>> connection = Connection::Open(path_, Connection::Mode::kReadOnly);
  if (!connection.ok()) return connection;
  absl::Status status = prepare_(**connection);
  if (!status.ok()) return status;
  return connection;
}

void ReaderPool::GiveBack(std::unique_ptr<Connection> connection) {
  const std::lock_guard<std::mutex> lock(mutex_);
  --taken_;
  if (connection != nullptr) idle_.push_back(std::move(connection));
  freed_.notify_one();
}

}  // namespace basin::server::store
