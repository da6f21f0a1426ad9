#pragma once

#include <set>
#include <string>
#include <unordered_map>

#include "client/spec/problem.h"

namespace basin::client::spec {

// Where in the file each part of the SweepSpec was written, by its path in the spec (`domains[0].values.values[2]`).
class SourceMap {
 public:
  struct Source {
    Position key;      // Of the key, or the list's element, that made it.
    Position value;    // Of the value.
    std::string path;  // As the file writes it: `train.batch_size.$values[2]`.
  };

  // The later source wins: a domain that was given up leaves its number to the next.
  void Add(const std::string& spec_path, Source source) { sources_.insert_or_assign(spec_path, std::move(source)); }

  // Says that what the file has for `spec_path` is known to be wrong, so that nothing that follows from it is said.
  void MarkFailed(const std::string& spec_path) { failed_.insert(spec_path); }
  // True if `spec_path` is marked, lies in a marked one, or a marked one lies in it.
  bool FollowsFromFailure(const std::string& spec_path) const;

  // The problem of a violation at `spec_path`: at the nearest thing above it that the file has.
  Problem Locate(const std::string& spec_path, std::string description) const;

 private:
  std::unordered_map<std::string, Source> sources_;
  std::set<std::string> failed_;
};

}  // namespace basin::client::spec
