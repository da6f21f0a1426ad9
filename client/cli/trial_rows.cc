#include "client/cli/trial_rows.h"

#include "client/cli/param_names.h"
#include "proto/contract/field_path.h"
#include "proto/contract/space.h"

namespace basin::client::cli {

absl::StatusOr<ParamColumns> ParamColumns::Create(const v1::SweepSpec& spec) {
  const auto space = contract::Space::Create(spec);
  if (!space.ok()) return space.status();
  ParamColumns columns;
  columns.paths_ = (*space)->ParamPaths();
  columns.names_ = ShortNames(columns.paths_);
  return columns;
}

void ParamColumns::AddColumns(std::vector<format::Column>* columns) const {
  for (size_t i = 0; i < paths_.size(); ++i) columns->push_back({.name = names_[i], .json = {"params", paths_[i]}});
}

void ParamColumns::AddCells(const v1::Trial& trial, std::vector<format::Cell>* cells) const {
  for (const std::string& path : paths_) {
    format::Cell cell;
    for (const v1::Param& param : trial.params()) {
      if (param.path() == path) cell = format::CellFromText(contract::FormatValue(param.value()));
    }
    cells->push_back(std::move(cell));
  }
}

}  // namespace basin::client::cli
