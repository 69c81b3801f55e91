// LayerNorm and its gradient, a row at a time while the row is in the first-level cache. Refuses to keep the
// normalised row: computing it again from a mean and a factor costs less than fetching it from memory.

#include "CKernels.h"
#include "vector_math.h"

static const float guard = 1e-5f;

DISPATCHED
void ckernels_layer_norm(
    const float *x, const float *weight, const float *bias, float *y, float *mean, float *inverse_deviation,
    long rows, long width) {
    for (long r = 0; r < rows; r++, x += width, y += width) {
        floats sum = splat(0);
        for (long j = 0; j < width; j += lanes) sum += load(x + j, width - j);
        float m = lane_sum(&sum) / (float)width;
        // Squares of differences, not the difference of squares: a large mean would cancel it away.
        floats squares = splat(0);
        for (long j = 0; j < width; j += lanes) {
            floats d = load_or(x + j, width - j, m) - m;
            squares += d * d;
        }
        float inverse = 1 / __builtin_sqrtf(lane_sum(&squares) / (float)width + guard);
        for (long j = 0; j < width; j += lanes) {
            long left = width - j;
            store(y + j, (load(x + j, left) - m) * inverse * load(weight + j, left) + load(bias + j, left), left);
        }
        mean[r] = m;
        inverse_deviation[r] = inverse;
    }
}

// With n = (x - mean) * inverse and g = dy * weight: dx = inverse * (g - average(g) - n * average(g * n)).
DISPATCHED
void ckernels_layer_norm_backward(
    const float *dy, const float *x, const float *weight, const float *mean, const float *inverse_deviation, float *dx,
    int accumulate, float *dweight, float *dbias, float *dx_sums, long rows, long width) {
    size_t bytes = (size_t)width * sizeof(float);
    memset(dweight, 0, bytes);
    memset(dbias, 0, bytes);
    if (dx_sums) memset(dx_sums, 0, bytes);
    for (long r = 0; r < rows; r++, dy += width, x += width, dx += width) {
        float m = mean[r], inverse = inverse_deviation[r];
        floats g_sum = splat(0), gn_sum = splat(0);
        for (long j = 0; j < width; j += lanes) {
            long left = width - j;
            floats d = load(dy + j, left);
            floats n = (load(x + j, left) - m) * inverse;
            floats g = d * load(weight + j, left);
            g_sum += g;
            gn_sum += g * n;
            store(dweight + j, load(dweight + j, left) + d * n, left);
            store(dbias + j, load(dbias + j, left) + d, left);
        }
        float g_average = lane_sum(&g_sum) / (float)width, gn_average = lane_sum(&gn_sum) / (float)width;
        for (long j = 0; j < width; j += lanes) {
            long left = width - j;
            floats n = (load(x + j, left) - m) * inverse;
            floats g = load(dy + j, left) * load(weight + j, left);
            floats d = (g - g_average - n * gn_average) * inverse;
            if (accumulate) d += load(dx + j, left);
            store(dx + j, d, left);
            if (dx_sums) store(dx_sums + j, load(dx_sums + j, left) + d, left);
        }
    }
}
