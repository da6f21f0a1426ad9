#include "proto/contract/surface_dimensions.h"

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

}  // namespace basin::contract
