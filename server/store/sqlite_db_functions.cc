#include "server/store/sqlite_db_functions.h"

#include <sqlite3.h>
#include <string.h>

#include <algorithm>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "server/store/sqlite_db_budget.h"

namespace basin::server::store {
namespace {

constexpr size_t kMostToTrim = 256;
// Of pattern and text of a LIKE: below, it is quicker than a look at a clock is worth.
constexpr size_t kQuickMatch = 64 * 1024;

bool Continues(char byte) { return (static_cast<unsigned char>(byte) & 0xc0) == 0x80; }

// NULL, or no memory.
std::optional<std::string_view> TextOf(sqlite3_value* value) {
  const unsigned char* const text = sqlite3_value_text(value);
  if (text == nullptr) return std::nullopt;
  return std::string_view(reinterpret_cast<const char*>(text), static_cast<size_t>(sqlite3_value_bytes(value)));
}

// The bytes of a BLOB without making a text of it, which the caller's next function would see.
std::optional<std::string_view> BytesOf(sqlite3_value* value) {
  if (sqlite3_value_type(value) != SQLITE_BLOB) return TextOf(value);
  const void* const bytes = sqlite3_value_blob(value);
  const size_t size = static_cast<size_t>(sqlite3_value_bytes(value));
  if (bytes == nullptr) return size == 0 ? std::optional<std::string_view>("") : std::nullopt;
  return std::string_view(static_cast<const char*>(bytes), size);
}

// npos: none. Linear, unlike std::string_view::find.
size_t Find(std::string_view text, std::string_view part, size_t from) {
  const void* const found = memmem(text.data() + from, text.size() - from, part.data(), part.size());
  if (found == nullptr) return std::string_view::npos;
  return static_cast<size_t>(static_cast<const char*>(found) - text.data());
}

void Instr(sqlite3_context* context, int, sqlite3_value** arguments) {
  const int type = sqlite3_value_type(arguments[0]), part_type = sqlite3_value_type(arguments[1]);
  if (type == SQLITE_NULL || part_type == SQLITE_NULL) return;
  const auto text = BytesOf(arguments[0]);
  const auto part = BytesOf(arguments[1]);
  if (!text || !part) return sqlite3_result_error_nomem(context);
  if (part->empty()) return sqlite3_result_int(context, 1);
  const bool is_text = type != SQLITE_BLOB || part_type != SQLITE_BLOB;
  size_t at = 0;
  if (is_text && Continues((*part)[0])) {
    // Matches begin where characters do: here at the very beginning alone.
    if (!text->starts_with(*part)) at = std::string_view::npos;
  } else {
    at = Find(*text, *part, 0);
  }
  if (at == std::string_view::npos) return sqlite3_result_int(context, 0);
  int64_t position = 1;
  for (size_t i = 1; i <= at; ++i) position += is_text && Continues((*text)[i]) ? 0 : 1;
  sqlite3_result_int64(context, position);
}

void Replace(sqlite3_context* context, int, sqlite3_value** arguments) {
  const auto text = TextOf(arguments[0]);
  if (!text) return;
  const auto part = TextOf(arguments[1]);
  if (!part) return;
  if (part->empty() || (*part)[0] == '\0') return sqlite3_result_value(context, arguments[0]);
  const auto by = TextOf(arguments[2]);
  if (!by) return;
  const size_t most = static_cast<size_t>(sqlite3_limit(sqlite3_context_db_handle(context), SQLITE_LIMIT_LENGTH, -1));
  std::string result;
  size_t from = 0;
  while (from < text->size()) {
    const size_t at = Find(*text, *part, from);
    result.append(text->substr(from, at == std::string_view::npos ? at : at - from));
    if (at == std::string_view::npos) break;
    result.append(*by);
    if (result.size() > most) return sqlite3_result_error_toobig(context);
    from = at + part->size();
  }
  sqlite3_result_text64(context, result.data(), result.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
}

// The characters of a text up to its end or a zero, each once, in their order.
std::vector<std::string_view> Characters(std::string_view text) {
  text = text.substr(0, text.find('\0'));
  std::vector<std::string_view> characters;
  std::unordered_set<std::string_view> known;
  for (size_t i = 0; i < text.size() && characters.size() <= kMostToTrim;) {
    size_t end = i + 1;
    if (static_cast<unsigned char>(text[i]) >= 0xc0) {
      while (end < text.size() && Continues(text[end])) ++end;
    }
    const std::string_view character = text.substr(i, end - i);
    if (known.insert(character).second) characters.push_back(character);
    i = end;
  }
  return characters;
}

enum Side : int { kLeft = 1, kRight = 2 };

template <int kSides>
void Trim(sqlite3_context* context, int, sqlite3_value** arguments) {
  auto text = TextOf(arguments[0]);
  if (!text) return;
  const auto set = TextOf(arguments[1]);
  if (!set) return;
  const std::vector<std::string_view> characters = Characters(*set);
  if (characters.size() > kMostToTrim) {
    return sqlite3_result_error(context, "more than 256 different characters to trim", -1);
  }
  if ((kSides & kLeft) != 0) {
    while (true) {
      const auto found = std::find_if(characters.begin(), characters.end(),
                                      [&](std::string_view character) { return text->starts_with(character); });
      if (found == characters.end()) break;
      text->remove_prefix(found->size());
    }
  }
  if ((kSides & kRight) != 0) {
    while (true) {
      const auto found = std::find_if(characters.begin(), characters.end(),
                                      [&](std::string_view character) { return text->ends_with(character); });
      if (found == characters.end()) break;
      text->remove_suffix(found->size());
    }
  }
  sqlite3_result_text64(context, text->data(), text->size(), SQLITE_TRANSIENT, SQLITE_UTF8);
}

// The one character of an ESCAPE; 0 if it is none that can be had.
unsigned int EscapeOf(std::string_view text) {
  if (text.empty() || text == "%" || text == "_") return 0;
  const auto first = static_cast<unsigned char>(text[0]);
  if (first < 0xc0) return text.size() == 1 ? first : 0;
  unsigned int character = first < 0xe0 ? first & 0x1fu : first < 0xf0 ? first & 0x0fu : first & 0x07u;
  for (const char byte : text.substr(1)) {
    if (!Continues(byte) || character > 0x10ffff) return 0;
    character = character << 6 | (static_cast<unsigned char>(byte) & 0x3fu);
  }
  return character;
}

template <bool kIsGlob>
void Match(sqlite3_context* context, int count, sqlite3_value** arguments) {
  // As Debian builds SQLite.
  for (int i = 0; i < 2; ++i) {
    if (sqlite3_value_type(arguments[i]) == SQLITE_BLOB) return sqlite3_result_int(context, 0);
  }
  const int most = sqlite3_limit(sqlite3_context_db_handle(context), SQLITE_LIMIT_LIKE_PATTERN_LENGTH, -1);
  if (sqlite3_value_bytes(arguments[0]) > most) {
    return sqlite3_result_error(context, "LIKE or GLOB pattern too complex", -1);
  }
  unsigned int escape = 0;
  if (count == 3) {
    const auto text = TextOf(arguments[2]);
    if (!text) return;
    escape = EscapeOf(*text);
    if (escape == 0) {
      return sqlite3_result_error(context, "ESCAPE expression must be a single character, but neither % nor _", -1);
    }
  }
  const auto pattern = TextOf(arguments[0]);
  const auto text = TextOf(arguments[1]);
  if (!pattern || !text) return;
  if (pattern->size() * text->size() > kQuickMatch && SqliteBudget::StopsNow()) {
    return sqlite3_result_error_code(context, SQLITE_INTERRUPT);
  }
  const int differs =
      kIsGlob ? sqlite3_strglob(pattern->data(), text->data()) : sqlite3_strlike(pattern->data(), text->data(), escape);
  sqlite3_result_int(context, differs == 0 ? 1 : 0);
}

}  // namespace

int ReplaceSlowFunctions(sqlite3* db) {
  constexpr int kFlags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS;
  struct Function {
    const char* name;
    int arguments;
    void (*call)(sqlite3_context*, int, sqlite3_value**);
  };
  constexpr Function kFunctions[] = {
      {"instr", 2, Instr},       {"replace", 3, Replace},    {"trim", 2, Trim<kLeft | kRight>},
      {"ltrim", 2, Trim<kLeft>}, {"rtrim", 2, Trim<kRight>}, {"like", 2, Match<false>},
      {"like", 3, Match<false>}, {"glob", 2, Match<true>},
  };
  for (const Function& function : kFunctions) {
    const int code = sqlite3_create_function_v2(db, function.name, function.arguments, kFlags, nullptr, function.call,
                                                nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) return code;
  }
  return SQLITE_OK;
}

}  // namespace basin::server::store
