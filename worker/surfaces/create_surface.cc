#include "worker/surfaces/create_surface.h"

#include <cstdlib>

#include "worker/surfaces/functions.h"

namespace basin::worker::surfaces {

std::unique_ptr<const Surface> CreateSurface(const v1::SurfaceFunction& function) {
  const auto count = [](uint32_t dimensions) { return static_cast<int>(dimensions); };
  switch (function.kind_case()) {
    case v1::SurfaceFunction::kQuadratic:
      return CreateQuadratic(count(function.quadratic().dimensions()), function.quadratic().condition_number());
    case v1::SurfaceFunction::kSaddle:
      return CreateSaddle();
    case v1::SurfaceFunction::kMonkeySaddle:
      return CreateMonkeySaddle();
    case v1::SurfaceFunction::kRosenbrock:
      return CreateRosenbrock(count(function.rosenbrock().dimensions()));
    case v1::SurfaceFunction::kBeale:
      return CreateBeale();
    case v1::SurfaceFunction::kHimmelblau:
      return CreateHimmelblau();
    case v1::SurfaceFunction::kRastrigin:
      return CreateRastrigin(count(function.rastrigin().dimensions()));
    case v1::SurfaceFunction::kAckley:
      return CreateAckley(count(function.ackley().dimensions()));
    case v1::SurfaceFunction::kStyblinskiTang:
      return CreateStyblinskiTang(count(function.styblinski_tang().dimensions()));
    case v1::SurfaceFunction::kTwoWells:
      return CreateTwoWells(count(function.two_wells().dimensions()), function.two_wells().tilt());
    case v1::SurfaceFunction::KIND_NOT_SET:
      break;
  }
  std::abort();  // The rules require one.
}

}  // namespace basin::worker::surfaces
