// Softmax, over a causal block of attention scores and over the vocabulary. Maxima are subtracted before exponentials;
// what a gradient needs again is a maximum and a sum for each row, never the probabilities. Refuses to take
// logarithms: there is no vector of them worth a series of its own.

#include "CKernels.h"
#include "vector_math.h"

static const float lowest = -3.0e38f;

INLINE float row_maximum(const float *x, long count) {
    floats most = splat(lowest);
    for (long j = 0; j < count; j += lanes) most = max_floats(most, load_or(x + j, count - j, lowest));
    return lane_max(&most);
}

DISPATCHED
void ckernels_causal_softmax(
    float *scores, long rows, long columns, long first_row, long stride, float *maximum, float *inverse_sum) {
    for (long r = 0; r < rows; r++, scores += stride) {
        long seen = first_row + r + 1;
        float most = row_maximum(scores, seen);
        floats sum = splat(0);
        for (long j = 0; j < seen; j += lanes) {
            // The filler's exponential is far below the smallest that changes a sum of at least 1.
            floats e = exp_floats(load_or(scores + j, seen - j, lowest) - most);
            sum += e;
            store(scores + j, e, seen - j);
        }
        float inverse = 1 / lane_sum(&sum);
        for (long j = 0; j < seen; j += lanes) store(scores + j, load(scores + j, seen - j) * inverse, seen - j);
        if (columns > seen) memset(scores + seen, 0, (size_t)(columns - seen) * sizeof *scores);
        maximum[r] = most;
        inverse_sum[r] = inverse;
    }
}

// With p the probabilities and d their gradient, the scores' gradient is p (d - sum(p d)).
DISPATCHED
void ckernels_causal_softmax_backward(
    float *scores, float *gradient, long rows, long columns, long first_row, long stride, const float *maximum,
    const float *inverse_sum) {
    for (long r = 0; r < rows; r++, scores += stride, gradient += stride) {
        long seen = first_row + r + 1;
        floats product = splat(0);
        for (long j = 0; j < seen; j += lanes) {
            floats p = exp_floats(load(scores + j, seen - j) - maximum[r]) * inverse_sum[r];
            product += p * load(gradient + j, seen - j);
            store(scores + j, p, seen - j);
        }
        float average = lane_sum(&product);
        for (long j = 0; j < seen; j += lanes) {
            long left = seen - j;
            store(gradient + j, load(scores + j, left) * (load(gradient + j, left) - average), left);
        }
        if (columns > seen) {
            memset(scores + seen, 0, (size_t)(columns - seen) * sizeof *scores);
            memset(gradient + seen, 0, (size_t)(columns - seen) * sizeof *gradient);
        }
    }
}

DISPATCHED
void ckernels_cross_entropy(
    const float *logits, const int32_t *targets, float *maximum, float *sum, float *target_logit, long rows,
    long width) {
    for (long r = 0; r < rows; r++, logits += width) {
        float most = row_maximum(logits, width);
        floats total = splat(0);
        for (long j = 0; j < width; j += lanes) total += exp_floats(load_or(logits + j, width - j, lowest) - most);
        maximum[r] = most;
        sum[r] = lane_sum(&total);
        target_logit[r] = logits[targets[r]];
    }
}

DISPATCHED
void ckernels_cross_entropy_backward(
    float *logits, const int32_t *targets, const float *maximum, const float *sum, float scale, long rows, long width) {
    for (long r = 0; r < rows; r++, logits += width) {
        float most = maximum[r], factor = scale / sum[r];
        for (long j = 0; j < width; j += lanes)
            store(logits + j, exp_floats(load(logits + j, width - j) - most) * factor, width - j);
        logits[targets[r]] -= scale;
    }
}
