"""Prints the table of student_t_test.cc: quantiles of Student's t by bisection of the exact finite sums for the
distribution function (Abramowitz & Stegun 26.7.3 and 26.7.4) in 50 decimal digits. Needs Python's standard library alone.
"""

from decimal import Decimal, getcontext

getcontext().prec = 60


def pi():
    # Machin's formula.
    def arctan_of_inverse(n):
        total, term, k = Decimal(0), Decimal(1) / n, 0
        while abs(term) > Decimal(10) ** -58:
            total += term / (2 * k + 1) * (-1) ** k
            term /= n * n
            k += 1
        return total

    return 4 * (4 * arctan_of_inverse(5) - arctan_of_inverse(239))


PI = pi()


def arctan(x):
    # Halve the argument until the series converges quickly.
    halvings = 0
    while abs(x) > Decimal("0.01"):
        x = x / (1 + (1 + x * x).sqrt())
        halvings += 1
    total, term, k = Decimal(0), x, 0
    while abs(term) > Decimal(10) ** -58:
        total += term / (2 * k + 1) * (-1) ** k
        term *= x * x
        k += 1
    return total * 2**halvings


def two_sided(t, nu):
    """P(|T| <= t)."""
    t = Decimal(t)
    cos2 = 1 / (1 + t * t / nu)
    sin = t / (nu + t * t).sqrt()
    if nu % 2 == 0:
        total, term = Decimal(0), Decimal(1)
        for k in range(nu // 2):
            total += term
            term *= cos2 * (2 * k + 1) / (2 * k + 2)
        return sin * total
    theta = arctan(t / Decimal(nu).sqrt())
    if nu == 1:
        return 2 * theta / PI
    cos = cos2.sqrt()
    total, term = Decimal(0), cos
    for k in range((nu - 1) // 2):
        total += term
        term *= cos2 * (2 * k + 2) / (2 * k + 3)
    return 2 / PI * (theta + sin * total)


def quantile(p, nu):
    target = 2 * Decimal(p) - 1
    low, high = Decimal(0), Decimal(1)
    while two_sided(high, nu) < target:
        high *= 2
    for _ in range(110):
        middle = (low + high) / 2
        if two_sided(middle, nu) < target:
            low = middle
        else:
            high = middle
    return low


for p in ("0.6", "0.75", "0.9", "0.975", "0.995", "0.9999"):
    for nu in (1, 2, 3, 4, 5, 9, 10, 29, 100, 499, 500, 501, 1000):
        print("    {%s, %d, %.17g}," % (p, nu, quantile(p, nu)))
