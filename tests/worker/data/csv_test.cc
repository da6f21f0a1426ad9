#include "worker/data/csv.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/worker/data/sample_files.h"

namespace basin::worker::data {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

RawDataset Load(const std::string& text) {
  auto dataset = LoadCsv(text, "t.csv");
  EXPECT_TRUE(dataset.ok()) << dataset.status();
  return dataset.ok() ? *std::move(dataset) : RawDataset();
}

TEST(CsvTest, TakesTheLastColumnAsTheClass) {
  const RawDataset dataset = Load("1,2.5,0\n-3e-1,+4,1\n5,6,0\n");
  EXPECT_EQ(dataset.feature_count, 2);
  EXPECT_EQ(dataset.classes, 2);
  EXPECT_FALSE(dataset.image.is_image());
  EXPECT_EQ(dataset.feature_scale, 1);
  EXPECT_THAT(FloatsOf(dataset.train), ElementsAre(1, 2.5f, -0.3f, 4, 5, 6));
  EXPECT_THAT(dataset.train.labels, ElementsAre(0, 1, 0));
  EXPECT_TRUE(dataset.test.labels.empty());
}

TEST(CsvTest, NumbersWholeLabelsByValue) {
  EXPECT_THAT(Load("1,10\n1,9\n1,-1\n1,09\n").train.labels, ElementsAre(2, 1, 0, 1));
}

TEST(CsvTest, NumbersWordsInSortedOrder) {
  EXPECT_THAT(Load("1,virginica\n1,setosa\n1,versicolor\n1,setosa\n").train.labels, ElementsAre(2, 0, 1, 0));
}

TEST(CsvTest, ReadsQuotedCellsSpacesAndWindowsLineEnds) {
  const RawDataset dataset = Load("\xEF\xBB\xBF\"width\", \"height, in cm\",kind\r\n 1 ,\"2\",\"a,b\"\r\n3,4, c \r\n");
  EXPECT_THAT(FloatsOf(dataset.train), ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(dataset.train.labels, ElementsAre(0, 1));
}

TEST(CsvTest, ReadsALastLineWithoutAnEnd) { EXPECT_EQ(Load("1,0\n2,1").train.labels.size(), 2u); }

TEST(CsvTest, SkipsAHeaderOfWords) {
  EXPECT_THAT(FloatsOf(Load("a,b,c\n1,2,0\n3,4,1\n").train), ElementsAre(1, 2, 3, 4));
}

TEST(CsvTest, SkipsAHeaderOfNumbersThatEndsInAWord) {
  const RawDataset dataset = Load("0,1,class\n1,2,5\n3,4,7\n");
  EXPECT_THAT(FloatsOf(dataset.train), ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(dataset.train.labels, ElementsAre(0, 1));
}

TEST(CsvTest, KeepsAFirstRowWhoseClassIsAWordAmongWords) {
  EXPECT_EQ(Load("0,1,yes\n1,2,no\n").train.labels.size(), 2u);
}

struct BadCsv {
  const char* text;
  const char* fault;
};

class BadCsvTest : public testing::TestWithParam<BadCsv> {};

TEST_P(BadCsvTest, IsRefusedWithItsPlace) {
  const auto dataset = LoadCsv(GetParam().text, "t.csv");
  EXPECT_EQ(dataset.status().code(), absl::StatusCode::kDataLoss);
  EXPECT_EQ(std::string(dataset.status().message()), GetParam().fault);
}

INSTANTIATE_TEST_SUITE_P(
    Faults, BadCsvTest,
    testing::Values(
        BadCsv{"", "t.csv: has no rows"},  //
        BadCsv{"a,b\n", "t.csv: has no rows"},
        BadCsv{"1\n2\n", "t.csv: line 1: the table needs features and a class, separated by commas"},
        BadCsv{"1;2;0\n", "t.csv: line 1: the table needs features and a class, separated by commas"},
        BadCsv{"1,2,0\n\n3,4,1\n", "t.csv: line 2: the row is empty"},
        BadCsv{"1,2,0\n3,4,1\n\n", "t.csv: line 3: the row is empty"},
        BadCsv{"1,2,0\n3,1\n", "t.csv: line 2: the row has 2 columns, the first one has 3"},
        BadCsv{"1,2,0\n3,4,5,1\n", "t.csv: line 2: the row has 4 columns, the first one has 3"},
        BadCsv{"1,2,0\n3,,1\n", "t.csv: line 2, column 2: the cell is empty"},
        BadCsv{"1,2,0\n3,4,\n", "t.csv: line 2, column 3: the cell is empty"},
        BadCsv{"1,2,0\nnan,4,1\n", "t.csv: line 2, column 1: \"nan\" is not a finite number of a 32-bit float's range"},
        BadCsv{"NaN,2,0\n3,4,1\n", "t.csv: line 1, column 1: \"NaN\" is not a finite number of a 32-bit float's range"},
        BadCsv{"1,2,0\n3,-inf,1\n",
               "t.csv: line 2, column 2: \"-inf\" is not a finite number of a 32-bit float's range"},
        BadCsv{"1,2,0\n3,1e39,1\n",
               "t.csv: line 2, column 2: \"1e39\" is not a finite number of a 32-bit float's range"},
        BadCsv{"1,2,0\n3,4x,1\n", "t.csv: line 2, column 2: \"4x\" is not a number"},
        BadCsv{"1,oops,0\n3,4,1\n", "t.csv: line 1, column 2: \"oops\" is not a number"},
        BadCsv{"1,2,0\n3,\"4,1\n", "t.csv: line 2, column 2: a quotation mark is not closed"},
        BadCsv{"1,2,0\n3,\"4\"\"5\",1\n", "t.csv: line 2, column 2: something follows the closing quotation mark"},
        BadCsv{"1,2,0\n3,\xff\x01,1\n", "t.csv: line 2, column 2: \"\\xff\\x01\" is not a number"},
        BadCsv{"1,2,same\n3,4,same\n", "t.csv: the last column holds one class only, \"same\""}));

TEST(CsvTest, LongCellsAreShownShort) {
  const auto dataset = LoadCsv("1,0\n" + std::string(5000, 'x') + ",1\n", "t.csv");
  EXPECT_THAT(std::string(dataset.status().message()), HasSubstr("xxx...\" is not a number"));
  EXPECT_LT(dataset.status().message().size(), 120u);
}

TEST(CsvTest, RefusesRegressionTargetsAsClasses) {
  std::string text;
  for (int i = 0; i <= 65536; ++i) text += "1," + std::to_string(i) + ".5\n";
  const auto dataset = LoadCsv(text, "t.csv");
  EXPECT_EQ(std::string(dataset.status().message()),
            "t.csv: line 65537, column 2: more than 65536 classes; the last column holds the class");
}

}  // namespace
}  // namespace basin::worker::data
