#include "proto/contract/dataset_name.h"

#include "absl/strings/str_cat.h"

namespace basin::contract {

std::string DatasetName(const v1::Dataset& dataset) {
  if (dataset.source_case() == v1::Dataset::kName) return dataset.name();
  const auto* oneof = v1::Dataset::descriptor()->FindOneofByName("source");
  const auto* source = dataset.GetReflection()->GetOneofFieldDescriptor(dataset, oneof);
  return source == nullptr ? "" : absl::StrCat(kSyntheticPrefix, source->name());
}

const v1::Dataset& DatasetOf(const v1::Workload& workload) {
  return workload.has_analyze() ? workload.analyze().train().dataset() : workload.train().dataset();
}

}  // namespace basin::contract
