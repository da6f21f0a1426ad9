#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace basin::client::api {

// A paged list read item by item; one page is in memory at a time. Not thread-safe.
template <typename Item>
class Pager {
 public:
  struct Page {
    std::vector<Item> items;
    std::string next_page_token;  // Empty: the list ends.
  };
  using Fetch = std::function<absl::StatusOr<Page>(const std::string& page_token)>;

  explicit Pager(Fetch fetch) : fetch_(std::move(fetch)) {}

  // The next item, or nothing at the end.
  absl::StatusOr<std::optional<Item>> Next() {
    while (at_ == page_.items.size()) {
      if (ended_) return std::optional<Item>();
      const std::string token = page_.next_page_token;
      absl::StatusOr<Page> page = fetch_(token);
      if (!page.ok()) return page.status();
      page_ = *std::move(page);
      at_ = 0;
      ended_ = page_.next_page_token.empty();
      if (!ended_ && page_.next_page_token == token) {
        return absl::InternalError("the server's list does not advance: the same page token twice");
      }
    }
    return std::optional<Item>(std::move(page_.items[at_++]));
  }

  // Calls `visit` with every item until it returns false.
  absl::Status ForEach(const std::function<bool(const Item&)>& visit) {
    while (true) {
      absl::StatusOr<std::optional<Item>> item = Next();
      if (!item.ok()) return item.status();
      if (!item->has_value() || !visit(**item)) return absl::OkStatus();
    }
  }

 private:
  const Fetch fetch_;
  Page page_;
  size_t at_ = 0;
  bool ended_ = false;
};

}  // namespace basin::client::api
