#include "tests/simulation/user.h"

#include <utility>

#include "absl/strings/str_cat.h"

namespace basin::tests::simulation {

using namespace server::core;  // NOLINT: every noun of the core.
using std::chrono::seconds;

User::User(World* world, CoordinatorHost* coordinator, std::string name)
    : world_(*world), network_(world, coordinator), dice_(world->dice.Fork()), name_(std::move(name)) {
  definition_ = DrawSweep(name_, dice_, &world_.works[name_]);
}

void User::Submit() {
  if (created_) return;
  Send(CreateSweep{"", definition_, name_, "digest", std::nullopt}, [this](const absl::StatusOr<Reply>& reply) {
    if (!reply.ok()) return;
    const SweepId id = std::get<SweepReply>(*reply).id;
    world_.Note(absl::StrCat(name_, " has created ", id));
    world_.checker.OnCreated(name_, id);
    if (!std::exchange(created_, true)) world_.Sometimes(seconds(40), [this] { Meddle(); });
  });
  world_.timeline.After(seconds(4), [this] { Submit(); });
}

void User::Meddle() {
  const auto& sweeps = world_.checker.sweeps();
  if (sweeps.empty()) return;
  const auto sweep = std::next(sweeps.begin(), static_cast<std::ptrdiff_t>(dice_.Below(sweeps.size())));
  const SweepId id = sweep->first;
  const auto ignore = [](const absl::StatusOr<Reply>&) {};
  const uint64_t what = dice_.Below(24);
  if (what < 6) {
    Send(PauseSweep{id}, ignore);
  } else if (what < 13) {
    Send(ResumeSweep{id}, ignore);
  } else if (what < 18) {
    Send(RetrySweep{id, {}, nullptr}, ignore);
  } else if (what < 19) {
    Send(CancelSweep{id}, [this, id](const absl::StatusOr<Reply>& reply) {
      if (reply.ok()) world_.checker.OnCancelled(id);
    });
  } else if (what < 20) {
    Send(DeleteSweep{id}, ignore);
  } else if (const auto& workers = world_.checker.workers(); !workers.empty()) {
    const auto worker = std::next(workers.begin(), static_cast<std::ptrdiff_t>(dice_.Below(workers.size())));
    Send(DrainWorker{worker->first}, ignore);
  }
}

void User::ResumeAll() {
  for (const auto& [id, sweep] : world_.checker.sweeps()) {
    if (sweep.state == SweepState::kPaused) Send(ResumeSweep{id}, [](const absl::StatusOr<Reply>&) {});
  }
}

void User::Send(Command command, std::function<void(const absl::StatusOr<Reply>&)> answered) {
  network_.Call(std::move(command), [answered = std::move(answered)](absl::StatusOr<Reply> reply) { answered(reply); });
}

}  // namespace basin::tests::simulation
