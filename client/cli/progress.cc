#include "client/cli/progress.h"

#include <algorithm>
#include <chrono>
#include <cmath>

#include "client/cli/proto_time.h"
#include "client/cli/sweep_text.h"
#include "client/format/color.h"
#include "client/format/human.h"
#include "client/format/text_width.h"

namespace basin::client::cli {
namespace {

using format::Color;

constexpr size_t kRunningShown = 8;
constexpr double kLineEverySeconds = 5;

std::string Bar(double fraction, size_t width) {
  const size_t full = std::min(width, static_cast<size_t>(fraction * static_cast<double>(width)));
  return "[" + std::string(full, '#') + std::string(width - full, '.') + "]";
}

double Fraction(const v1::TrialCounts& trials) {
  return trials.total() == 0 ? 0 : static_cast<double>(DoneTrials(trials)) / static_cast<double>(trials.total());
}

// How fast it goes and how long it will take, or took.
std::string PaceText(const v1::Sweep& sweep, double now) {
  if (HasEnded(sweep)) {
    if (!sweep.has_started_at() || !sweep.has_ended_at()) return "";
    return "took " + format::HumanDuration(SecondsOf(sweep.ended_at()) - SecondsOf(sweep.started_at()));
  }
  std::string out;
  if (sweep.trials_per_second() > 0) {
    const std::string rate = format::HumanRate(sweep.trials_per_second());  // "2.5/s" -> "2.5 trials/s".
    const size_t slash = rate.find('/');
    out = rate.substr(0, slash) + " trials" + rate.substr(slash);
  }
  const double remaining = RemainingSeconds(sweep, now);
  if (remaining >= 0) out += (out.empty() ? "" : ", ") + ("about " + format::HumanDuration(remaining) + " left");
  return out;
}

std::string RunningText(const v1::Sweep& sweep, const v1::RunningTrial& trial) {
  std::string out = "  " + sweep.id() + "/" + std::to_string(trial.index()) + "  on " + trial.worker() + "  for " +
                    format::HumanDuration(SecondsOf(trial.age()));
  if (trial.epoch() > 0) out += "  epoch " + format::HumanReal(trial.epoch());
  if (trial.has_objective()) {
    out += "  " + (sweep.has_spec() ? ObjectiveMetric(sweep.spec().objective()) : std::string("objective")) + " " +
           format::HumanReal(trial.objective());
  }
  if (trial.attempt() > 1) out += "  attempt " + std::to_string(trial.attempt());
  return out;
}

// Draws pictures over one another.
class Canvas {
 public:
  explicit Canvas(std::ostream* out) : out_(*out) {}
  void Draw(const std::vector<std::string>& lines) {
    std::string text;
    if (drawn_ == 0 && lines.empty()) return;
    if (drawn_ > 0) text += "\x1b[" + std::to_string(drawn_) + "A\r";
    text += "\x1b[J";
    for (const std::string& line : lines) text += line + "\n";
    drawn_ = lines.size();
    out_ << text << std::flush;
  }
  // Lines that stay, where the picture was.
  void Say(const std::vector<std::string>& news, bool color) {
    if (news.empty()) return;
    Draw({});
    for (const std::string& words : news) {
      const std::string text = format::PrintableLines(words);
      out_ << (color ? format::Paint(text, Color::kYellow) : text) << std::endl;
    }
  }

 private:
  std::ostream& out_;
  size_t drawn_ = 0;
};

// Shows each state of a sweep as the options say.
class View {
 public:
  explicit View(const FollowOptions& options) : options_(options), canvas_(options.out) {}

  void Show(v1::Sweep sweep) {
    if (!options_.best) sweep.clear_best_trial();
    if (options_.news != nullptr) {
      canvas_.Say(*options_.news, options_.color);
      options_.news->clear();
    }
    if (options_.quiet) return;
    if (options_.terminal_width > 0) {
      canvas_.Draw(ProgressPicture(sweep, Now(), options_.terminal_width - 1, options_.color));
      return;
    }
    // Trials come and go all the time: a line now and then, but every turn at once.
    const std::string turn = StateName(sweep.state()) + sweep.waiting();
    const std::string line = ProgressLine(sweep, Now());
    const auto now = std::chrono::steady_clock::now();
    const bool due = now - last_ >= std::chrono::duration<double>(kLineEverySeconds) && line != last_line_;
    if (turn == last_turn_ && !due) return;
    *options_.out << line << std::endl;
    last_turn_ = turn;
    last_line_ = line;
    last_ = now;
  }

