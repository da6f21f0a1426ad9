#include "proto/contract/surface_shape.h"

#include "proto/contract/defaults.h"

namespace basin::contract {

uint32_t SurfaceDimensions(const v1::SurfaceFunction& function) {
  v1::SurfaceFunction whole = function;
  FillDefaults(&whole);
  switch (whole.kind_case()) {
    case v1::SurfaceFunction::kQuadratic:
      return whole.quadratic().dimensions();
    case v1::SurfaceFunction::kRosenbrock:
      return whole.rosenbrock().dimensions();
    case v1::SurfaceFunction::kRastrigin:
      return whole.rastrigin().dimensions();
    case v1::SurfaceFunction::kAckley:
      return whole.ackley().dimensions();
    case v1::SurfaceFunction::kStyblinskiTang:
      return whole.styblinski_tang().dimensions();
    case v1::SurfaceFunction::kTwoWells:
      return whole.two_wells().dimensions();
    default:
      return 2;
  }
}

double SurfaceStartRadius(const v1::SurfaceFunction& function) {
  switch (function.kind_case()) {
    case v1::SurfaceFunction::kRosenbrock:
      return 2.048;
    case v1::SurfaceFunction::kBeale:
      return 4.5;
    case v1::SurfaceFunction::kHimmelblau:
    case v1::SurfaceFunction::kStyblinskiTang:
      return 5;
    case v1::SurfaceFunction::kRastrigin:
      return 5.12;
    case v1::SurfaceFunction::kAckley:
      return 32.768;
    case v1::SurfaceFunction::kTwoWells:
      return 2;
    default:
      return 1;
  }
}

}  // namespace basin::contract
