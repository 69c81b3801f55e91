// GELU in its tanh form, written as x times a logistic function: (1 + tanh u) / 2 = 1 / (1 + exp(-2u)) has no
// cancellation for negative u, and one exponential serves the function and its derivative. Refuses to be the
// exact GELU of the error function: GPT-2 was trained with this one.

#include "CKernels.h"
#include "vector_math.h"

// 2 sqrt(2 / pi) and three times the cubic's coefficient.
static const float slope = 1.59576912160573071f;
static const float cubic = 0.044715f;
static const float cubic_slope = 0.134145f;

#define minus_two_u(x, square) ((x) * ((square) * cubic + 1.0f) * -slope)

DISPATCHED
void ckernels_gelu(const float *x, float *y, long count) {
    for (long i = 0; i < count; i += lanes) {
        floats v = load(x + i, count - i);
        // Not v / (1 + e), which rounds differently: the backward pass must compute the same bits again.
        store(y + i, v * (1.0f / (exp_floats(minus_two_u(v, v * v)) + 1.0f)), count - i);
    }
}

// With s = 1 / (1 + e) and e = exp(-2u): gelu' = s + x s (1 - s) 2u', and 1 - s = e s without cancellation.
DISPATCHED
void ckernels_gelu_backward(
    const float *x, const float *dy, float *y, float *dx, float *sums, long rows, long width) {
    memset(sums, 0, (size_t)width * sizeof *sums);
    for (long r = 0; r < rows; r++, x += width, dy += width, y += width, dx += width)
        for (long j = 0; j < width; j += lanes) {
            long left = width - j;
            floats v = load(x + j, left);
            floats square = v * v;
            floats e = exp_floats(minus_two_u(v, square));
            floats s = 1.0f / (e + 1.0f);
            floats value = v * s;
            floats derivative = s + value * (e * s) * (square * cubic_slope + 1.0f) * slope;
            floats d = load(dy + j, left) * derivative;
            store(y + j, value, left);
            store(dx + j, d, left);
            store(sums + j, load(sums + j, left) + d, left);
        }
}
