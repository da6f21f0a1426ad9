// What a user reads when a sweep file is wrong: the whole message, with line and column.

#include <ostream>
#include <string>
#include <vector>

#include "client/spec/sweep_file.h"
#include "gmock/gmock.h"

namespace basin::client::spec {
namespace {

struct Case {
  const char* name;
  // Replaces a line of kGood that begins with the same key, or is added to its end.
  std::vector<const char*> lines;
  const char* message;
};

void PrintTo(const Case& mistake, std::ostream* out) { *out << mistake.name; }

// Line by line, so that a case changes one.
const std::vector<std::string>& Good() {
  static const std::vector<std::string> lines = {
      "name: sweep",                      // 1
      "objective: {minimize: val_loss}",  // 2
      "seeds: 5",                         // 3
      "train:",                           // 4
      "  dataset: {name: digits}",        // 5
      "  model: {mlp: {hidden: [32]}}",   // 6
      "  epochs: 30",                     // 7
      "  batch_size: 16",                 // 8
      "  learning_rate: 0.1",             // 9
      "  optimizer: sgd",                 // 10
      "  schedule: constant",             // 11
  };
  return lines;
}

std::string FileWith(const std::vector<const char*>& changes) {
  std::vector<std::string> lines = Good();
  for (const std::string change : changes) {
    const std::string key = change.substr(0, change.find(':') + 1);
    bool replaced = false;
    for (std::string& line : lines) {
      if (!replaced && line.starts_with(key)) {
        line = change;
        replaced = true;
      }
    }
    if (!replaced) lines.push_back(change);
  }
  std::string text;
  for (const std::string& line : lines) text += line + "\n";
  return text;
}

std::string Mistakes(const std::string& text) {
  const auto spec = ParseSweepText(text, "f.yaml");
  if (spec.ok()) return "none";
  EXPECT_EQ(spec.status().code(), absl::StatusCode::kInvalidArgument);
  return std::string(spec.status().message());
}

class SweepMistake : public testing::TestWithParam<Case> {};

TEST_P(SweepMistake, IsSaidWithItsPlace) { EXPECT_EQ(Mistakes(FileWith(GetParam().lines)), GetParam().message); }

TEST(SweepMistakesTest, TheFileThatTheCasesChangeIsGood) { EXPECT_EQ(Mistakes(FileWith({})), "none"); }

INSTANTIATE_TEST_SUITE_P(
    Fields, SweepMistake,
    testing::ValuesIn(std::vector<Case>{
        {"MisspeltTopLevelKey",
         {"objectiv: {minimize: val_loss}"},
         "f.yaml:12:1: objectiv: unknown key (did you mean 'objective'?)"},
        {"MisspeltKey", {"  drop_lats: true"}, "f.yaml:12:3: train.drop_lats: unknown key (did you mean 'drop_last'?)"},
        {"KeyOfNothing",
         {"  colour: blue"},
         "f.yaml:12:3: train.colour: unknown key; expected one of dataset, model, epochs, steps, examples, batch_size, "
         "drop_last, learning_rate, optimizer, schedule, loss, "
         "learning_rate_scaling, clip, accumulate, sampling, stopping, averaging, observe"},
        {"MisspeltRequiredKey",
         {"  learning_rate:", "  lerning_rate: 0.1"},
         "f.yaml:9:3: train.learning_rate: must be a number, is empty\nf.yaml:12:3: train.lerning_rate: unknown key "
         "(did you mean 'learning_rate'?)"},
        {"KeyOfALaterRelease",
         {"report: 5"},
         "f.yaml:12:1: report: unknown key; expected one of name, objective, seeds, search, limits, priority, "
         "checkpoint, keep, reuse, train, surface, analyze"},
        {"DuplicateKey",
         {"  batch_sizes: 1", "  epochs : 2"},
         "f.yaml:12:3: train.batch_sizes: unknown key (did you mean 'batch_size'?)\nf.yaml:13:3: duplicate key "
         "'epochs', which line 7 has already"},
        {"WrongType", {"  learning_rate: fast"}, "f.yaml:9:18: train.learning_rate: must be a number, is 'fast'"},
        {"WholeNumberExpected", {"  epochs: 1.5"}, "f.yaml:7:11: train.epochs: must be a whole number, is 1.5"},
        {"ListForANumber", {"  epochs: [1, 2]"}, "f.yaml:7:11: train.epochs: must be a whole number, is a list"},
        {"MappingForANumber", {"  epochs: {a: 1}"}, "f.yaml:7:11: train.epochs: must be a whole number, is a mapping"},
        {"NothingForANumber", {"  epochs:"}, "f.yaml:7:3: train.epochs: must be a whole number, is empty"},
        {"QuotedNumber",
         {"  epochs: '30'"},
         "f.yaml:7:11: train.epochs: must be a number, is '30', which is text; write it without quotes"},
        {"NumberForAList",
         {"  model: {mlp: {hidden: 32}}"},
         "f.yaml:6:25: train.model.mlp.hidden: must be a list, is '32' (did you mean '[32]'?)"},
        {"WordForAMapping",
         {"  dataset: digits"},
         "f.yaml:5:12: train.dataset: must be a mapping with name, two_spirals, moons, blobs, teacher, "
         "validation_fraction, "
         "test_fraction, split_seed, standardize, label_noise, augmentation, is 'digits' (did you mean '{name: "
         "digits}'?)"},
        {"MisspeltAlternative",
         {"  schedule: cosin"},
         "f.yaml:11:13: train.schedule: must be one of constant, step, exponential, cosine, sgdr, warmup, multistep, "
         "polynomial, linear, cyclic, one_cycle, inverse_sqrt, sequence, plateau, swa, is 'cosin' "
         "(did you mean 'cosine'?)"},
        {"ListForAMapping",
         {"  schedule: [cosine]"},
         "f.yaml:11:13: train.schedule: must be one of constant, step, exponential, cosine, sgdr, warmup, multistep, "
         "polynomial, linear, cyclic, one_cycle, inverse_sqrt, sequence, plateau, swa, is a list"},
        {"TwoAlternatives",
         {"  schedule: {cosine: {}, constant: {}}"},
         "f.yaml:11:26: train.schedule.constant: cannot be given together with cosine (line 11); only one of constant, "
         "step, exponential, cosine, sgdr, warmup, multistep, polynomial, linear, cyclic, one_cycle, inverse_sqrt, "
         "sequence, plateau, swa"},
        {"TwoLengths",
         {"  steps: 100"},
         "f.yaml:12:3: train.steps: cannot be given together with epochs (line 7); only one of epochs, steps, "
         "examples"},
        {"NoLength", {"  epochs: 30", "  epochs: ~"}, "f.yaml:7:3: train.epochs: must be a whole number, is empty"},
        {"ZeroBatchSize", {"  batch_size: 0"}, "f.yaml:8:15: train.batch_size: must be at least 1, is 0"},
        {"NegativeBatchSize", {"  batch_size: -4"}, "f.yaml:8:15: train.batch_size: must be at least 1, is -4"},
        {"MisspeltKeyword",
         {"  batch_size: ful"},
         "f.yaml:8:15: train.batch_size: must be a whole number or 'full', is 'ful' (did you mean 'full'?)"},
        {"HugeNumber",
         {"  epochs: 99999999999999999999"},
         "f.yaml:7:11: train.epochs: must be at most 1000000, is 1e+20"},
        {"NumberBeyondDouble",
         {"  learning_rate: 1e999"},
         "f.yaml:9:18: train.learning_rate: must be a number within what double precision holds, is '1e999'"},
        {"Infinity", {"  learning_rate: .inf"}, "f.yaml:9:18: train.learning_rate: must be a finite number, is '.inf'"},
        {"OctalOrNot",
         {"  epochs: 010"},
         "f.yaml:7:11: train.epochs: must be a number without leading zeros, is '010' (did you mean '10', or '8' for "
         "octal?)"},
        {"Octal",
         {"  epochs: 0o10"},
         "f.yaml:7:11: train.epochs: must be a decimal number, is '0o10' (did you mean '8'?)"},
        {"Hexadecimal",
         {"  epochs: 0x10"},
         "f.yaml:7:11: train.epochs: must be a decimal number, is '0x10' (did you mean '16'?)"},
        {"LeadingZeroThatIsNotOctal",
         {"  epochs: 09"},
         "f.yaml:7:11: train.epochs: must be a number without leading zeros, is '09' (did you mean '9'?)"},
        {"YesForTrue",
         {"  drop_last: yes"},
         "f.yaml:12:14: train.drop_last: must be true or false, is 'yes' (did you mean 'true'?)"},
        {"CapitalTrue",
         {"  drop_last: True"},
         "f.yaml:12:14: train.drop_last: must be true or false, is 'True' (did you mean 'true'?)"},
        {"MisspeltEnum",
         {"  model: {mlp: {hidden: [32], activation: reul}}"},
         "f.yaml:6:43: train.model.mlp.activation: must be one of relu, tanh, gelu, is 'reul' (did you mean 'relu'?)"},
        {"ElementOutsideItsRule",
         {"  model: {mlp: {hidden: [32, 0]}}"},
         "f.yaml:6:30: train.model.mlp.hidden[1]: must be at least 1, is 0"},
        {"EmptyList",
         {"  model: {mlp: {hidden: []}}"},
         "f.yaml:6:25: train.model.mlp.hidden: must have at least one element"},
        {"MissingRequired", {"  schedule: exponential"}, "f.yaml:11:13: train.schedule.exponential.gamma: is required"},
        {"NameWithPath",
         {"name: ../../etc/passwd"},
         "f.yaml:1:7: name: must be a name (at most 128 letters, digits, '.', '_' or '-', the first a letter or "
         "digit), is '../../etc/passwd'"},
        {"DatasetWithPath",
         {"  dataset: {name: ../mnist}"},
         "f.yaml:5:19: train.dataset.name: must be a name (at most 128 letters, digits, '.', '_' or '-', the first a "
         "letter or digit), is '../mnist'"},
        {"UnknownMetric",
         {"objective: {minimize: val_los}"},
         "f.yaml:2:23: objective.minimize: must be a metric of the workload: train_loss, val_loss, val_accuracy, "
         "test_loss, test_accuracy, learning_rate, grad_norm; is 'val_los' (did you mean 'val_loss'?)"},
        {"NoSeeds", {"seeds: 0"}, "f.yaml:3:8: seeds: must be at least 1, is 0"},
        {"SeedsMapping",
         {"seeds: {count: 3}"},
         "f.yaml:3:8: seeds: must be a number of seeds or a list of them, is a mapping"},
        {"SeedTwice", {"seeds: [1, 2, 1]"}, "f.yaml:3:15: seeds[2]: stands twice in the list: 1"},
        {"DomainOutsideTrain",
         {"priority: {$values: [1, 2]}"},
         "f.yaml:12:11: priority: cannot be a domain; domains stand below the workload alone"},
        {"KeepIsAMessage", {"keep: all"}, "f.yaml:12:7: keep: must be a mapping with weights, is 'all'"},
        {"KeepOfUnknownWeights",
         {"keep: {weights: some}"},
         "f.yaml:12:17: keep.weights: must be one of none, all, best, is 'some'"},
        {"DomainForSeeds",
         {"seeds: {$values: [1, 2]}"},
         "f.yaml:3:8: seeds: must be a number of seeds or a list of them, is a mapping"},
        {"BaseIsNotForFiles",
         {"base: {}"},
         "f.yaml:12:1: base: unknown key; expected one of name, objective, seeds, search, limits, priority, "
         "checkpoint, keep, reuse, train, surface, analyze"},
        {"NesterovWithoutMomentum",
         {"  optimizer: {sgd: {nesterov: true}}"},
         "f.yaml:10:31: train.optimizer.sgd.nesterov: needs a momentum above 0"},
        {"PeriodLongerThanTraining",
         {"  schedule: {sgdr: {first_period_epochs: 31}}"},
         "f.yaml:11:42: train.schedule.sgdr.first_period_epochs: is longer than the training: 31 of 30 epochs"},
    }),
    [](const auto& mistake) { return std::string(mistake.param.name); });

INSTANTIATE_TEST_SUITE_P(
    Domains, SweepMistake,
    testing::ValuesIn(std::vector<Case>{
        {"UnknownDomain",
         {"  batch_size: {$value: [1, 2]}"},
         "f.yaml:8:16: train.batch_size: unknown domain '$value' (did you mean '$values'?)"},
        {"DomainLikeNothing",
         {"  batch_size: {$foo: [1, 2]}"},
         "f.yaml:8:16: train.batch_size: unknown domain '$foo'; expected one of $values, $choice, $uniform, "
         "$log_uniform, $int_uniform, $int_log_uniform, $normal, $log_normal"},
        {"EmptyValues",
         {"  batch_size: {$values: []}"},
         "f.yaml:8:25: train.batch_size: $values must be a list of at least one value, is an empty one"},
        {"ValuesWithoutList",
         {"  batch_size: {$values: 16}"},
         "f.yaml:8:25: train.batch_size: $values must be a list of at least one value, is '16'"},
        {"MixedTypes",
         {"  batch_size: {$values: [16, x, 1.5, [1], true]}"},
         "f.yaml:8:30: train.batch_size.$values[1]: must be a whole number or 'full', is 'x'\nf.yaml:8:33: "
         "train.batch_size.$values[2]: must be a whole number or 'full', is 1.5\nf.yaml:8:38: "
         "train.batch_size.$values[3]: must be a whole number, is a list\nf.yaml:8:43: train.batch_size.$values[4]: "
         "must be a whole number or 'full', is 'true'"},
        {"ZeroInValues",
         {"  batch_size: {$values: [16, 0]}"},
         "f.yaml:8:30: train.batch_size.$values[1]: must be at least 1, is 0"},
        {"ValueTwice",
         {"  batch_size: {$values: [16, 32, 16]}"},
         "f.yaml:8:34: train.batch_size.$values[2]: stands twice in the list: 16"},
        {"KeyBesideValues",
         {"  batch_size: {$values: [16], points: 3}"},
         "f.yaml:8:31: train.batch_size: unknown key 'points' beside $values"},
        {"TwoDomains",
         {"  batch_size: {$values: [16], $int_uniform: [1, 2]}"},
         "f.yaml:8:31: train.batch_size: has two domains, $values and $int_uniform"},
        {"ReversedRange",
         {"  learning_rate: {$uniform: [1, 0.1], points: 3}"},
         "f.yaml:9:29: train.learning_rate: must go from low to high, is [1, 0.1]"},
        {"EmptyRange",
         {"  learning_rate: {$uniform: [1, 1], points: 3}"},
         "f.yaml:9:29: train.learning_rate: must go from low to high, is [1, 1]"},
        {"RangeOfThree",
         {"  learning_rate: {$uniform: [1, 2, 3], points: 3}"},
         "f.yaml:9:29: train.learning_rate: $uniform must be [low, high], is a list of 3"},
        {"RangeWithoutPoints",
         {"  learning_rate: {$log_uniform: [0.1, 1]}"},
         "f.yaml:9:33: train.learning_rate: needs points in a grid, such as points: 5"},
        {"MisspeltPoints",
         {"  learning_rate: {$log_uniform: [0.1, 1], point: 3}"},
         "f.yaml:9:43: train.learning_rate: unknown key 'point' beside $log_uniform (did you mean 'points'?)"},
        {"OnePoint",
         {"  learning_rate: {$log_uniform: [0.1, 1], points: 1}"},
         "f.yaml:9:51: train.learning_rate.points: must be at least 2, is 1"},
        {"LogRangeFromZero",
         {"  optimizer: {sgd: {l2: {$log_uniform: [0, 1], points: 3}}}"},
         "f.yaml:10:41: train.optimizer.sgd.l2.$log_uniform[0]: must be above 0, is 0"},
        {"RangeOutsideRule",
         {"  learning_rate: {$uniform: [0, 1], points: 3}"},
         "f.yaml:9:30: train.learning_rate.$uniform[0]: must be above 0, is 0"},
        {"RangeOfWords",
         {"  learning_rate: {$uniform: [low, high], points: 3}"},
         "f.yaml:9:30: train.learning_rate.$uniform[0]: must be a number, is 'low'\nf.yaml:9:35: "
         "train.learning_rate.$uniform[1]: must be a number, is 'high'"},
        {"RealRangeForWholeNumbers",
         {"  batch_size: {$uniform: [1, 8], points: 3}"},
         "f.yaml:8:26: train.batch_size: gives real numbers, but train.batch_size takes whole ones; use int_uniform, "
         "int_log_uniform or values"},
        {"IntRangeOfFractions",
         {"  batch_size: {$int_uniform: [1.5, 8]}"},
         "f.yaml:8:31: train.batch_size.$int_uniform[0]: must be a whole number, is 1.5"},
        {"RangeForAMessage",
         {"  schedule: {$uniform: [1, 8], points: 3}"},
         "f.yaml:11:13: train.schedule: names train.schedule, which is no single value; use a choice"},
        {"NegativeDeviation",
         {"  learning_rate: {$normal: [1, -1], points: 3}"},
         "f.yaml:9:32: train.learning_rate.$normal[1]: must be above 0, is -1"},
        {"EmptyChoice",
         {"  schedule: {$choice: []}"},
         "f.yaml:11:23: train.schedule: $choice must be a list of at least one value, is an empty one"},
        {"MisspeltOption",
         {"  schedule: {$choice: [cosine, constnat]}"},
         "f.yaml:11:32: train.schedule.$choice[1]: must be one of constant, step, exponential, cosine, sgdr, warmup, "
         "multistep, polynomial, linear, cyclic, one_cycle, inverse_sqrt, sequence, plateau, swa, "
         "is 'constnat' (did you mean 'constant'?)"},
        {"OptionTwice",
         {"  schedule: {$choice: [cosine, cosine]}"},
         "f.yaml:11:32: train.schedule.$choice[1]: stands twice in the choice"},
        {"OptionLacksRequired",
         {"  schedule: {$choice: [cosine, {exponential: {}}]}"},
         "f.yaml:11:33: train.schedule.$choice[1].exponential.gamma: is required"},
        {"OptionWithMisspeltKey",
         {"  schedule: {$choice: [cosine, {exponential: {gama: 0.9}}]}"},
         "f.yaml:11:47: train.schedule.$choice[1].exponential.gama: unknown key (did you mean 'gamma'?)"},
        {"OptionOutsideRule",
         {"  schedule: {$choice: [cosine, {exponential: {gamma: 2}}]}"},
         "f.yaml:11:54: train.schedule.$choice[1].exponential.gamma: must be at most 1, is 2"},
        {"DomainInOptionOutsideRule",
         {"  schedule: {$choice: [{exponential: {gamma: {$values: [0.5, 2]}}}]}"},
         "f.yaml:11:62: train.schedule.$choice[0].exponential.gamma.$values[1]: must be at most 1, is 2"},
        {"OptionIsADomain",
         {"  schedule: {$choice: [{$values: [cosine]}]}"},
         "f.yaml:11:24: train.schedule.$choice[0]: an option of a choice cannot itself be a domain"},
        {"PeriodInOptionLongerThanTraining",
         {"  schedule: {$choice: [{sgdr: {first_period_epochs: 31}}]}"},
         "f.yaml:11:53: train.schedule.$choice[0].sgdr.first_period_epochs: is longer than the training: 31 of 30 "
         "epochs"},
        {"GridOverflows",
         {"  learning_rate: {$uniform: [1, 2], points: 1000000000}", "  batch_size: {$int_uniform: [1, 4000000000]}"},
         "f.yaml:4:1: train: the domains make more than 2^53 (9007199254740992) configs"},
        {"TrialsOverflow",
         {"seeds: 1000", "  learning_rate: {$uniform: [1, 2], points: 1000000000}",
          "  batch_size: {$int_uniform: [1, 1000000]}"},
         "f.yaml:3:8: seeds: configs and seeds make more than 2^53 (9007199254740992) trials: 1000000000000000 "
         "configs, 1000 seeds"},
    }),
    [](const auto& mistake) { return std::string(mistake.param.name); });

TEST(SweepMistakesTest, AllAreSaidInTheFilesOrder) {
  EXPECT_EQ(Mistakes(FileWith({"name: a/b", "  batch_size: 0", "  schedule: cosin", "seeds: many"})),
            "f.yaml:1:7: name: must be a name (at most 128 letters, digits, '.', '_' or '-', the first a letter or "
            "digit), is 'a/b'\nf.yaml:3:8: seeds: must be a whole number, is 'many'\nf.yaml:8:15: train.batch_size: "
            "must be at least 1, is 0\nf.yaml:11:13: train.schedule: must be one of constant, step, exponential, "
            "cosine, sgdr, warmup, multistep, polynomial, linear, cyclic, one_cycle, inverse_sqrt, sequence, plateau, "
            "swa, is "
            "'cosin' (did you mean 'cosine'?)");
}

TEST(SweepMistakesTest, MissingKeysAreSaidAtTheirParent) {
  EXPECT_EQ(Mistakes("train:\n  epochs: 3\n"),
            "f.yaml:1:1: name: is required\nf.yaml:1:1: objective: is required\nf.yaml:1:1: seeds: is "
            "required\nf.yaml:1:1: train.dataset: is required\nf.yaml:1:1: train.model: is required\nf.yaml:1:1: "
            "train.batch_size: is required\nf.yaml:1:1: train.learning_rate: is required");
  EXPECT_EQ(Mistakes("name: x\n"),
            "f.yaml:1:1: train or surface or analyze: is required\nf.yaml:1:1: objective: is required\nf.yaml:1:1: "
            "seeds: is required");
}

TEST(SweepMistakesTest, AtMostTwentyAreSaid) {
  std::string text = "name: sweep\n";
  for (int i = 0; i < 50; ++i) text += "zzz" + std::to_string(i) + ": 1\n";
  const std::string message = Mistakes(text);
  EXPECT_EQ(std::count(message.begin(), message.end(), '\n'), 20);
  EXPECT_THAT(message, testing::EndsWith("f.yaml: and 33 more"));
}

TEST(SweepMistakesTest, AMessageIsOneLineWhateverTheFileHolds) {
  EXPECT_EQ(Mistakes(FileWith({"name: \"a\\nb\""})),
            "f.yaml:1:7: name: must be a name (at most 128 letters, digits, '.', '_' or '-', the first a letter or "
            "digit), is 'a b'");
}

TEST(SweepMistakesTest, FileThatIsAListOrAWordIsRefused) {
  EXPECT_EQ(Mistakes("- a\n"),
            "f.yaml:1:1: must be a mapping with name, objective, seeds, search, limits, priority, checkpoint, keep, "
            "reuse, train, surface, analyze, "
            "is a list");
  EXPECT_EQ(Mistakes("hello\n"),
            "f.yaml:1:1: must be a mapping with name, objective, seeds, search, limits, priority, checkpoint, keep, "
            "reuse, train, surface, analyze, "
            "is 'hello'");
  EXPECT_EQ(Mistakes("# nothing\n"),
            "f.yaml:1:1: is empty, must be a sweep: name, objective, seeds, and one of train, surface, analyze");
}

}  // namespace
}  // namespace basin::client::spec
