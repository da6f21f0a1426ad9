#include "worker/job/checkpoint.h"

#include <cstring>
#include <deque>
#include <map>
#include <set>
#include <utility>
#include <vector>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "worker/job/safetensors.h"
#include "worker/train/state_visitor.h"

namespace basin::worker::job {
namespace {

constexpr char kFormat[] = "basin-checkpoint-1";

// The names of values with those of the parts around them.
class NamedVisitor : public train::StateVisitor {
 protected:
  std::string FullName(std::string_view name) const { return prefix_ + std::string(name); }

 private:
  void Enter(std::string_view name) override {
    lengths_.push_back(prefix_.size());
    prefix_.append(name).push_back('.');
  }
  void Leave() override {
    prefix_.resize(lengths_.back());
    lengths_.pop_back();
  }
  std::string prefix_;
  std::vector<size_t> lengths_;
};

// Lists the values as tensors; floats stay where they are.
class StateLister : public NamedVisitor {
 public:
  void Floats(std::string_view name, std::span<float> values) override { Add(name, TensorType::kFloat32, values); }
  void Doubles(std::string_view name, std::span<double> values) override {
    Add(name, TensorType::kFloat64, std::span<double>(doubles_.emplace_back(values.begin(), values.end())));
  }
  void Count(std::string_view name, uint64_t& value) override {
    counts_.push_back(value);
    Add(name, TensorType::kUint64, std::span<uint64_t>(&counts_.back(), 1));
  }
  const std::vector<Tensor>& tensors() const { return tensors_; }

 private:
  template <typename T>
  void Add(std::string_view name, TensorType type, std::span<T> values) {
    tensors_.push_back(
        {FullName(name), type, {values.size()}, {reinterpret_cast<const char*>(values.data()), values.size_bytes()}});
  }
  std::vector<Tensor> tensors_;
  std::deque<uint64_t> counts_;  // What is visited may be gone after its visit.
  std::deque<std::vector<double>> doubles_;
};

// Sets the values from tensors of the same names, types and sizes.
class StateSetter : public NamedVisitor {
 public:
  explicit StateSetter(const Safetensors& file) {
    for (const Tensor& tensor : file.tensors) tensors_[tensor.name] = &tensor;
  }
  void Floats(std::string_view name, std::span<float> values) override { Set(name, TensorType::kFloat32, values); }
  void Doubles(std::string_view name, std::span<double> values) override { Set(name, TensorType::kFloat64, values); }
  void Count(std::string_view name, uint64_t& value) override {
    Set(name, TensorType::kUint64, std::span<uint64_t>(&value, 1));
  }
  // Why the values could not be set, if so.
  absl::Status Finish() const {
    if (status_.ok() && !tensors_.empty()) {
      return Misfit(absl::StrCat("it has a '", tensors_.begin()->first, "' that the training has not"));
    }
    return status_;
  }

 private:
  static absl::Status Misfit(const std::string& what) {
    return absl::FailedPreconditionError(absl::StrCat("the checkpoint is of another training: ", what));
  }
  template <typename T>
  void Set(std::string_view name, TensorType type, std::span<T> values) {
    const auto found = tensors_.find(FullName(name));
    if (found == tensors_.end()) {
      if (status_.ok()) status_ = Misfit(absl::StrCat("it has no '", FullName(name), "'"));
      return;
    }
    const Tensor& tensor = *found->second;
    if (tensor.type == type && tensor.data.size() == values.size_bytes()) {
      if (!values.empty()) std::memcpy(values.data(), tensor.data.data(), values.size_bytes());
    } else if (status_.ok()) {
      status_ = Misfit(absl::StrCat("its '", tensor.name, "' has ", tensor.data.size(), " bytes, the training's has ",
                                    values.size_bytes()));
    }
    tensors_.erase(found);
  }

  std::map<std::string, const Tensor*> tensors_;
  absl::Status status_;
};

}  // namespace

Checkpoint WriteCheckpoint(const TrainingIdentity& identity, train::Trainer& trainer) {
  StateLister lister;
  trainer.VisitState(lister);
  std::map<std::string, std::string> metadata = MetadataOf(kFormat, identity);
  metadata["step"] = absl::StrCat(trainer.step());
  return {trainer.step(), WriteSafetensors(metadata, lister.tensors())};
}

absl::Status ReadCheckpoint(std::string_view bytes, const TrainingIdentity& identity, train::Trainer* trainer) {
  const absl::StatusOr<Safetensors> file = ReadSafetensors(bytes);
  if (!file.ok()) return file.status();
  if (absl::Status misfit = CheckMetadata("checkpoint is", file->metadata, kFormat, identity); !misfit.ok()) {
    return misfit;
  }
  StateSetter setter(*file);
  trainer->VisitState(setter);
  const absl::Status set = setter.Finish();
  if (!set.ok()) return set;
  const auto step = file->metadata.find("step");
  if (step == file->metadata.end() || step->second != absl::StrCat(trainer->step()) ||
      trainer->step() > trainer->length().total_steps) {
    return absl::DataLossError("the checkpoint's step is not one of the training");
  }
  return absl::OkStatus();
}

}  // namespace basin::worker::job
