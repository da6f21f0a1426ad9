#pragma once

#include <cstdint>

namespace basin::contract {

// Elementary functions in double whose bits are the same on every machine: nothing but IEEE additions, multiplications,
// divisions and exact scaling, without contraction to FMA (-ffp-contract=off). libm is not used, since its results
// differ between versions. Errors are within 2 units in the last place unless said otherwise. Not for the training
// step's hot path, which has vector code of its own.

// cos(pi x) and sin(pi x). REQUIRES: x finite. Exact at multiples of 1/2.
double PortableCosPi(double x);
double PortableSinPi(double x);

// Natural logarithm. REQUIRES: x positive, finite.
double PortableLog(double x);

// e^x. REQUIRES: x not NaN. 0 or infinity beyond double's range.
double PortableExp(double x);

// base^exponent by squaring; relative error grows with the exponent, exponent * 2^-53 at worst.
double PortablePower(double base, uint64_t exponent);

// base^exponent for real exponents: the power of the whole part times exp(fraction * log(base)), so that it meets
// PortablePower at every whole number. REQUIRES: base positive, exponent at least 0.
double PortableRealPower(double base, double exponent);

}  // namespace basin::contract
