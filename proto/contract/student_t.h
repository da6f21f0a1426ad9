#pragma once

namespace basin::contract {

// The value that a variable with Student's t distribution of `degrees_of_freedom` stays below with `probability`,
// within 1e-10 relative.
//
// Up to 500 degrees of freedom the tail, an incomplete beta function by Lentz's continued fraction (DLMF 8.17.22), is
// inverted by Newton's method; above, the expansion around the normal quantile is used (Abramowitz & Stegun 26.7.5).
//
// REQUIRES: 0 < probability < 1, degrees_of_freedom >= 1.
double StudentTQuantile(double probability, double degrees_of_freedom);

}  // namespace basin::contract
