#include "worker/job/safetensors.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <optional>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "google/protobuf/struct.pb.h"
#include "google/protobuf/util/json_util.h"

namespace basin::worker::job {
namespace {

static_assert(std::endian::native == std::endian::little);

using google::protobuf::Value;

constexpr size_t kLengthBytes = sizeof(uint64_t);
constexpr uint64_t kMaxHeaderBytes = uint64_t{16} << 20;
constexpr size_t kAlignment = 64;  // Of the first tensor's data in the file.
constexpr char kMetadata[] = "__metadata__";

struct TypeName {
  TensorType type;
  const char* name;
  uint64_t bytes;
};
constexpr TypeName kTypes[] = {
    {TensorType::kFloat32, "F32", 4}, {TensorType::kFloat64, "F64", 8}, {TensorType::kUint64, "U64", 8}};

const TypeName& NameOf(TensorType type) {
  return *std::ranges::find_if(kTypes, [type](const TypeName& entry) { return entry.type == type; });
}

std::string Quoted(const std::string& text) {
  Value value;
  value.set_string_value(text);
  std::string json;
  const auto written = google::protobuf::util::MessageToJsonString(value, &json);
  return written.ok() ? json : "\"\"";
}

absl::Status Damaged(const std::string& what) { return absl::DataLossError(absl::StrCat("not safetensors: ", what)); }

// A whole number that a double holds exactly.
std::optional<uint64_t> ReadNumber(const Value& value) {
  constexpr double kMax = 9007199254740992;
  const double number = value.number_value();
  if (!value.has_number_value() || !(number >= 0 && number <= kMax) || number != std::floor(number))
    return std::nullopt;
  return static_cast<uint64_t>(number);
}

const Value* Find(const google::protobuf::Struct& object, const std::string& key) {
  const auto found = object.fields().find(key);
  return found == object.fields().end() ? nullptr : &found->second;
}

struct Place {
  Tensor tensor;
  uint64_t begin = 0, end = 0;
};

absl::StatusOr<Place> ReadPlace(const std::string& name, const Value& value) {
  const auto damaged = [&name](const char* what) { return Damaged(absl::StrCat("tensor '", name, "' ", what)); };
  const google::protobuf::Struct& object = value.struct_value();
  Place place;
  place.tensor.name = name;
  const Value* type = Find(object, "dtype");
  const auto* known = std::ranges::find_if(
      kTypes, [type](const TypeName& entry) { return type != nullptr && type->string_value() == entry.name; });
  if (known == std::end(kTypes)) return damaged("has no type of F32, F64 and U64");
  place.tensor.type = known->type;
  const Value* shape = Find(object, "shape");
  const Value* offsets = Find(object, "data_offsets");
  if (shape == nullptr || !shape->has_list_value()) return damaged("has no shape");
  if (offsets == nullptr || offsets->list_value().values_size() != 2) return damaged("has no place");
  uint64_t bytes = known->bytes;
  for (const Value& extent : shape->list_value().values()) {
    const std::optional<uint64_t> size = ReadNumber(extent);
    if (!size || __builtin_mul_overflow(bytes, *size, &bytes)) return damaged("has an impossible shape");
    place.tensor.shape.push_back(*size);
  }
  const std::optional<uint64_t> begin = ReadNumber(offsets->list_value().values(0));
  const std::optional<uint64_t> end = ReadNumber(offsets->list_value().values(1));
  if (!begin || !end || *begin > *end || *end - *begin != bytes)
    return damaged("has a place that does not fit its shape");
  place.begin = *begin;
  place.end = *end;
  return place;
}

}  // namespace

std::string WriteSafetensors(const std::map<std::string, std::string>& metadata, const std::vector<Tensor>& tensors) {
  std::vector<std::string> entries;
  if (!metadata.empty()) {
    entries.push_back(absl::StrCat("\"", kMetadata, "\":{",
                                   absl::StrJoin(metadata, ",",
                                                 [](std::string* out, const auto& entry) {
                                                   absl::StrAppend(out, Quoted(entry.first), ":", Quoted(entry.second));
                                                 }),
                                   "}"));
  }
  uint64_t end = 0;
  for (const Tensor& tensor : tensors) {
    const uint64_t begin = std::exchange(end, end + tensor.data.size());
    entries.push_back(absl::StrCat(Quoted(tensor.name), ":{\"dtype\":\"", NameOf(tensor.type).name, "\",\"shape\":[",
                                   absl::StrJoin(tensor.shape, ","), "],\"data_offsets\":[", begin, ",", end, "]}"));
  }
  std::string header = absl::StrCat("{", absl::StrJoin(entries, ","), "}");
  const size_t unaligned = (kLengthBytes + header.size()) % kAlignment;
  if (unaligned > 0) header.append(kAlignment - unaligned, ' ');

  const uint64_t length = header.size();
  std::string bytes;
  bytes.reserve(kLengthBytes + length + end);
  bytes.append(reinterpret_cast<const char*>(&length), kLengthBytes).append(header);
  for (const Tensor& tensor : tensors) bytes.append(tensor.data);
  return bytes;
}

absl::StatusOr<Safetensors> ReadSafetensors(std::string_view bytes) {
  uint64_t length = 0;
  if (bytes.size() < kLengthBytes) return Damaged("it is too short");
  std::memcpy(&length, bytes.data(), kLengthBytes);
  if (length > kMaxHeaderBytes || length > bytes.size() - kLengthBytes) {
    return Damaged(absl::StrCat("a header of ", length, " bytes in a file of ", bytes.size()));
  }
  const std::string_view header = bytes.substr(kLengthBytes, length);
  const std::string_view data = bytes.substr(kLengthBytes + length);
  google::protobuf::Struct object;
  if (!header.starts_with('{') ||
      !google::protobuf::util::JsonStringToMessage({header.data(), header.size()}, &object).ok()) {
    return Damaged("its header is no JSON object");
  }

  Safetensors file;
  std::vector<Place> places;
  for (const auto& [name, value] : object.fields()) {
    if (name == kMetadata) {
      for (const auto& [key, text] : value.struct_value().fields()) file.metadata[key] = text.string_value();
      continue;
    }
    absl::StatusOr<Place> place = ReadPlace(name, value);
    if (!place.ok()) return place.status();
    places.push_back(*std::move(place));
  }
  std::ranges::sort(places, [](const Place& a, const Place& b) {
    return std::tie(a.begin, a.end, a.tensor.name) < std::tie(b.begin, b.end, b.tensor.name);
  });
  uint64_t end = 0;
  for (Place& place : places) {
    if (place.begin != end) return Damaged(absl::StrCat("tensor '", place.tensor.name, "' overlaps or leaves a gap"));
    if (place.end > data.size()) return Damaged(absl::StrCat("it ends within tensor '", place.tensor.name, "'"));
    end = place.end;
    place.tensor.data = data.substr(place.begin, place.end - place.begin);
    file.tensors.push_back(std::move(place.tensor));
  }
  if (end != data.size()) return Damaged(absl::StrCat(data.size() - end, " bytes are left over"));
  return file;
}

}  // namespace basin::worker::job
