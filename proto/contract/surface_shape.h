#pragma once

#include <cstdint>

#include "basin/v1/surface.pb.h"

namespace basin::contract {

// Of the points of a function; as many as its defaults say where it leaves them out.
uint32_t SurfaceDimensions(const v1::SurfaceFunction& function);

// Descents usually start where each coordinate is at most this far from 0: basin/v1/surface.proto says it of each kind.
double SurfaceStartRadius(const v1::SurfaceFunction& function);

}  // namespace basin::contract
