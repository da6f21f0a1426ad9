#include "worker/agent/outcome.h"

#include <cstddef>
#include <string_view>

namespace basin::worker::agent {
namespace {

constexpr size_t kMaxMessageBytes = 4096;

v1::TrialOutcome::Kind ToKind(job::JobOutcome outcome) {
  switch (outcome) {
    case job::JobOutcome::kSucceeded:
      return v1::TrialOutcome::KIND_SUCCEEDED;
    case job::JobOutcome::kDiverged:
      return v1::TrialOutcome::KIND_DIVERGED;
    case job::JobOutcome::kInvalid:
      return v1::TrialOutcome::KIND_INVALID;
    case job::JobOutcome::kError:
      return v1::TrialOutcome::KIND_ERROR;
    case job::JobOutcome::kStopped:
      return v1::TrialOutcome::KIND_RELEASED;
  }
  return v1::TrialOutcome::KIND_ERROR;
}

// The length of the UTF-8 sequence at the start of `text`; 0 if there is none. (Overlong forms and surrogates are left
// out by the bounds of the second byte.)
size_t SequenceLength(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  if (byte(0) < 0x80) return 1;
  const size_t length = byte(0) >= 0xC2 && byte(0) <= 0xDF   ? 2
                        : byte(0) >= 0xE0 && byte(0) <= 0xEF ? 3
                        : byte(0) >= 0xF0 && byte(0) <= 0xF4 ? 4
                                                             : 0;
  if (length == 0 || text.size() < length) return 0;
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  if (byte(0) == 0xE0 && byte(1) < 0xA0) return 0;
  if (byte(0) == 0xED && byte(1) > 0x9F) return 0;
  if (byte(0) == 0xF0 && byte(1) < 0x90) return 0;
  if (byte(0) == 0xF4 && byte(1) > 0x8F) return 0;
  return length;
}

std::string BoundedUtf8(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const size_t length = SequenceLength(text);
    const std::string_view next = length == 0 ? std::string_view("?") : text.substr(0, length);
    if (out.size() + next.size() > kMaxMessageBytes) break;
    out += next;
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return out;
}

}  // namespace

v1::TrialOutcome ToOutcome(const job::JobResult& result, const std::string& engine_fingerprint, MonoTime duration) {
  v1::TrialOutcome outcome;
  outcome.set_kind(ToKind(result.outcome));
  outcome.set_message(BoundedUtf8(result.message));
  outcome.set_weights_digest(result.weights_digest);
  outcome.set_data_digest(result.data_digest);
  outcome.set_engine_fingerprint(engine_fingerprint);
  outcome.mutable_duration()->set_seconds(duration.count() / 1'000'000'000);
  outcome.mutable_duration()->set_nanos(static_cast<int32_t>(duration.count() % 1'000'000'000));
  return outcome;
}

}  // namespace basin::worker::agent
