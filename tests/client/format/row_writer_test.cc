#include "client/format/row_writer.h"

#include <sstream>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace basin::client::format {
namespace {

std::string Render(Format format, std::vector<Column> columns, const std::vector<std::vector<Cell>>& rows,
                   Look look = {}) {
  std::ostringstream out;
  auto writer = RowWriter::Create(format, std::move(columns), look, &out);
  for (const auto& row : rows) writer->Add(row);
  writer->Finish();
  return out.str();
}

TEST(TableTest, AlignsTextLeftAndNumbersRight) {
  EXPECT_EQ(Render(Format::kTable, {{.name = "name"}, {.name = "n"}, {.name = "note"}},
                   {{std::string("größe"), uint64_t{5}, std::string("x")},
                    {std::string("b"), uint64_t{100}, std::monostate{}}}),
            "NAME     N  NOTE\n"
            "größe    5  x\n"
            "b      100  -\n");
}

TEST(TableTest, RealsOfOneColumnHaveTheSameDecimals) {
  EXPECT_EQ(Render(Format::kTable, {{.name = "v"}}, {{0.5}, {12.25}}), "      V\n 0.5000\n12.2500\n");
}

TEST(TableTest, SmallRealsBringMoreDecimals) {
  EXPECT_EQ(Render(Format::kTable, {{.name = "v"}}, {{0.00025}, {0.5}}), "      V\n0.00025\n0.50000\n");
}

TEST(TableTest, TinyRealsKeepTheirDigits) {
  EXPECT_EQ(Render(Format::kTable, {{.name = "v"}}, {{1.25e-7}, {0.5}}), "       V\n1.25e-07\n     0.5\n");
}

TEST(TableTest, LeavesAwayAColumnThatIsBlank) {
  const std::vector<Column> columns = {{.name = "a"}, {.name = "failed", .hide_blank = true}};
  EXPECT_EQ(Render(Format::kTable, columns, {{std::string("x"), uint64_t{0}}}), "A\nx\n");
  EXPECT_EQ(Render(Format::kTable, columns, {{std::string("x"), uint64_t{2}}}), "A  FAILED\nx       2\n");
}

TEST(TableTest, ShortensTextsToTheTerminal) {
  EXPECT_EQ(Render(Format::kTable, {{.name = "id"}, {.name = "message", .shrink = true}},
                   {{std::string("abc"), std::string("a long explanation")}}, {.width = 15}),
            "ID   MESSAGE\nabc  a long ex…\n");
}

TEST(TableTest, ColorsDoNotDisturbTheColumns) {
  const std::string text =
      Render(Format::kTable, {{.name = "s", .color = [](const Cell&) { return Color::kRed; }}, {.name = "n"}},
             {{std::string("x"), uint64_t{1}}}, {.color = true});
  EXPECT_EQ(text, "\x1b[1mS\x1b[0m  \x1b[1mN\x1b[0m\n\x1b[31mx\x1b[0m  1\n");
}

TEST(TableTest, WithoutRowsIsItsHeading) { EXPECT_EQ(Render(Format::kTable, {{.name = "id"}}, {}), "ID\n"); }

TEST(JsonTest, IsAListWithAnObjectARow) {
  EXPECT_EQ(
      Render(Format::kJson, {{.name = "a"}, {.name = "b"}}, {{uint64_t{1}, std::string("x")}, {std::monostate{}, 0.5}}),
      "[\n  {\"a\": 1, \"b\": \"x\"},\n  {\"a\": null, \"b\": 0.5}\n]\n");
}

TEST(JsonTest, WithoutRowsIsAnEmptyList) { EXPECT_EQ(Render(Format::kJson, {{.name = "a"}}, {}), "[]\n"); }

TEST(JsonTest, NestsByKeys) {
  EXPECT_EQ(
      Render(Format::kJson,
             {{.name = "n"}, {.name = "lr", .json = {"params", "train.lr"}}, {.name = "b", .json = {"params", "b"}}},
             {{uint64_t{1}, Number{"0.10"}, std::string("full")}}),
      "[\n  {\"n\": 1, \"params\": {\"train.lr\": 0.10, \"b\": \"full\"}}\n]\n");
}

TEST(JsonLinesTest, IsAnObjectALine) {
  EXPECT_EQ(Render(Format::kJsonLines, {{.name = "a"}}, {{uint64_t{1}}, {uint64_t{2}}}), "{\"a\": 1}\n{\"a\": 2}\n");
}

TEST(CsvTest, QuotesWhatNeedsIt) {
  EXPECT_EQ(Render(Format::kCsv, {{.name = "a"}, {.name = "b"}},
                   {{std::string("x,y"), std::string("say \"hi\"")}, {std::string("two\nlines"), std::monostate{}}}),
            "a,b\n\"x,y\",\"say \"\"hi\"\"\"\n\"two\nlines\",\n");
}

TEST(ColumnTest, TableOnlyAndDataOnlyColumnsStayApart) {
  const std::vector<Column> columns = {{.name = "ci", .in = Column::In::kTable},
                                       {.name = "low", .in = Column::In::kData}};
  const std::vector<std::vector<Cell>> rows = {{std::string("0..1"), 0.0}};
  EXPECT_EQ(Render(Format::kTable, columns, rows), "CI\n0..1\n");
  EXPECT_EQ(Render(Format::kCsv, columns, rows), "low\n0\n");
  EXPECT_EQ(Render(Format::kJson, columns, rows), "[\n  {\"low\": 0}\n]\n");
}

}  // namespace
}  // namespace basin::client::format
