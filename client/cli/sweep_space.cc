#include "client/cli/sweep_space.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "client/cli/param_names.h"
#include "client/cli/param_values.h"
#include "client/format/cell.h"
#include "client/format/human.h"
#include "client/format/json.h"
#include "proto/contract/field_path.h"
#include "proto/contract/space.h"

namespace basin::client::cli {
namespace {

constexpr size_t kMostOptions = 1000;

// What the domain of a param is, in a few words.
std::string DomainText(const v1::Domain& domain) {
  const auto range = [](const char* name, const auto& r) {
    std::string out = std::string(name) + " from " + format::HumanReal(static_cast<double>(r.low())) + " to " +
                      format::HumanReal(static_cast<double>(r.high()));
    if (r.has_points()) out += ", " + std::to_string(r.points()) + " points";
    if (r.has_step()) out += ", step " + format::HumanReal(static_cast<double>(r.step()));
    return out;
  };
  switch (domain.kind_case()) {
    case v1::Domain::kValues: {
      std::string out;
      for (const v1::Value& value : domain.values().values()) {
        if (out.size() > 100) return out + ", ...";
        out += (out.empty() ? "" : ", ") + contract::FormatValue(value);
      }
      return out;
    }
    case v1::Domain::kChoice:
      return "one of " + format::Count(domain.choice().options_size(), "option");
    case v1::Domain::kUniform:
      return range("uniform", domain.uniform());
    case v1::Domain::kLogUniform:
      return range("log-uniform", domain.log_uniform());
    case v1::Domain::kIntUniform:
      return range("whole numbers", domain.int_uniform());
    case v1::Domain::kIntLogUniform:
      return range("whole numbers, log-uniform", domain.int_log_uniform());
    case v1::Domain::kNormal:
      return "normal, " + format::HumanReal(domain.normal().mean()) + " +- " +
             format::HumanReal(domain.normal().stddev());
    case v1::Domain::kLogNormal:
      return "log-normal, " + format::HumanReal(domain.log_normal().mean()) + " +- " +
             format::HumanReal(domain.log_normal().stddev());
    case v1::Domain::KIND_NOT_SET:
      break;
  }
  return "";
}

// A domain, and of which option of which choice it is.
struct Place {
  const v1::Domain* domain;
  std::string choice;  // Empty: of none.
  int option = 0;
  int depth = 0;
};

void AddPlaces(const google::protobuf::RepeatedPtrField<v1::Domain>& domains, const Place& of,
               std::vector<Place>* places) {
  for (const v1::Domain& domain : domains) {
    places->push_back({&domain, of.choice, of.option, of.depth});
    for (int i = 0; i < domain.choice().options_size(); ++i) {
      AddPlaces(domain.choice().options(i).domains(), {nullptr, domain.path(), i, of.depth + 1}, places);
    }
  }
}

std::vector<Place> PlacesOf(const v1::SweepSpec& spec) {
  std::vector<Place> places;
  AddPlaces(spec.domains(), {}, &places);
  return places;
}

const char* KindOf(const v1::Domain& domain) {
  switch (domain.kind_case()) {
    case v1::Domain::kValues:
      return "values";
    case v1::Domain::kChoice:
      return "choice";
    case v1::Domain::kUniform:
      return "uniform";
    case v1::Domain::kLogUniform:
      return "log_uniform";
    case v1::Domain::kIntUniform:
      return "int_uniform";
    case v1::Domain::kIntLogUniform:
      return "int_log_uniform";
    case v1::Domain::kNormal:
      return "normal";
    case v1::Domain::kLogNormal:
      return "log_normal";
    case v1::Domain::KIND_NOT_SET:
      break;
  }
  return "";
}

// `, "low": 0.1, "high": 1, "points": 5`.
std::string NumbersJson(const v1::Domain& domain) {
  const auto real = [](auto value) { return format::JsonReal(static_cast<double>(value)); };
  const auto range = [&](const auto& r) {
    std::string out = absl::StrCat(", \"low\": ", real(r.low()), ", \"high\": ", real(r.high()));
    if (r.has_points()) absl::StrAppend(&out, ", \"points\": ", r.points());
    if (r.has_step()) absl::StrAppend(&out, ", \"step\": ", real(r.step()));
    return out;
  };
  const auto normal = [&](const v1::Normal& n) {
    std::string out = absl::StrCat(", \"mean\": ", real(n.mean()), ", \"stddev\": ", real(n.stddev()));
    if (n.has_points()) absl::StrAppend(&out, ", \"points\": ", n.points());
    return out;
  };
  switch (domain.kind_case()) {
    case v1::Domain::kUniform:
      return range(domain.uniform());
    case v1::Domain::kLogUniform:
      return range(domain.log_uniform());
    case v1::Domain::kIntUniform:
      return range(domain.int_uniform());
    case v1::Domain::kIntLogUniform:
      return range(domain.int_log_uniform());
    case v1::Domain::kNormal:
      return normal(domain.normal());
    case v1::Domain::kLogNormal:
      return normal(domain.log_normal());
    default:
      return "";
  }
}

}  // namespace

std::vector<std::string> SpaceLines(const v1::SweepSpec& spec) {
  const auto space = contract::Space::Create(spec);
  if (!space.ok()) return {};
  const std::vector<std::string> paths = (*space)->ParamPaths();
  const std::vector<std::string> names = ShortNames(paths);
  std::vector<std::string> lines;
  for (const Place& place : PlacesOf(spec)) {
    const v1::Domain& domain = *place.domain;
    const auto at = std::find(paths.begin(), paths.end(), domain.path());
    const std::string name = at == paths.end() ? domain.path() : names[at - paths.begin()];
    const bool choice = domain.has_choice() && at != paths.end();
    const std::string line =
        absl::StrCat(std::string(static_cast<size_t>(2 * place.depth), ' '), name, ": ",
                     choice ? ParamValuesText(**space, domain.path(), kMostOptions) : DomainText(domain));
    // Two options may have a domain in common.
    if (std::find(lines.begin(), lines.end(), line) == lines.end()) lines.push_back(line);
  }
  return lines;
}

std::string SpaceJson(const v1::SweepSpec& spec) {
  const auto space = contract::Space::Create(spec);
  std::string list;
  for (const Place& place : PlacesOf(spec)) {
    const v1::Domain& domain = *place.domain;
    absl::StrAppend(&list, list.empty() ? "" : ", ", "{\"path\": ", format::JsonString(domain.path()), ", \"kind\": \"",
                    KindOf(domain), "\"", NumbersJson(domain));
    std::vector<std::string> values;
    for (const v1::Value& value : domain.values().values()) values.push_back(contract::FormatValue(value));
    if (domain.has_choice() && space.ok()) values = ParamValues(**space, domain.path(), kMostOptions);
    if (!values.empty()) {
      absl::StrAppend(&list, ", \"values\": [");
      for (size_t i = 0; i < values.size(); ++i) {
        absl::StrAppend(&list, i == 0 ? "" : ", ", format::JsonOf(format::CellFromText(values[i])));
      }
      absl::StrAppend(&list, "]");
    }
    if (!place.choice.empty()) {
      absl::StrAppend(&list, ", \"choice\": ", format::JsonString(place.choice), ", \"option\": ", place.option);
    }
    absl::StrAppend(&list, "}");
  }
  return "[" + list + "]";
}

}  // namespace basin::client::cli
