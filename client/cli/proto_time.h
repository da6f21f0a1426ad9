#pragma once

#include "client/format/cell.h"
#include "google/protobuf/duration.pb.h"
#include "google/protobuf/timestamp.pb.h"

namespace basin::client::cli {

inline double SecondsOf(const google::protobuf::Timestamp& time) {
  return static_cast<double>(time.seconds()) + time.nanos() * 1e-9;
}
inline double SecondsOf(const google::protobuf::Duration& duration) {
  return static_cast<double>(duration.seconds()) + duration.nanos() * 1e-9;
}

inline format::Cell TimeCell(bool present, const google::protobuf::Timestamp& time) {
  return present ? format::Cell(format::Time{SecondsOf(time)}) : format::Cell();
}
inline format::Cell SecondsCell(bool present, const google::protobuf::Duration& duration) {
  return present ? format::Cell(format::Seconds{SecondsOf(duration)}) : format::Cell();
}

// Seconds since 1970 by this machine's clock; for ages that people read.
double Now();

}  // namespace basin::client::cli
