#include "client/format/cell.h"

#include <algorithm>
#include <cctype>
#include <type_traits>

#include "client/format/human.h"
#include "client/format/json.h"

namespace basin::client::format {
namespace {

// The grammar of RFC 8259.
bool IsJsonNumber(std::string_view text) {
  size_t at = 0;
  const auto digits = [&] {
    const size_t begin = at;
    while (at < text.size() && std::isdigit(static_cast<unsigned char>(text[at]))) ++at;
    return at > begin;
  };
  if (at < text.size() && text[at] == '-') ++at;
  if (at < text.size() && text[at] == '0') {
    ++at;
  } else if (!digits()) {
    return false;
  }
  if (at < text.size() && text[at] == '.') {
    ++at;
    if (!digits()) return false;
  }
  if (at < text.size() && (text[at] == 'e' || text[at] == 'E')) {
    ++at;
    if (at < text.size() && (text[at] == '+' || text[at] == '-')) ++at;
    if (!digits()) return false;
  }
  return at == text.size() && !text.empty();
}

template <class... Ts>
struct Overloaded : Ts... {
  using Ts::operator()...;
};
template <class... Ts>
Overloaded(Ts...) -> Overloaded<Ts...>;

}  // namespace

Cell CellFromText(std::string_view text) {
  if (text.empty()) return std::monostate{};
  if (text == "true") return true;
  if (text == "false") return false;
  if (IsJsonNumber(text)) return Number{std::string(text)};
  return std::string(text);
}

std::string JsonOf(const Cell& cell) {
  return std::visit(
      Overloaded{[](std::monostate) -> std::string { return "null"; },
                 [](bool b) -> std::string { return b ? "true" : "false"; },
                 [](int64_t i) { return std::to_string(i); }, [](uint64_t i) { return std::to_string(i); },
                 [](double d) { return JsonReal(d); }, [](const Number& n) { return n.text; },
                 [](Time t) { return JsonString(UtcTime(t.unix_seconds)); },
                 [](Seconds s) { return JsonReal(s.value); }, [](Bytes b) { return std::to_string(b.value); },
                 [](const Json& json) { return json.text; }, [](const std::string& s) { return JsonString(s); },
                 [](const std::vector<std::string>& list) {
                   std::string out = "[";
                   for (const std::string& s : list) {
                     if (out.size() > 1) out += ", ";
                     out += JsonString(s);
                   }
                   return out + "]";
                 }},
      cell);
}

std::string PlainOf(const Cell& cell) {
  if (std::holds_alternative<std::monostate>(cell)) return "";
  if (const auto* text = std::get_if<std::string>(&cell)) return *text;
  if (const auto* json = std::get_if<Json>(&cell)) return json->text;
  if (const auto* time = std::get_if<Time>(&cell)) return UtcTime(time->unix_seconds);
  if (const auto* list = std::get_if<std::vector<std::string>>(&cell)) {
    std::string out;
    for (const std::string& s : *list) {
      if (!out.empty()) out += ' ';
      out += s;
    }
    return out;
  }
  std::string out = JsonOf(cell);
  std::erase(out, '"');  // The words for NaN and the infinities.
  return out;
}

bool IsBlank(const Cell& cell) {
  return std::visit(
      Overloaded{[](std::monostate) { return true; }, [](bool) { return false; }, [](int64_t i) { return i == 0; },
                 [](uint64_t i) { return i == 0; }, [](double) { return false; }, [](const Number&) { return false; },
                 [](Time) { return false; }, [](Seconds) { return false; }, [](Bytes) { return false; },
                 [](const Json&) { return false; }, [](const std::string& s) { return s.empty(); },
                 [](const std::vector<std::string>& list) { return list.empty(); }},
      cell);
}

bool IsNumeric(const Cell& cell) {
  return std::visit(
      []<typename T>(const T&) {
        return std::is_same_v<T, int64_t> || std::is_same_v<T, uint64_t> || std::is_same_v<T, double> ||
               std::is_same_v<T, Number> || std::is_same_v<T, Seconds> || std::is_same_v<T, Bytes>;
      },
      cell);
}

}  // namespace basin::client::format
