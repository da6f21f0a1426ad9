#include "client/format/cell.h"

#include <cmath>
#include <limits>

#include "client/format/json.h"
#include "gtest/gtest.h"

namespace basin::client::format {
namespace {

TEST(CellFromTextTest, TellsNumbersFromWords) {
  for (const char* number : {"0", "-1", "0.1", "1e-05", "1E+3", "32", "9007199254740993"}) {
    EXPECT_TRUE(std::holds_alternative<Number>(CellFromText(number))) << number;
  }
  for (const char* word : {"full", "010", "1.", ".5", "+1", "1e", "0x10", "NaN", "-", "1 "}) {
    EXPECT_TRUE(std::holds_alternative<std::string>(CellFromText(word))) << word;
  }
  EXPECT_TRUE(std::holds_alternative<bool>(CellFromText("true")));
  EXPECT_TRUE(std::holds_alternative<std::monostate>(CellFromText("")));
}

TEST(JsonOfTest, NumbersAreNumbersAndWhatIsNotFiniteIsAString) {
  EXPECT_EQ(JsonOf(uint64_t{18446744073709551615u}), "18446744073709551615");
  EXPECT_EQ(JsonOf(int64_t{-9223372036854775807}), "-9223372036854775807");
  EXPECT_EQ(JsonOf(0.1), "0.1");
  EXPECT_EQ(JsonOf(std::nan("")), "\"NaN\"");
  EXPECT_EQ(JsonOf(std::numeric_limits<double>::infinity()), "\"Infinity\"");
  EXPECT_EQ(JsonOf(-std::numeric_limits<double>::infinity()), "\"-Infinity\"");
  EXPECT_EQ(JsonOf(std::monostate{}), "null");
  EXPECT_EQ(JsonOf(Seconds{1.5}), "1.5");
  EXPECT_EQ(JsonOf(Time{0}), "\"1970-01-01T00:00:00.000Z\"");
  EXPECT_EQ(JsonOf(std::vector<std::string>{"a", "b\""}), "[\"a\", \"b\\\"\"]");
}

TEST(JsonStringTest, EscapesWhatJsonMustNotHold) {
  EXPECT_EQ(JsonString("a\"b\\c\nd\te\x01"), "\"a\\\"b\\\\c\\nd\\te\\u0001\"");
  EXPECT_EQ(JsonString("größe"), "\"größe\"");
  EXPECT_EQ(JsonString("a\xFFz"), "\"a\xEF\xBF\xBDz\"");
}

TEST(PlainOfTest, HasNoQuotes) {
  EXPECT_EQ(PlainOf(std::nan("")), "NaN");
  EXPECT_EQ(PlainOf(std::string("a\"b")), "a\"b");
  EXPECT_EQ(PlainOf(std::vector<std::string>{"a", "b"}), "a b");
}

}  // namespace
}  // namespace basin::client::format
