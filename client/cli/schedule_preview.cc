#include "client/cli/schedule_preview.h"

#include <algorithm>
#include <cstdio>
#include <set>

#include "client/format/human.h"
#include "proto/contract/dataset_name.h"
#include "proto/contract/field_path.h"
#include "proto/contract/field_text.h"
#include "proto/contract/schedule/training_length.h"
#include "proto/contract/space.h"
#include "proto/contract/train_size.h"

namespace basin::client::cli {
namespace {

constexpr uint64_t kMostConfigs = 1'000'000;

// The training part's examples; of the well-known sets too, as they usually are.
std::optional<uint64_t> UsualTrainSize(const v1::Dataset& dataset) {
  if (dataset.has_teacher()) return contract::TrainSizeOf(dataset.teacher().examples(), false, dataset);
  if (dataset.name() == "mnist" || dataset.name() == "fashion-mnist") {
    return contract::TrainSizeOf(60000, true, dataset);
  }
  if (dataset.name() == "cifar-10" || dataset.name() == "cifar-100") {
    return contract::TrainSizeOf(50000, true, dataset);
  }
  return contract::TrainSize(dataset);
}

bool HasPlateau(const v1::Schedule& schedule) {
  if (schedule.has_warmup()) return HasPlateau(schedule.warmup().then());
  if (schedule.has_swa()) return HasPlateau(schedule.swa().until());
  for (const v1::SequenceSchedule::Part& part : schedule.sequence().parts()) {
    if (HasPlateau(part.schedule())) return true;
  }
  return schedule.has_plateau();
}

std::string TextOf(const char* path, const v1::Workload& workload) {
  const auto field = contract::ParseFieldPath(v1::Workload::descriptor(), path);
  if (!field.ok()) return "";
  return field->is_scalar() ? contract::FormatValue(contract::GetScalar(*field, workload))
                            : contract::DescribeField(*field, workload);
}

template <typename... Args>
std::string Print(const char* pattern, Args... args) {
  char buffer[256];
  std::snprintf(buffer, sizeof(buffer), pattern, args...);
  return buffer;
}

std::string Escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else if (c == '&') {
      out += "&amp;";
    } else {
      out += c;
    }
  }
  return out;
}

// The highest rate of each of so many equal parts of the training; of each step when there are fewer.
std::vector<double> HighestRates(const RateCurve& curve, size_t count) {
  const uint64_t steps = curve.length.total_steps;
  const uint64_t parts = std::min<uint64_t>(count, steps);
  std::vector<double> rates(parts, 0.0);
  for (uint64_t part = 0; part < parts; ++part) {
    const uint64_t end = steps * (part + 1) / parts;
    for (uint64_t i = steps * part / parts; i < end; ++i) rates[part] = std::max(rates[part], curve.Rate(i));
  }
  return rates;
}

}  // namespace

absl::StatusOr<std::vector<RateCurve>> RateCurves(const v1::SweepSpec& spec, std::optional<uint64_t> train_size) {
  const auto space = contract::Space::Create(spec);
  if (!space.ok()) return space.status();
  if ((*space)->size() > kMostConfigs) {
    return absl::InvalidArgumentError("the sweep has " + std::to_string((*space)->size()) +
                                      " configs; a preview looks at a million at most");
  }
  std::vector<RateCurve> curves;
  std::set<std::string> seen;
  for (uint64_t config = 0; config < (*space)->size(); ++config) {
    const v1::Workload workload = (*space)->Resolve(config);
    if (!workload.has_train()) return absl::InvalidArgumentError("only the rates of `train` workloads are shown");
    const v1::TrainWorkload& train = workload.train();
    const std::optional<uint64_t> size = train_size ? train_size : UsualTrainSize(train.dataset());
    if (!size) {
      return absl::InvalidArgumentError("how many examples the training part of `" +
                                        contract::DatasetName(train.dataset()) +
                                        "` has is not known here; say it with --train-size");
    }
    const auto length = contract::LengthOfTraining(train, *size);
    if (!length.ok()) return length.status();
    const double base_rate = contract::BaseRate(train, *size);
    const std::string key = train.schedule().SerializeAsString() + train.averaging().swa().SerializeAsString() + "/" +
                            std::to_string(train.batch_size()) + "/" + contract::FormatNumber(base_rate) + "/" +
                            std::to_string(length->total_steps) + "/" + std::to_string(length->steps_per_epoch);
    if (!seen.insert(key).second) continue;
    if (curves.size() == kMostCurves) {
      return absl::InvalidArgumentError("the sweep has more than " + std::to_string(kMostCurves) + " different curves");
    }
    auto factor = contract::Schedule::Of(train, *length);
    if (!factor.ok()) return factor.status();
    curves.push_back({.config = config,
                      .schedule = TextOf("train.schedule", workload),
                      .batch_size = TextOf("train.batch_size", workload),
                      .base_rate = base_rate,
                      .length = *length,
                      .factor = *std::move(factor),
                      .depends_on_results = HasPlateau(train.schedule())});
  }
  return curves;
}

