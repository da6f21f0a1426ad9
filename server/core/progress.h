#pragma once

#include <span>

#include "server/core/state.h"

namespace basin::server::core {

// Adds the next points of an attempt to what is remembered of it.
void AddPoint(const SweepDefinition& definition, const Point& point, Progress* progress);
void AddPoints(const SweepDefinition& definition, std::span<const Point> points, Progress* progress);

// Whether `a` is a better objective than `b`.
bool Better(bool maximize, double a, double b);

}  // namespace basin::server::core
