#pragma once

#include <string>

namespace basin::client::api {

// 128 random bits in hex: the same request sent twice under one id is done once.
std::string RandomRequestId();

}  // namespace basin::client::api
