#include "proto/contract/canonical.h"

#include "google/protobuf/io/coded_stream.h"
#include "google/protobuf/io/zero_copy_stream_impl_lite.h"
#include "proto/contract/digest.h"

namespace basin::contract {

std::string CanonicalBytes(const v1::Workload& resolved) {
  std::string bytes;
  {
    google::protobuf::io::StringOutputStream stream(&bytes);
    google::protobuf::io::CodedOutputStream output(&stream);
    output.SetSerializationDeterministic(true);
    resolved.SerializeToCodedStream(&output);
  }
  return bytes;
}

std::string CanonicalDigest(const v1::Workload& resolved) { return Sha256Hex(CanonicalBytes(resolved)); }

bool IsRepeatable(const v1::Workload& resolved) { return !resolved.train().stopping().has_seconds(); }

}  // namespace basin::contract
