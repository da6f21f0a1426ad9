#pragma once

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "basin/v1/sweep.pb.h"
#include "basin/v1/trial.pb.h"
#include "client/format/row_writer.h"

namespace basin::client::cli {

// The columns of a sweep's params, and a trial's cells in them.
class ParamColumns {
 public:
  static absl::StatusOr<ParamColumns> Create(const v1::SweepSpec& spec);
  void AddColumns(std::vector<format::Column>* columns) const;
  void AddCells(const v1::Trial& trial, std::vector<format::Cell>* cells) const;

 private:
  std::vector<std::string> paths_, names_;
};

}  // namespace basin::client::cli
