// Sixteen floats at a time, the same on every instruction set: what the kernels are written in. Clang refuses to pass a
// 64-byte vector by value between a function compiled for AVX-512 and one compiled for the baseline, even one that is
// always inlined; so the functions here take pointers, and one-line macros of the same meaning give them values.
// Refuses to be fast math: no contraction, no reassociation, so that a loop compiled for SSE2, AVX2, AVX-512 or NEON
// rounds alike.
#ifndef UNDERSTUDY_VECTOR_MATH_H
#define UNDERSTUDY_VECTOR_MATH_H

#include <stdint.h>
#include <string.h>

#pragma clang fp contract(off)

// One body per x86-64 level, chosen when the program is loaded. ELF only: it rests on indirect functions. Defining it
// on the command line (-Xcc -DDISPATCHED=) leaves one body, for the tests to find the same bits with.
#if defined(DISPATCHED)
#elif defined(__x86_64__) && defined(__linux__)
#define DISPATCHED __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define DISPATCHED
#endif

#define INLINE static inline __attribute__((always_inline))

enum { lanes = 16 };

typedef float floats __attribute__((vector_size(64)));
typedef uint32_t bits __attribute__((vector_size(64)));
typedef double doubles __attribute__((vector_size(128)));
typedef float unaligned_floats __attribute__((vector_size(64), aligned(4), may_alias));

#define splat(x) ((floats){0} + (x))
/// a where the mask is set, else b: C's vectors have no conditional operator.
#define choose(mask, a, b) ((floats)(((bits)(mask) & (bits)(a)) | (~(bits)(mask) & (bits)(b))))

/// The next 16 floats, or the `left` that a row still has with `filler` behind them.
INLINE void load_into(floats *x, const float *p, long left, float filler) {
    if (__builtin_expect(left >= lanes, 1)) {
        *x = *(const unaligned_floats *)p;
        return;
    }
    *x = splat(filler);
    for (long i = 0; i < left; i++) (*x)[i] = p[i];
}
#define load_or(p, left, filler) ({ floats x_; load_into(&x_, p, left, filler); x_; })
#define load(p, left) load_or(p, left, 0.0f)

INLINE void store_from(float *p, const floats *x, long left) {
    if (__builtin_expect(left >= lanes, 1)) {
        *(unaligned_floats *)p = *x;
        return;
    }
    for (long i = 0; i < left; i++) p[i] = (*x)[i];
}
#define store(p, x, left) ({ floats x_ = (x); store_from(p, &x_, left); })

/// The sum of 16 lanes, as a balanced tree over halves.
#define DEFINE_LANE_SUM(name, vector, scalar)                                     \
    INLINE scalar name(const vector *x) {                                         \
        scalar part[lanes];                                                       \
        memcpy(part, x, sizeof part);                                             \
        for (int half = lanes / 2; half > 0; half /= 2)                           \
            for (int i = 0; i < half; i++) part[i] += part[i + half];             \
        return part[0];                                                           \
    }
DEFINE_LANE_SUM(lane_sum, floats, float)
DEFINE_LANE_SUM(lane_sum_of_doubles, doubles, double)

/// The larger of each pair; b where a is not a number.
#define max_floats(a, b) ({ floats a_ = (a), b_ = (b); choose(a_ > b_, a_, b_); })

INLINE float lane_max(const floats *x) {
    float part[lanes];
    memcpy(part, x, sizeof part);
    for (int half = lanes / 2; half > 0; half /= 2)
        for (int i = 0; i < half; i++) part[i] = part[i] > part[i + half] ? part[i] : part[i + half];
    return part[0];
}

/// e^x for x clamped to [-87, 88], within 2e-7 relative; not a number stays that, so that a diverged run is seen. With
/// n = round(x / ln 2) and r = x - n ln 2, |r| <= ln 2 / 2, e^x = 2^n e^r, and Taylor's series of e^r up to r^7 is
/// short by less than 6e-9.
INLINE void exponentiate(floats *exponent) {
    floats x = *exponent;
    x = choose(x < -87.0f, splat(-87.0f), x);
    x = choose(x > 88.0f, splat(88.0f), x);
    // Adding 1.5 * 2^23 leaves no bits for a fraction: it rounds to the nearest integer, which then stands in the sum's
    // lowest bits, and a shift makes an exponent of it.
    const float rounder = 12582912.0f;
    floats sum = x * 1.44269504088896341f + rounder;
    floats n = sum - rounder;
    // ln 2 in two pieces, the first with so few bits that n times it is exact.
    floats r = (x - n * 0.693145751953125f) - n * 1.42860682030941723212e-6f;
    floats p = splat(1.0f / 5040);
    p = p * r + 1.0f / 720;
    p = p * r + 1.0f / 120;
    p = p * r + 1.0f / 24;
    p = p * r + 1.0f / 6;
    p = p * r + 0.5f;
    p = p * r + 1.0f;
    p = p * r + 1.0f;
    *exponent = p * (floats)(((bits)sum << 23) + 0x3f800000u);
}
#define exp_floats(x) ({ floats x_ = (x); exponentiate(&x_); x_; })

#endif
