#pragma once

#include <memory>

#include "basin/v1/surface.pb.h"
#include "worker/surfaces/surface.h"

namespace basin::worker::surfaces {

// REQUIRES: defaults are filled in and the rules hold.
std::unique_ptr<const Surface> CreateSurface(const v1::SurfaceFunction& function);

}  // namespace basin::worker::surfaces
