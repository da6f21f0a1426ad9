#include "proto/contract/space.h"

#include <map>
#include <set>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "proto/contract/canonical.h"
#include "proto/contract/dataset_name.h"
#include "proto/contract/field_path.h"
#include "proto/contract/validate.h"
#include "proto/contract/violation.h"
#include "tests/proto/contract/sweep_builder.h"

namespace basin::contract {
namespace {

using ::testing::ElementsAre;

std::shared_ptr<const Space> Make(const v1::SweepSpec& spec) {
  auto space = Space::Create(spec);
  EXPECT_TRUE(space.ok()) << space.status();
  return space.ok() ? *space : nullptr;
}

// `path=value` of each param.
std::vector<std::string> Texts(const Space& space, uint64_t index) {
  std::vector<std::string> texts;
  for (const v1::Param& param : space.Params(index)) texts.push_back(param.path() + "=" + FormatValue(param.value()));
  return texts;
}

// The quickstart's space, with a conditional domain: 3 * (1 + 2 + 1) configs.
v1::SweepSpec Quickstart() {
  return SweepWithout({"batch_size"}, R"pb(
    domains {
      path: "train.batch_size"
      values {
        values { int_value: 16 }
        values { int_value: 32 }
        values { string_value: "full" }
      }
    }
    domains {
      path: "train.schedule"
      choice {
        options { partial { train { schedule { constant {} } } } }
        options {
          partial { train { schedule { exponential {} } } }
          domains {
            path: "train.schedule.exponential.gamma"
            values {
              values { double_value: 0.9 }
              values { double_value: 0.95 }
            }
          }
        }
        options { partial { train { schedule { sgdr { first_period_epochs: 10 } } } } }
      }
    }
  )pb");
}

TEST(SpaceTest, SweepWithoutDomainsIsOneConfig) {
  const auto space = Make(Sweep());
  EXPECT_EQ(space->size(), 1u);
  EXPECT_TRUE(space->Params(0).empty());
  EXPECT_EQ(space->Resolve(0).train().optimizer().sgd().momentum(), 0);
}

TEST(SpaceTest, DomainsMultiplyAndOptionsOfAChoiceAdd) { EXPECT_EQ(Make(Quickstart())->size(), 12u); }

TEST(SpaceTest, LastDomainVariesFastest) {
  const auto space = Make(Quickstart());
  EXPECT_THAT(Texts(*space, 0), ElementsAre("train.batch_size=16", "train.schedule=constant"));
  EXPECT_THAT(Texts(*space, 1),
              ElementsAre("train.batch_size=16", "train.schedule=exponential", "train.schedule.exponential.gamma=0.9"));
  EXPECT_THAT(Texts(*space, 2), ElementsAre("train.batch_size=16", "train.schedule=exponential",
                                            "train.schedule.exponential.gamma=0.95"));
  EXPECT_THAT(Texts(*space, 3), ElementsAre("train.batch_size=16", "train.schedule=sgdr(first_period_epochs=10)"));
  EXPECT_THAT(Texts(*space, 8), ElementsAre("train.batch_size=full", "train.schedule=constant"));
}

TEST(SpaceTest, ResolvedWorkloadHoldsWhatTheParamsSay) {
  const auto space = Make(Quickstart());
  const v1::Workload workload = space->Resolve(10);
  EXPECT_EQ(workload.train().batch_size(), 4294967295u);
  EXPECT_EQ(workload.train().schedule().exponential().gamma(), 0.95);
  EXPECT_TRUE(workload.train().schedule().exponential().has_smooth());
  EXPECT_TRUE(ValidateResolved(workload).ok());
}

TEST(SpaceTest, EveryConfigIsDistinct) {
  const auto space = Make(Quickstart());
  std::set<std::string> digests;
  for (uint64_t i = 0; i < space->size(); ++i) digests.insert(CanonicalDigest(space->Resolve(i)));
  EXPECT_EQ(digests.size(), space->size());
}

TEST(SpaceTest, ParamPathsAreInOrderOfFirstAppearance) {
  EXPECT_THAT(Make(Quickstart())->ParamPaths(),
              ElementsAre("train.batch_size", "train.schedule", "train.schedule.exponential.gamma"));
}

TEST(SpaceTest, ChoiceWithinAChoice) {
  const auto space = Make(Sweep(R"pb(
    domains {
      path: "train.schedule"
      choice {
        options { partial { train { schedule { constant {} } } } }
        options {
          partial { train { schedule { warmup { steps: 10 } } } }
          domains {
            path: "train.schedule.warmup.then"
            choice {
              options { partial { train { schedule { warmup { then { cosine {} } } } } } }
              options {
                partial { train { schedule { warmup { then { exponential {} } } } } }
                domains {
                  path: "train.schedule.warmup.then.exponential.gamma"
                  uniform { low: 0.5 high: 0.9 step: 0.1 }
                }
              }
            }
          }
        }
      }
    }
  )pb"));
  ASSERT_EQ(space->size(), 7u);
  EXPECT_THAT(Texts(*space, 3), ElementsAre("train.schedule=warmup(steps=10)", "train.schedule.warmup.then=exponential",
                                            "train.schedule.warmup.then.exponential.gamma=0.6"));
  EXPECT_EQ(space->Resolve(3).train().schedule().warmup().then().exponential().gamma(), 0.6);
  EXPECT_EQ(space->Resolve(3).train().schedule().warmup().steps(), 10u);
}

TEST(SpaceTest, ChoiceOfAWholeListReplacesIt) {
  const auto space =
      Make(SweepWith([](v1::TrainWorkload* train) { train->mutable_model()->mutable_mlp()->clear_hidden(); },
                     R"pb(
                       domains {
                         path: "train.model.mlp.hidden"
                         choice {
                           options { partial { train { model { mlp { hidden: [ 64, 32 ] } } } } }
                           options { partial { train { model { mlp { hidden: [ 128 ] } } } } }
                         }
                       }
                     )pb"));
  EXPECT_THAT(Texts(*space, 0), ElementsAre("train.model.mlp.hidden=[64, 32]"));
  EXPECT_THAT(space->Resolve(1).train().model().mlp().hidden(), ElementsAre(128));
}

TEST(SpaceTest, DomainOfAListElementReplacesTheElement) {
  const auto space = Make(SweepWith(
      [](v1::TrainWorkload* train) {
        train->mutable_model()->mutable_mlp()->clear_hidden();
        train->mutable_model()->mutable_mlp()->add_hidden(1);
        train->mutable_model()->mutable_mlp()->add_hidden(16);
      },
      R"pb(
        domains {
          path: "train.model.mlp.hidden[0]"
          int_uniform { low: 32 high: 64 points: 2 }
        }
        domains {
          path: "train.model.mlp.hidden[2]"
          values { values { int_value: 8 } }
        }
      )pb"));
  EXPECT_THAT(space->Resolve(1).train().model().mlp().hidden(), ElementsAre(64, 16, 8));
}

TEST(SpaceTest, HugeSpaceIsDecodedWithoutListingIt) {
  const auto space = Make(SweepWithout({"learning_rate", "batch_size"}, R"pb(
    domains {
      path: "train.learning_rate"
      uniform { low: 1 high: 2 points: 1000000000 }
    }
    domains {
      path: "train.batch_size"
      int_uniform { low: 1 high: 9000000 }
    }
  )pb"));
  ASSERT_EQ(space->size(), 9'000'000'000'000'000u);
  EXPECT_THAT(Texts(*space, space->size() - 1), ElementsAre("train.learning_rate=2", "train.batch_size=9000000"));
  EXPECT_THAT(Texts(*space, 9'000'000), ElementsAre("train.learning_rate=1.000000001", "train.batch_size=1"));
}

TEST(SpaceTest, ProductBeyondTwoToThe53IsRefused) {
  const auto space = Space::Create(SweepWithout({"learning_rate", "batch_size"}, R"pb(
    domains {
      path: "train.learning_rate"
      uniform { low: 1 high: 2 points: 1000000000 }
    }
    domains {
      path: "train.batch_size"
      int_uniform { low: 1 high: 10000000 }
    }
  )pb"));
  ASSERT_FALSE(space.ok());
  EXPECT_EQ(ViolationsOf(space.status()).at(0).path, "domains");
}

TEST(SpaceTest, DatasetOfAConfigFollowsItsDomain) {
  v1::SweepSpec spec = Sweep(R"pb(
    domains {
      path: "train.dataset.name"
      values {
        values { string_value: "digits" }
        values { string_value: "mnist" }
      }
    }
  )pb");
  spec.mutable_base()->mutable_train()->clear_dataset();
  const auto space = Make(spec);
  EXPECT_EQ(space->DatasetOf(0), "digits");
  EXPECT_EQ(space->DatasetOf(1), "mnist");
  EXPECT_EQ(Make(Sweep())->DatasetOf(0), "digits");
}

TEST(SpaceTest, DatasetOfAConfigIsThatOfItsWorkload) {
  v1::SweepSpec spec = SweepWithout({"batch_size", "dataset"}, R"pb(
    domains {
      path: "train.batch_size"
      int_uniform { low: 1 high: 3 }
    }
    domains {
      path: "train.dataset"
      choice {
        options { partial { train { dataset { name: "digits" } } } }
        options {
          partial { train { dataset {} } }
          domains {
            path: "train.dataset.name"
            values {
              values { string_value: "mnist" }
              values { string_value: "fashion" }
            }
          }
        }
      }
    }
    domains {
      path: "train.drop_last"
      values {
        values { bool_value: true }
        values { bool_value: false }
      }
    }
  )pb");
  const auto space = Make(spec);
  ASSERT_EQ(space->size(), 18u);
  for (uint64_t i = 0; i < space->size(); ++i) {
    EXPECT_EQ(space->DatasetOf(i), space->Resolve(i).train().dataset().name()) << i;
  }
}

TEST(SpaceTest, ASyntheticDatasetIsKnownByItsKindWhateverItsSettings) {
  v1::SweepSpec spec = SweepWithout({"dataset"}, R"pb(
    domains {
      path: "train.dataset"
      choice {
        options { partial { train { dataset { name: "digits" } } } }
        options {
          partial { train { dataset { two_spirals { turns: 2 } } } }
          domains {
            path: "train.dataset.two_spirals.noise"
            uniform { low: 0 high: 1 points: 3 }
          }
        }
      }
    }
    domains {
      path: "train.drop_last"
      values {
        values { bool_value: true }
        values { bool_value: false }
      }
    }
  )pb");
  const auto space = Make(spec);
  ASSERT_EQ(space->size(), 8u);
  for (uint64_t i = 0; i < 8; ++i) {
    EXPECT_EQ(space->DatasetOf(i), i < 2 ? "digits" : "synthetic.two_spirals") << i;
    EXPECT_EQ(space->DatasetOf(i), DatasetName(space->Resolve(i).train().dataset())) << i;
  }
}

TEST(SpaceTest, ADomainBelowASourceChoosesIt) {
  v1::SweepSpec spec = SweepWithout({"dataset"}, R"pb(
    domains {
      path: "train.dataset.moons.noise"
      uniform { low: 0 high: 1 points: 3 }
    }
  )pb");
  EXPECT_EQ(Make(spec)->DatasetOf(2), "synthetic.moons");
}

TEST(SpaceTest, DatasetNamesMayBeMoreThanAreKept) {
  v1::SweepSpec spec = SweepWithout({"dataset"}, "");
  v1::Domain* domain = spec.add_domains();
  domain->set_path("train.dataset.name");
  for (int i = 0; i < 5000; ++i) domain->mutable_values()->add_values()->set_string_value("d" + std::to_string(i));
  EXPECT_EQ(Make(spec)->DatasetOf(4999), "d4999");
}

TEST(SeedsTest, CountGivesTheFirstNumbersAndAListItself) {
  const auto count = Parse<v1::Seeds>("count: 3");
  EXPECT_EQ(SeedCount(count), 3u);
  EXPECT_EQ(SeedAt(count, 2), 2u);
  const auto list = Parse<v1::Seeds>("list { seeds: [ 7, 11 ] }");
  EXPECT_EQ(SeedCount(list), 2u);
  EXPECT_EQ(SeedAt(list, 1), 11u);
}

TEST(SpaceTest, ParamIsGivenByOneDigitOfTheIndex) {
  const auto space = Make(Quickstart());
  const auto value_at = [&](uint64_t config, const std::string& path) -> std::string {
    for (const v1::Param& param : space->Params(config)) {
      if (param.path() == path) return FormatValue(param.value());
    }
    return "none";
  };
  for (const std::string& path : space->ParamPaths()) {
    const Space::Digit digit = space->DigitOf(path);
    EXPECT_LT(digit.size, space->size()) << path;
    for (uint64_t config = 0; config < space->size(); ++config) {
      EXPECT_EQ(value_at(config, path), value_at(digit.Of(config) * digit.stride, path)) << path << " of " << config;
    }
  }
}

}  // namespace
}  // namespace basin::contract