 private:
  const FollowOptions& options_;
  Canvas canvas_;
  std::string last_turn_, last_line_;
  std::chrono::steady_clock::time_point last_{};
};

}  // namespace

double RemainingSeconds(const v1::Sweep& sweep, double now) {
  const uint64_t done = DoneTrials(sweep.trials());
  const uint64_t left = sweep.trials().total() - done;
  if (HasEnded(sweep) || left == 0) return -1;
  double rate = sweep.trials_per_second();
  if (!(rate > 0) && done > 0 && sweep.has_started_at() && sweep.trials().running() > 0) {
    const double elapsed = now - SecondsOf(sweep.started_at());
    if (elapsed > 0) rate = static_cast<double>(done) / elapsed;
  }
  return rate > 0 ? static_cast<double>(left) / rate : -1;
}

std::vector<std::string> ProgressPicture(const v1::Sweep& sweep, double now, size_t width, bool color) {
  std::vector<std::string> lines;
  const auto add = [&](const std::string& text, Color paint = Color::kNone) {
    const std::string fitting = format::Shorten(format::Printable(text), width);
    lines.push_back(color ? format::Paint(fitting, paint) : fitting);
  };
  add(sweep.name() + "  " + sweep.id() + "  " + StateName(sweep.state()), Color::kBold);
  char percent[16];
  std::snprintf(percent, sizeof(percent), " %.0f%%", std::floor(100 * Fraction(sweep.trials())));
  const size_t bar = std::clamp<size_t>(width / 3, 10, 40);
  const std::string pace = PaceText(sweep, now);
  add(Bar(Fraction(sweep.trials()), bar) + percent + (pace.empty() ? "" : "  " + pace), Color::kCyan);
  add(CountsText(sweep.trials()));
  const std::string best = BestText(sweep);
  if (!best.empty()) add((HasEnded(sweep) ? "best: " : "best so far: ") + best, Color::kGreen);
  if (!sweep.waiting().empty()) add("waiting: " + sweep.waiting(), Color::kYellow);
  if (!sweep.message().empty()) add(sweep.message(), Color::kRed);
  size_t shown = 0;
  for (const v1::RunningTrial& trial : sweep.running()) {
    if (++shown > kRunningShown) break;
    add(RunningText(sweep, trial), Color::kDim);
  }
  if (sweep.trials().running() > kRunningShown) {
    add("  and " + std::to_string(sweep.trials().running() - kRunningShown) + " more", Color::kDim);
  }
  return lines;
}

std::string ProgressLine(const v1::Sweep& sweep, double now) {
  std::string out = sweep.name() + " " + sweep.id() + ": ";
  if (sweep.state() != v1::SWEEP_STATE_RUNNING) out += StateName(sweep.state()) + ", ";
  out += CountsText(sweep.trials());
  const std::string pace = PaceText(sweep, now);
  if (!pace.empty()) out += "; " + pace;
  const std::string best = BestText(sweep);
  if (!best.empty()) out += "; best " + best;
  if (!sweep.waiting().empty()) out += "; waiting: " + sweep.waiting();
  if (!sweep.message().empty()) out += "; " + sweep.message();
  return format::Printable(out);
}

absl::StatusOr<v1::Sweep> FollowSweep(api::Client& client, const std::string& id, Interrupt& interrupt,
                                      const FollowOptions& options) {
  // A busy sweep changes all the time; ages and rates of a quiet one do too. Its end is not waited past.
  constexpr double kShortestPause = 0.01, kLongestPause = 0.2;
  double pause = kShortestPause;
  View view(options);
  absl::StatusOr<v1::Sweep> sweep = client.GetSweep(id);
  while (sweep.ok()) {
    view.Show(*sweep);
    if (HasEnded(*sweep)) return sweep;
    if (options.check) {
      const absl::Status status = options.check(*sweep);
      if (!status.ok()) return status;
    }
    if (interrupt.WaitFor(pause)) return absl::CancelledError("interrupted");
    sweep = client.WaitForSweep(sweep->id(), sweep->revision(), 1);
    if (!sweep.ok()) break;
    const double left = RemainingSeconds(*sweep, Now());
    pause = std::min(2 * pause, left < 0 ? kLongestPause : std::clamp(left / 4, kShortestPause, kLongestPause));
  }
  return sweep.status();
}

}  // namespace basin::client::cli
