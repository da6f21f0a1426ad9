#include "proto/contract/grid_values.h"

#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <unordered_set>

#include "absl/strings/str_cat.h"
#include "proto/contract/check_value.h"
#include "proto/contract/normal_quantile.h"
#include "proto/contract/value.h"

namespace basin::contract {

using google::protobuf::FieldDescriptor;

namespace {

// Neighbours closer than this, relative to their size, could become equal when rounded to 15 digits.
constexpr double kLeastSpacing = 4e-15;
constexpr double kMostValues = 9007199254740992.0;  // 2^53

// To 15 significant digits: arithmetic on decimal fractions then gives the decimal fractions that people expect.
double Rounded(long double value) {
  char text[40];
  std::snprintf(text, sizeof(text), "%.14Le", value);
  return std::strtod(text, nullptr);
}

double Size(double low, double high) { return std::fmax(std::fabs(low), std::fabs(high)); }

std::string Pair(const std::string& low, const std::string& high) { return absl::StrCat("[", low, ", ", high, "]"); }

bool IsReal(const FieldDescriptor* field) {
  return field->cpp_type() == FieldDescriptor::CPPTYPE_DOUBLE || field->cpp_type() == FieldDescriptor::CPPTYPE_FLOAT;
}

bool IsNumber(const FieldDescriptor* field) {
  return field->cpp_type() != FieldDescriptor::CPPTYPE_STRING && field->cpp_type() != FieldDescriptor::CPPTYPE_BOOL &&
         field->cpp_type() != FieldDescriptor::CPPTYPE_ENUM && field->cpp_type() != FieldDescriptor::CPPTYPE_MESSAGE;
}

bool Fail(std::vector<Violation>* violations, const std::string& path, std::string description) {
  violations->push_back({path, std::move(description)});
  return false;
}

// A value that the field refuses, said at `path`.
bool Accepts(const FieldPath& field, const v1::Value& value, const std::string& path,
             std::vector<Violation>* violations) {
  const absl::StatusOr<v1::Value> checked = CheckValue(field, value);
  return checked.ok() || Fail(violations, path, std::string(checked.status().message()));
}

}  // namespace

std::optional<GridValues> GridValues::Create(const v1::Domain& domain, const FieldPath& field,
                                             const std::string& spec_path, std::vector<Violation>* violations) {
  GridValues values(field);
  const FieldDescriptor* kind =
      domain.GetReflection()->GetOneofFieldDescriptor(domain, domain.GetDescriptor()->FindOneofByName("kind"));
  if (kind == nullptr) return std::nullopt;  // The rules say so.
  const std::string path = absl::StrCat(spec_path, ".", kind->name());
  if (!domain.has_values()) {
    if (!IsNumber(field.field())) {
      Fail(violations, path, absl::StrCat("gives numbers, which ", field.ToString(), " does not take; use values"));
      return std::nullopt;
    }
    if (!IsReal(field.field()) && !domain.has_int_uniform() && !domain.has_int_log_uniform()) {
      Fail(violations, path,
           absl::StrCat("gives real numbers, but ", field.ToString(), " takes whole ones; use int_uniform, ",
                        "int_log_uniform or values"));
      return std::nullopt;
    }
  }
  bool ok = false;
  switch (domain.kind_case()) {
    case v1::Domain::kValues:
      ok = values.FromList(domain.values(), path, violations);
      break;
    case v1::Domain::kUniform:
    case v1::Domain::kLogUniform:
      ok = values.FromRange(domain.has_uniform() ? domain.uniform() : domain.log_uniform(), domain.has_log_uniform(),
                            path, violations);
      break;
    case v1::Domain::kIntUniform:
    case v1::Domain::kIntLogUniform:
      ok = values.FromIntRange(domain.has_int_uniform() ? domain.int_uniform() : domain.int_log_uniform(),
                               domain.has_int_log_uniform(), path, violations);
      break;
    case v1::Domain::kNormal:
    case v1::Domain::kLogNormal:
      ok = values.FromNormal(domain.has_normal() ? domain.normal() : domain.log_normal(), domain.has_log_normal(), path,
                             violations);
      break;
    case v1::Domain::kChoice:
    case v1::Domain::KIND_NOT_SET:
      break;
  }
  if (!ok) return std::nullopt;
  return values;
}

bool GridValues::FromList(const v1::Values& list, const std::string& path, std::vector<Violation>* violations) {
  std::unordered_set<std::string> seen;
  bool ok = list.values_size() > 0;
  for (int i = 0; i < list.values_size(); ++i) {
    const std::string here = absl::StrCat(path, ".values[", i, "]");
    absl::StatusOr<v1::Value> value = CheckValue(field_, list.values(i));
    if (!value.ok()) {
      ok = Fail(violations, here, std::string(value.status().message()));
    } else if (!seen.insert(FormatValue(*value)).second) {
      ok = Fail(violations, here, absl::StrCat("stands twice in the list: ", FormatValue(*value)));
    } else {
      list_.push_back(*std::move(value));
    }
  }
  size_ = list_.size();
  return ok;
}

bool GridValues::FromRange(const v1::Range& range, bool log, const std::string& path,
                           std::vector<Violation>* violations) {
  if (!Accepts(field_, RealValue(range.low()), path + ".low", violations) ||
      !Accepts(field_, RealValue(range.high()), path + ".high", violations)) {
    return false;
  }
  if (!(range.low() < range.high())) {
    return Fail(
        violations, path,
        absl::StrCat("must go from low to high, is ", Pair(FormatNumber(range.low()), FormatNumber(range.high()))));
  }
  if (log && !(range.low() > 0)) {
    return Fail(violations, path + ".low", absl::StrCat("must be above 0, is ", FormatNumber(range.low())));
  }
  if (log && range.has_step()) return Fail(violations, path + ".step", "is not for a logarithmic range; use points");
  if (range.has_step() == range.has_points()) {
    return Fail(violations, path,
                range.has_step()
                    ? "must have either points or step, not both"
                    : absl::StrCat("needs points", log ? "" : " or step", " in a grid, such as points: 5"));
  }
  low_ = range.low();
  high_ = range.high();
  double spacing;
  if (range.has_points()) {
    size_ = range.points();
    if (size_ < 2) return false;  // The rules say so.
    kind_ = log ? Kind::kLog : Kind::kLinear;
    const double last = static_cast<double>(size_ - 1);
    spacing = log ? (std::log(high_) - std::log(low_)) / last : (high_ / last - low_ / last) / Size(low_, high_);
  } else {
    step_ = range.step();
    if (!(step_ > 0) || !std::isfinite(step_)) return false;  // The rules say so.
    kind_ = Kind::kStep;
    const double steps = std::floor((high_ / step_ - low_ / step_) * (1 + 1e-12) + 1e-12);
    if (!(steps < kMostValues)) return Fail(violations, path + ".step", "gives more than 2^53 values");
    size_ = static_cast<uint64_t>(steps) + 1;
    spacing = step_ / Size(low_, high_);
  }
  if (!(spacing > kLeastSpacing))
    return Fail(violations, path, "has values so close together that they would coincide");
  return true;
}

bool GridValues::FromIntRange(const v1::IntRange& range, bool log, const std::string& path,
                              std::vector<Violation>* violations) {
  if (!Accepts(field_, IntValue(range.low()), path + ".low", violations) ||
      !Accepts(field_, IntValue(range.high()), path + ".high", violations)) {
    return false;
  }
  if (range.low() >= range.high()) {
    return Fail(
        violations, path,
        absl::StrCat("must go from low to high, is ", Pair(std::to_string(range.low()), std::to_string(range.high()))));
  }
  const uint64_t width = static_cast<uint64_t>(range.high()) - static_cast<uint64_t>(range.low());
  if (static_cast<double>(width) >= kMostValues) return Fail(violations, path, "is wider than 2^53");
  if (log && range.low() < 1) {
    return Fail(violations, path + ".low", absl::StrCat("must be at least 1, is ", range.low()));
  }
  if (log && range.has_step()) return Fail(violations, path + ".step", "is not for a logarithmic range; use points");
  if (range.has_step() && range.has_points())
    return Fail(violations, path, "must have either points or step, not both");
  if (log && !range.has_points()) return Fail(violations, path, "needs points in a grid, such as points: 5");
  int_low_ = range.low();
  int_high_ = range.high();
  if (range.has_points()) {
    size_ = range.points();
    if (size_ < 2) return false;  // The rules say so.
    kind_ = log ? Kind::kIntLog : Kind::kIntLinear;
    if (size_ - 1 > width || (log && !LogPointsDiffer())) {
      return Fail(violations, path + ".points",
                  absl::StrCat("would coincide when rounded to whole numbers: ", size_, " points in ",
                               Pair(std::to_string(range.low()), std::to_string(range.high()))));
    }
    return true;
  }
  kind_ = Kind::kIntStep;
  int_step_ = range.has_step() ? range.step() : 1;
  if (int_step_ == 0) return false;  // The rules say so.
  size_ = width / int_step_ + 1;
  return true;
}

// The distance between points on a logarithmic scale grows, so that only the low end needs a look, until it is above 1.
bool GridValues::LogPointsDiffer() const {
  constexpr int64_t kNoLook = 4096;  // So far up, points that close are refused without one.
  const double growth = std::expm1(std::log(static_cast<double>(int_high_) / static_cast<double>(int_low_)) /
                                   static_cast<double>(size_ - 1));
  int64_t previous = int_low_;
  for (uint64_t i = 1; i < size_ && static_cast<double>(previous) * growth <= 1.01; ++i) {
    const int64_t next = IntAt(i);
    if (next <= previous || next > kNoLook) return false;
    previous = next;
  }
  return true;
}

bool GridValues::FromNormal(const v1::Normal& normal, bool log, const std::string& path,
                            std::vector<Violation>* violations) {
  if (!std::isfinite(normal.mean())) return Fail(violations, path + ".mean", "must be a finite number");
  if (!(normal.stddev() > 0) || !std::isfinite(normal.stddev())) return false;  // The rules say so.
  if (!normal.has_points()) return Fail(violations, path, "needs points in a grid, such as points: 5");
  size_ = normal.points();
  if (size_ < 2) return false;  // The rules say so.
  kind_ = log ? Kind::kLogNormal : Kind::kNormal;
  low_ = normal.mean();
  high_ = normal.stddev();
  const double first = RealAt(0);
  const double last = RealAt(size_ - 1);
  for (const double end : {first, last}) {
    const absl::StatusOr<v1::Value> checked = CheckValue(field_, RealValue(end));
    if (!checked.ok()) {
      return Fail(violations, path,
                  absl::StrCat("reaches a value that the field refuses: ", std::string(checked.status().message())));
    }
  }
  // The quantiles lie closest at the center, where the density is 1 / sqrt(2 pi).
  const double spacing = high_ * 2.5 / static_cast<double>(size_);
  if (!(spacing > kLeastSpacing * (log ? 1 : Size(first, last))) || (log && !(first > 0))) {
    return Fail(violations, path, "has values so close together that they would coincide");
  }
  return true;
}

double GridValues::RealAt(uint64_t index) const {
  if (kind_ == Kind::kNormal || kind_ == Kind::kLogNormal) {
    const long double x = low_ + static_cast<long double>(high_) * NormalQuantile(index, size_);
    return Rounded(kind_ == Kind::kNormal ? x : std::exp(x));
  }
  if (index == 0) return low_;
  if (kind_ == Kind::kStep) {
    const double value = Rounded(low_ + static_cast<long double>(step_) * index);
    return value < high_ ? value : high_;
  }
  if (index == size_ - 1) return high_;
  const long double share = static_cast<long double>(index) / (size_ - 1);
  if (kind_ == Kind::kLinear) return Rounded(low_ * (1 - share) + high_ * share);
  const long double from = std::log(static_cast<long double>(low_));
  return Rounded(std::exp(from + (std::log(static_cast<long double>(high_)) - from) * share));
}

int64_t GridValues::IntAt(uint64_t index) const {
  if (kind_ == Kind::kIntStep) return int_low_ + static_cast<int64_t>(index * int_step_);
  if (index == size_ - 1) return int_high_;
  const uint64_t last = size_ - 1;
  if (kind_ == Kind::kIntLinear) {
    const auto width = static_cast<unsigned __int128>(int_high_ - int_low_);
    return int_low_ + static_cast<int64_t>((width * index * 2 + last) / (2 * static_cast<unsigned __int128>(last)));
  }
  const long double from = std::log(static_cast<long double>(int_low_));
  const long double to = std::log(static_cast<long double>(int_high_));
  const long double exact = std::exp(from + (to - from) * (static_cast<long double>(index) / last));
  return static_cast<int64_t>(std::floor(Rounded(exact) + 0.5));
}

v1::Value GridValues::At(uint64_t index) const {
  if (kind_ == Kind::kList) return list_[index];
  const v1::Value value = IsInt() ? IntValue(IntAt(index)) : RealValue(RealAt(index));
  return CheckValue(field_, value).value_or(value);
}

}  // namespace basin::contract
