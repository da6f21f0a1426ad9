#pragma once

#include <memory>
#include <string>
#include <vector>

#include "google/protobuf/text_format.h"
#include "gtest/gtest.h"
#include "proto/contract/defaults.h"
#include "worker/surfaces/create_surface.h"

namespace basin::worker::surfaces {

// A function by its message in text format: `rosenbrock { dimensions: 5 }`.
inline v1::SurfaceFunction FunctionOf(const std::string& text) {
  v1::SurfaceFunction function;
  EXPECT_TRUE(google::protobuf::TextFormat::ParseFromString(text, &function)) << text;
  contract::FillDefaults(&function);
  return function;
}

inline std::unique_ptr<const Surface> SurfaceOf(const std::string& text) { return CreateSurface(FunctionOf(text)); }

// Each function, in one or more sizes.
inline std::vector<std::string> AllSurfaces() {
  std::vector<std::string> all = {"quadratic { dimensions: 1 }",
                                  "saddle {}",
                                  "monkey_saddle {}",
                                  "beale {}",
                                  "himmelblau {}",
                                  "two_wells { tilt: 1.2 }",
                                  "quadratic { condition_number: 1 }",
                                  "rosenbrock { dimensions: 100 }"};
  for (const char* name : {"quadratic", "rosenbrock", "rastrigin", "ackley", "styblinski_tang", "two_wells"}) {
    for (const char* dimensions : {"2", "3", "10"}) {
      all.push_back(std::string(name) + " { dimensions: " + dimensions + " }");
    }
  }
  // A function without a case here has no test.
  EXPECT_EQ(v1::SurfaceFunction::descriptor()->field_count(), 10);
  return all;
}

}  // namespace basin::worker::surfaces