std::string Sparkline(const RateCurve& curve, size_t width) {
  static constexpr const char* kBlocks[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  const std::vector<double> rates = HighestRates(curve, width);
  const double top = *std::max_element(rates.begin(), rates.end());
  std::string out;
  for (const double rate : rates) {
    out += kBlocks[top > 0 ? std::clamp<int>(static_cast<int>(rate / top * 7.999), 0, 7) : 0];
  }
  return out;
}

std::string TextPlot(const RateCurve& curve, size_t width, size_t height) {
  static constexpr const char* kEighths[] = {" ", "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
  const std::vector<double> rates = HighestRates(curve, width);
  const double top = *std::max_element(rates.begin(), rates.end());
  const std::string top_label = Print("%.4g", top), blank(top_label.size(), ' ');
  const auto axis = [&](bool labelled, const std::string& label) {
    return (labelled ? std::string(top_label.size() - label.size(), ' ') + label : blank) + " ";
  };
  std::string out;
  for (size_t line = height; line-- > 0;) {
    out += axis(line + 1 == height, top_label) + "┤";
    std::string cells;
    for (const double rate : rates) {
      // A rate above zero is always seen.
      const double eighths =
          top > 0 ? std::max(rate > 0 ? 1.0 : 0.0, std::round(rate / top * 8.0 * static_cast<double>(height))) : 0;
      cells += kEighths[std::clamp<int>(static_cast<int>(eighths) - static_cast<int>(8 * line), 0, 8)];
    }
    out += cells.substr(0, cells.find_last_not_of(' ') + 1) + "\n";
  }
  out += axis(true, "0") + "┼";
  for (size_t i = 0; i < rates.size(); ++i) out += "─";
  const std::string end = Print("%.6g epochs", curve.Epoch(curve.length.total_steps));
  const size_t number = end.size() - std::string(" epochs").size();
  out += "\n" + blank + " 0" + std::string(rates.size() > number ? rates.size() - number : 1, ' ') + end + "\n";
  return out;
}

std::string SvgOf(const std::vector<RateCurve>& curves, const std::string& title) {
  // Colors that readers with any color vision tell apart (Okabe & Ito 2008).
  static constexpr const char* kColors[] = {"#0072b2", "#d55e00", "#009e73", "#cc79a7",
                                            "#e69f00", "#56b4e9", "#000000"};
  constexpr double kLeft = 70, kTop = 40, kWidth = 640, kHeight = 320;
  constexpr uint64_t kMostPoints = 2000;
  double top = 0, last = 0;
  for (const RateCurve& curve : curves) {
    for (uint64_t i = 0; i < curve.length.total_steps;
         i += std::max<uint64_t>(1, curve.length.total_steps / kMostPoints)) {
      top = std::max(top, curve.Rate(i));
    }
    last = std::max(last, curve.Epoch(curve.length.total_steps));
  }
  if (top <= 0) top = 1;
  const double height = kTop + kHeight + 60 + 18 * static_cast<double>(curves.size());
  std::string out = Print(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%g\" height=\"%g\" font-family=\"sans-serif\" "
      "font-size=\"12\">\n<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n",
      kLeft + kWidth + 30, height);
  out += Print("<text x=\"%g\" y=\"22\" font-size=\"15\">", kLeft) + Escaped(title) + ": learning rate</text>\n";
  for (int i = 0; i <= 4; ++i) {
    const double y = kTop + kHeight * (4 - i) / 4, x = kLeft + kWidth * i / 4;
    out += Print("<path d=\"M%g %gH%g\" stroke=\"#ddd\"/><text x=\"%g\" y=\"%g\" text-anchor=\"end\">%.3g</text>\n",
                 kLeft, y, kLeft + kWidth, kLeft - 6, y + 4, top * i / 4);
    out += Print("<text x=\"%g\" y=\"%g\" text-anchor=\"middle\">%.3g</text>\n", x, kTop + kHeight + 18, last * i / 4);
  }
  out +=
      Print("<text x=\"%g\" y=\"%g\" text-anchor=\"middle\">epoch</text>\n", kLeft + kWidth / 2, kTop + kHeight + 36);
  double legend = kTop + kHeight + 56;
  for (size_t c = 0; c < curves.size(); ++c, legend += 18) {
    const RateCurve& curve = curves[c];
    const char* color = kColors[c % std::size(kColors)];
    const uint64_t steps = curve.length.total_steps, stride = std::max<uint64_t>(1, steps / kMostPoints);
    std::string path;
    for (uint64_t i = 0; i < steps; i += stride) {
      path += Print("%s%.2f %.2f", path.empty() ? "M" : "L", kLeft + kWidth * curve.Epoch(i) / last,
                    kTop + kHeight * (1 - curve.Rate(i) / top));
    }
    out += "<path fill=\"none\" stroke-width=\"1.5\" stroke=\"" + std::string(color) + "\" d=\"" + path + "\"/>\n";
    out += Print("<path d=\"M%g %gh20\" stroke=\"%s\" stroke-width=\"2\"/><text x=\"%g\" y=\"%g\">", kLeft, legend - 4,
                 color, kLeft + 28, legend);
    out += Escaped(curve.schedule + ", batch " + curve.batch_size + ", rate " + format::HumanReal(curve.base_rate)) +
           "</text>\n";
  }
  return out + "</svg>\n";
}

}  // namespace basin::client::cli
