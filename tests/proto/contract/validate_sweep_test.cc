#include <functional>
#include <ostream>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "proto/contract/validate.h"
#include "proto/contract/violation.h"
#include "tests/proto/contract/sweep_builder.h"

namespace basin::contract {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST(ValidateSweepTest, AcceptsASweepWithoutDomains) { EXPECT_TRUE(ValidateSweep(Sweep()).ok()); }

TEST(ValidateSweepTest, AcceptsABaseWhoseRequiredFieldADomainGives) {
  const auto spec = SweepWithout({"learning_rate", "epochs"}, R"pb(
    domains {
      path: "train.learning_rate"
      log_uniform { low: 0.001 high: 1 points: 4 }
    }
    domains {
      path: "train.steps"
      values {
        values { int_value: 100 }
        values { int_value: 200 }
      }
    }
  )pb");
  EXPECT_TRUE(ValidateSweep(spec).ok()) << ValidateSweep(spec);
}

struct Case {
  const char* name;
  v1::SweepSpec spec;
  const char* path;
  const char* description;  // A part of it.
};

void PrintTo(const Case& fault, std::ostream* out) { *out << fault.name; }

class ValidateSweepCase : public testing::TestWithParam<Case> {};

TEST_P(ValidateSweepCase, NamesThePathAndTheFault) {
  const absl::Status status = ValidateSweep(GetParam().spec);
  EXPECT_EQ(status.code(), absl::StatusCode::kInvalidArgument);
  const std::vector<Violation> violations = ViolationsOf(status);
  ASSERT_THAT(violations, SizeIs(1)) << status;
  EXPECT_EQ(violations[0].path, GetParam().path);
  EXPECT_THAT(violations[0].description, HasSubstr(GetParam().description));
}

// A sweep whose base lacks the learning rate, which `domain` gives.
v1::SweepSpec Rate(const std::string& domain) {
  return SweepWithout({"learning_rate"}, "domains { path: 'train.learning_rate' " + domain + " }");
}

v1::SweepSpec Batch(const std::string& domain) {
  return SweepWithout({"batch_size"}, "domains { path: 'train.batch_size' " + domain + " }");
}

v1::SweepSpec Schedule(const std::string& options) {
  return Sweep("domains { path: 'train.schedule' choice { " + options + " } }");
}

v1::SweepSpec Changed(const std::function<void(v1::SweepSpec*)>& change) {
  v1::SweepSpec spec = Sweep();
  change(&spec);
  return spec;
}

INSTANTIATE_TEST_SUITE_P(
    Faults, ValidateSweepCase,
    testing::ValuesIn(std::vector<Case>{
        {"NoName", Changed([](auto* s) { s->clear_name(); }), "name", "is required"},
        {"NameWithPath", Changed([](auto* s) { s->set_name("../etc/passwd"); }), "name", "must be a name"},
        {"NameTooLong", Changed([](auto* s) { s->set_name(std::string(129, 'a')); }), "name", "must be a name"},
        {"NoObjective", Changed([](auto* s) { s->clear_objective(); }), "objective", "is required"},
        {"EmptyObjective", Changed([](auto* s) { s->mutable_objective()->Clear(); }), "objective",
         "needs one of minimize, maximize"},
        {"UnknownMetric", Changed([](auto* s) { s->mutable_objective()->set_minimize("val_los"); }),
         "objective.minimize", "(did you mean 'val_loss'?)"},
        {"UnknownAt", Changed([](auto* s) { s->mutable_objective()->set_at(static_cast<v1::Objective::At>(9)); }),
         "objective.at", "must be one of last, best"},
        {"NoSeeds", Changed([](auto* s) { s->clear_seeds(); }), "seeds", "is required"},
        {"ZeroSeeds", Changed([](auto* s) { s->mutable_seeds()->set_count(0); }), "seeds.count",
         "must be at least 1, is 0"},
        {"EmptySeedList", Changed([](auto* s) { s->mutable_seeds()->mutable_list(); }), "seeds.list.seeds",
         "must have at least one element"},
        {"SeedTwice", Sweep("seeds { list { seeds: [ 7, 8, 7 ] } }"), "seeds.list.seeds[2]", "stands twice"},
        {"SeedTooLarge", Sweep("seeds { list { seeds: [ 9007199254740993 ] } }"), "seeds.list.seeds[0]",
         "must be at most 9007199254740992"},
        {"NoBase", Changed([](auto* s) { s->clear_base(); }), "base", "is required"},
        {"EmptyBase", Changed([](auto* s) { s->mutable_base()->Clear(); }), "base",
         "needs one of train, surface, analyze"},
        {"ZeroBatch", Changed([](auto* s) { s->mutable_base()->mutable_train()->set_batch_size(0); }),
         "base.train.batch_size", "must be at least 1, is 0"},
        {"NoLength", Changed([](auto* s) { s->mutable_base()->mutable_train()->clear_epochs(); }), "base.train",
         "needs one of epochs, steps, examples"},
        {"RateNotFinite", Changed([](auto* s) { s->mutable_base()->mutable_train()->set_learning_rate(1.0 / 0.0); }),
         "base.train.learning_rate", "must be a finite number, is inf"},
        {"PriorityTooHigh", Changed([](auto* s) { s->set_priority(1001); }), "priority", "must be at most 1000"},
        {"NegativeTimeLimit", Changed([](auto* s) { s->mutable_limits()->set_trial_seconds(-1); }),
         "limits.trial_seconds", "must be above 0, is -1"},
        {"DomainWithoutPath", Sweep("domains { values { values { int_value: 1 } } }"), "domains[0].path",
         "is required"},
        {"DomainWithoutKind", Sweep("domains { path: 'train.drop_last' }"), "domains[0]", "needs one of values"},
        {"UnknownPath", Sweep("domains { path: 'train.drop_lats' values { values { bool_value: true } } }"),
         "domains[0].path", "names no field 'drop_lats' in train (did you mean 'drop_last'?)"},
        {"PathBelowScalar", Sweep("domains { path: 'train.drop_last.x' values { values { bool_value: true } } }"),
         "domains[0].path", "goes on below train.drop_last"},
        {"MalformedIndex", Sweep("domains { path: 'train.model.mlp.hidden[-1]' values { values { int_value: 1 } } }"),
         "domains[0].path", "malformed"},
        {"IndexBeyondList", Sweep("domains { path: 'train.model.mlp.hidden[2]' values { values { int_value: 1 } } }"),
         "domains[0].path", "names element 2 of a list of 1"},
        {"ValuesOfAMessage", Sweep("domains { path: 'train.schedule' values { values { int_value: 1 } } }"),
         "domains[0].path", "use a choice"},
        {"SetInBaseToo", Sweep("domains { path: 'train.batch_size' values { values { int_value: 1 } } }"),
         "domains[0].path", "base sets, too"},
        {"OtherMemberInBase", Sweep("domains { path: 'train.steps' values { values { int_value: 1 } } }"),
         "domains[0].path", "gives steps, but base sets epochs"},
        {"SamePathTwice",
         Sweep("domains { path: 'train.drop_last' values { values { bool_value: true } } } "
               "domains { path: 'train.drop_last' values { values { bool_value: false } } }"),
         "domains[1].path", "overlaps with domains[0] (train.drop_last)"},
        {"DomainInsideAnother",
         Sweep(
             "domains { path: 'train.schedule' choice { options { partial { train { schedule { constant {} } } } } } }"
             "domains { path: 'train.schedule.cosine.min_factor' values { values { double_value: 0.1 } } }"),
         "domains[1].path", "overlaps with domains[0]"},
        {"DomainAroundAnother",
         Sweep("domains { path: 'train.schedule.cosine.min_factor' values { values { double_value: 0.1 } } }"
               "domains { path: 'train.schedule' choice { options { partial { train { schedule { constant {} } } } } } "
               "}"),
         "domains[1].path", "overlaps with domains[0]"},
        {"TwoMembersOfAOneof",
         Sweep("domains { path: 'train.schedule.cosine.min_factor' values { values { double_value: 0.1 } } }"
               "domains { path: 'train.schedule.exponential.gamma' values { values { double_value: 0.1 } } }"),
         "domains[1].path", "only one of them can be set"},
        {"ValueOfWrongType", Rate("values { values { double_value: 0.1 } values { string_value: 'x' } }"),
         "domains[0].values.values[1]", "must be a number, is 'x'"},
        {"ValueOutsideRule", Batch("values { values { int_value: 16 } values { int_value: 0 } }"),
         "domains[0].values.values[1]", "must be at least 1, is 0"},
        {"ValueTwice", Rate("values { values { double_value: 1 } values { int_value: 1 } }"),
         "domains[0].values.values[1]", "stands twice in the list: 1"},
        {"NoValues", Rate("values { }"), "domains[0].values.values", "must have at least one element"},
        {"ReversedRange", Rate("uniform { low: 1 high: 0.1 points: 3 }"), "domains[0].uniform",
         "must go from low to high, is [1, 0.1]"},
        {"EmptyRange", Rate("uniform { low: 1 high: 1 points: 3 }"), "domains[0].uniform", "must go from low to high"},
        {"RangeWithoutPoints", Rate("log_uniform { low: 0.1 high: 1 }"), "domains[0].log_uniform", "needs points"},
        {"RangeWithPointsAndStep", Rate("uniform { low: 0.1 high: 1 points: 3 step: 0.1 }"), "domains[0].uniform",
         "either points or step"},
        {"OnePoint", Rate("uniform { low: 0.1 high: 1 points: 1 }"), "domains[0].uniform.points",
         "must be at least 2, is 1"},
        {"LogRangeWithStep", Rate("log_uniform { low: 0.1 high: 1 step: 0.1 }"), "domains[0].log_uniform.step",
         "is not for a logarithmic range"},
        {"RangeOutsideRule", Rate("uniform { low: 0 high: 1 points: 3 }"), "domains[0].uniform.low",
         "must be above 0, is 0"},
        {"RangeWithNan", Rate("uniform { low: nan high: 1 points: 3 }"), "domains[0].uniform.low",
         "must be a finite number, is nan"},
        {"RangeOnWholeNumbers", Batch("uniform { low: 1 high: 10 points: 3 }"), "domains[0].uniform",
         "use int_uniform"},
        {"RangeOnABool", Sweep("domains { path: 'train.drop_last' int_uniform { low: 0 high: 1 } }"),
         "domains[0].int_uniform", "use values"},
        {"ReversedIntRange", Batch("int_uniform { low: 10 high: 1 }"), "domains[0].int_uniform",
         "must go from low to high, is [10, 1]"},
        {"IntPointsCoincide", Batch("int_uniform { low: 1 high: 3 points: 4 }"), "domains[0].int_uniform.points",
         "would coincide"},
        {"IntLogPointsCoincide", Batch("int_log_uniform { low: 1 high: 10 points: 9 }"),
         "domains[0].int_log_uniform.points", "would coincide"},
        {"NormalWithoutPoints", Rate("normal { mean: 1 stddev: 0.1 }"), "domains[0].normal", "needs points"},
        {"NormalReachesRefusedValues", Rate("normal { mean: 1 stddev: 1 points: 5 }"), "domains[0].normal",
         "must be above 0"},
        {"ProductOverflows",
         SweepWithout({"learning_rate", "batch_size"},
                      "domains { path: 'train.learning_rate' uniform { low: 1 high: 2 points: 1000000000 } }"
                      "domains { path: 'train.batch_size' int_uniform { low: 1 high: 4000000000 } }"
                      "domains { path: 'train.dataset.split_seed' int_uniform { low: 0 high: 9000000000 } }"),
         "domains", "make more than 2^53"},
        {"TrialsOverflow",
         SweepWithout({"learning_rate", "batch_size"},
                      "domains { path: 'train.learning_rate' uniform { low: 1 high: 2 points: 1000000000 } }"
                      "domains { path: 'train.batch_size' int_uniform { low: 1 high: 4000000 } }"),
         "seeds", "make more than 2^53 (9007199254740992) trials"},
        {"NoOptions", Schedule(""), "domains[0].choice.options", "must have at least one element"},
        {"OptionTwice",
         Schedule("options { partial { train { schedule { cosine {} } } } }"
                  "options { partial { train { schedule { cosine {} } } } }"),
         "domains[0].choice.options[1]", "stands twice"},
        {"OptionSetsOtherField", Schedule("options { partial { train { schedule { cosine {} } drop_last: true } } }"),
         "domains[0].choice.options[0].partial", "sets something outside train.schedule"},
        {"OptionSetsNothing", Schedule("options { partial { train {} } }"), "domains[0].choice.options[0].partial",
         "sets nothing at train.schedule"},
        {"OptionLacksRequired", Schedule("options { partial { train { schedule { exponential {} } } } }"),
         "domains[0].choice.options[0].partial.train.schedule.exponential.gamma", "is required"},
        {"OptionOutsideRule", Schedule("options { partial { train { schedule { exponential { gamma: 2 } } } } }"),
         "domains[0].choice.options[0].partial.train.schedule.exponential.gamma", "must be at most 1, is 2"},
        {"NestedDomainElsewhere",
         Schedule("options { partial { train { schedule { cosine {} } } } "
                  "domains { path: 'train.drop_last' values { values { bool_value: true } } } }"),
         "domains[0].choice.options[0].domains[0].path", "must lie below the choice's path train.schedule"},
        {"NestedDomainOfOtherMember",
         Schedule("options { partial { train { schedule { cosine {} } } } "
                  "domains { path: 'train.schedule.exponential.gamma' values { values { double_value: 1 } } } }"),
         "domains[0].choice.options[0].domains[0].path", "gives exponential, but partial sets cosine"},
        {"NestedValueOutsideRule",
         Schedule("options { partial { train { schedule { exponential {} } } } "
                  "domains { path: 'train.schedule.exponential.gamma' values { values { double_value: 2 } } } }"),
         "domains[0].choice.options[0].domains[0].values.values[0]", "must be at most 1, is 2"},
        {"ChoiceOfAListElement",
         Sweep("domains { path: 'train.model.mlp.hidden[0]' choice { options { "
               "partial { train { model { mlp { hidden: 1 } } } } } } }"),
         "domains[0].choice", "element of a list"},
        {"NesterovWithoutMomentum", Sweep("base { train { optimizer { sgd { nesterov: true } } } }"),
         "base.train.optimizer.sgd.nesterov", "needs a momentum above 0"},
        {"FirstConfigOfADomain",
         Sweep("base { train { optimizer { sgd { nesterov: true } } } }"
               "domains { path: 'train.optimizer.sgd.momentum' values { values { double_value: 0 } } }"),
         "base.train.optimizer.sgd.nesterov", "needs a momentum above 0"},
        {"OneValueOfADomain",
         Sweep(
             "base { train { optimizer { sgd { nesterov: true } } } }"
             "domains { path: 'train.optimizer.sgd.momentum' values { values { double_value: 0.9 } "
             "values { double_value: 0 } } }"
             "domains { path: 'train.drop_last' values { values { bool_value: false } values { bool_value: true } } }"),
         "base.train.optimizer.sgd.nesterov", "needs a momentum above 0"},
        {"BatchLargerThanTheTrainingPart",
         Batch("values { values { int_value: 16 } values { int_value: 1437 } values { int_value: 1438 } }"),
         "domains[0].values.values[2]", "must be 1 to 1437, the examples of the training part, or full, is 1438"},
        {"PeriodInStepsLongerThanTraining",
         Schedule("options { partial { train { schedule { constant {} } } } } "
                  "options { partial { train { schedule { sgdr { first_period_steps: 2701 } } } } }"),
         "domains[0].choice.options[1].partial.train.schedule.sgdr.first_period_steps",
         "is longer than the training: 2701 of 2700 steps"},
        {"PeriodLongerThanTraining",
         Schedule("options { partial { train { schedule { sgdr { first_period_epochs: 31 } } } } }"),
         "domains[0].choice.options[0].partial.train.schedule.sgdr.first_period_epochs",
         "is longer than the training: 31 of 30 epochs"},
        {"WarmupLongerThanTraining", Sweep("base { train { schedule { warmup { epochs: 40 } } } }"),
         "base.train.schedule.warmup.epochs", "is longer than the training: 40 of 30 epochs"},
        {"PeriodAfterWarmupTooLong",
         Sweep("base { train { schedule { warmup { epochs: 25 then { sgdr { first_period_epochs: 10 } } } } } }"),
         "base.train.schedule.warmup.then.sgdr.first_period_epochs", "10 of 5 epochs"},
    }),
    [](const testing::TestParamInfo<Case>& fault) { return std::string(fault.param.name); });

TEST(ValidateSweepTest, HowLargeAWorkersOwnDataSetIsIsNotKnown) {
  v1::SweepSpec spec = Sweep();
  spec.mutable_base()->mutable_train()->mutable_dataset()->set_name("mine");
  spec.mutable_base()->mutable_train()->set_batch_size(100000);
  EXPECT_TRUE(ValidateSweep(spec).ok()) << ValidateSweep(spec);
}

TEST(ValidateSweepTest, NamesAnUnknownFieldOfANewerClient) {
  v1::SweepSpec spec = Sweep();
  v1::TrainWorkload* train = spec.mutable_base()->mutable_train();
  train->GetReflection()->MutableUnknownFields(train)->AddVarint(777, 1);
  const std::vector<Violation> violations = ViolationsOf(ValidateSweep(spec));
  ASSERT_THAT(violations, SizeIs(1));
  EXPECT_EQ(violations[0].path, "base.train");
  EXPECT_THAT(violations[0].description, HasSubstr("field number 777"));
}

TEST(ValidateSweepTest, ReportsEveryFaultAtOnce) {
  v1::SweepSpec spec = Sweep("domains { path: 'train.drop_lats' values { values { bool_value: true } } }");
  spec.set_name("a b");
  spec.mutable_base()->mutable_train()->set_batch_size(0);
  std::vector<std::string> paths;
  for (const Violation& violation : ViolationsOf(ValidateSweep(spec))) paths.push_back(violation.path);
  EXPECT_THAT(paths, ElementsAre("name", "base.train.batch_size", "domains[0].path"));
}

TEST(ValidateSweepTest, DeepNestingIsRefusedWithoutHarm) {
  v1::SweepSpec spec = Sweep();
  v1::Schedule* schedule = spec.mutable_base()->mutable_train()->mutable_schedule();
  for (int i = 0; i < 500; ++i) {
    schedule->mutable_warmup()->set_steps(1);
    schedule = schedule->mutable_warmup()->mutable_then();
  }
  const std::vector<Violation> violations = ViolationsOf(ValidateSweep(spec));
  ASSERT_THAT(violations, SizeIs(1));
  EXPECT_THAT(violations[0].description, HasSubstr("nested too deeply"));
}

TEST(ValidateSweepTest, ChoicesNestedTooDeeplyAreRefused) {
  v1::SweepSpec spec = Sweep();
  auto* domains = spec.mutable_domains();
  std::string path = "train.schedule";
  v1::Workload partial;
  v1::Schedule* schedule = partial.mutable_train()->mutable_schedule();
  for (int i = 0; i < 14; ++i) {
    v1::Domain* domain = domains->Add();
    domain->set_path(path);
    v1::Choice::Option* option = domain->mutable_choice()->add_options();
    schedule->mutable_warmup()->set_steps(1);
    *option->mutable_partial() = partial;
    schedule->mutable_warmup()->clear_steps();
    schedule = schedule->mutable_warmup()->mutable_then();
    path += ".warmup.then";
    domains = option->mutable_domains();
  }
  EXPECT_THAT(ViolationsOf(ValidateSweep(spec)), testing::Not(IsEmpty()));
}

}  // namespace
}  // namespace basin::contract
