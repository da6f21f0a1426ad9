#include "proto/contract/workload_size.h"

#include <algorithm>
#include <string>

#include "proto/contract/space.h"
#include "tests/proto/contract/sweep_builder.h"

namespace basin::contract {
namespace {

// No resolved workload is larger than the bound, and the largest one not much smaller.
void ExpectBounds(const v1::SweepSpec& spec) {
  const auto space = Space::Create(spec);
  ASSERT_TRUE(space.ok()) << space.status();
  uint64_t largest = 0;
  for (uint64_t i = 0; i < (*space)->size(); ++i) {
    largest = std::max<uint64_t>(largest, (*space)->Resolve(i).ByteSizeLong());
  }
  EXPECT_LE(largest, MostWorkloadBytes(spec));
  EXPECT_GE(largest + 1000 * (1 + static_cast<uint64_t>(spec.domains_size())), MostWorkloadBytes(spec));
}

TEST(MostWorkloadBytesTest, ABaseAloneIsItsOwnBound) { ExpectBounds(Sweep()); }

TEST(MostWorkloadBytesTest, OfAChoiceTheLargestOptionCounts) {
  std::string milestones;
  for (int i = 1; i <= 900; ++i) milestones += " milestone_epochs: " + std::to_string(i);
  ExpectBounds(SweepWithout({"batch_size"}, R"pb(
                                                  domains {
                                                    path: "train.batch_size"
                                                    values {
                                                      values { int_value: 16 }
                                                      values { int_value: 32 }
                                                    }
                                                  }
                                                  domains {
                                                    path: "train.schedule"
                                                    choice { options { partial { train { schedule { constant {} } } } }
                                                             options {
                                                               partial { train { schedule { exponential {} } } }
                                                               domains {
                                                                 path: "train.schedule.exponential.gamma"
                                                                 values {
                                                                   values { double_value: 0.5 }
                                                                   values { double_value: 0.9 }
                                                                 }
                                                               }
                                                             }
                                                             options { partial { train { schedule { multistep {)pb" +
                                                milestones + R"pb(}
                                                                  } } } }
      }
    }
  )pb"));
}

TEST(MostWorkloadBytesTest, OfStringsTheLongestCounts) {
  v1::SweepSpec spec = Sweep(R"pb(domains {
                                    path: "train.dataset.name"
                                    values { values { string_value: "digits" } }
                                  })pb");
  spec.mutable_base()->mutable_train()->mutable_dataset()->clear_name();
  spec.mutable_domains(0)->mutable_values()->add_values()->set_string_value(std::string(100, 'a'));
  ExpectBounds(spec);
}

}  // namespace
}  // namespace basin::contract
