#include "client/format/text_width.h"

#include "gtest/gtest.h"

namespace basin::client::format {
namespace {

TEST(TextWidthTest, CountsTerminalCellsNotBytes) {
  struct Case {
    const char* text;
    size_t width;
  };
  for (const Case& c : {Case{"", 0}, Case{"abc", 3}, Case{"größe", 5}, Case{"e\xCC\x81", 1}, Case{"日本", 4},
                        Case{"ｆｕ", 4}, Case{"🔥", 2}, Case{"a\xFF\x62", 3}}) {
    EXPECT_EQ(TextWidth(c.text), c.width) << c.text;
  }
}

TEST(PrintableTest, ControlCharactersCannotReachTheTerminal) {
  EXPECT_EQ(Printable("a\x1b[31mb\nc\td"), "a\\x1b[31mb\\nc\\td");
  EXPECT_EQ(Printable("\xC2\x9B"), "\\x9b");
  EXPECT_EQ(Printable("x\xE2\x80\xAEy"), "x\\u202ey");
}

TEST(PrintableTest, BytesThatAreNotUtf8AreReplaced) {
  EXPECT_EQ(Printable("a\xC0\xAF"), "a\xEF\xBF\xBD\xEF\xBF\xBD");
  EXPECT_EQ(Printable("\xED\xA0\x80").find('\xED'), std::string::npos);
}

TEST(PrintableTest, LineFeedsOfSeveralLinesStay) {
  EXPECT_EQ(PrintableLines("a\x1b\n\nb\n"), "a\\x1b\n\nb\n");
  EXPECT_EQ(PrintableLines(""), "");
}

TEST(ShortenTest, KeepsTheBeginningAndFits) {
  EXPECT_EQ(Shorten("abcdef", 6), "abcdef");
  EXPECT_EQ(Shorten("abcdef", 4), "abc…");
  EXPECT_EQ(Shorten("日本語", 4), "日…");
  EXPECT_EQ(Shorten("abc", 0), "");
}

}  // namespace
}  // namespace basin::client::format
