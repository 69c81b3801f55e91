// Sums, scalings and biases. All of them are bound by memory; they are here so that their order of additions is fixed.
// Refuses to use more than one thread: workers are the parallelism.

#include "CKernels.h"
#include "vector_math.h"

DISPATCHED
void ckernels_add(const float *a, const float *b, float *out, long count) {
    for (long i = 0; i < count; i += lanes) store(out + i, load(a + i, count - i) + load(b + i, count - i), count - i);
}

DISPATCHED
void ckernels_scale(float *a, float factor, long count) {
    for (long i = 0; i < count; i += lanes) store(a + i, load(a + i, count - i) * factor, count - i);
}

DISPATCHED
double ckernels_sum_of_squares(const float *a, long count) {
    const long block = 4096;
    double total = 0;
    for (long start = 0; start < count; start += block) {
        long end = start + block < count ? start + block : count;
        doubles partial = {0};
        for (long i = start; i < end; i += lanes) {
            doubles x = __builtin_convertvector(load(a + i, end - i), doubles);
            partial += x * x;
        }
        total += lane_sum_of_doubles(&partial);
    }
    return total;
}

DISPATCHED
void ckernels_fill_rows(const float *bias, float *out, long rows, long width) {
    for (long r = 0; r < rows; r++)
        for (long j = 0; j < width; j += lanes) store(out + r * width + j, load(bias + j, width - j), width - j);
}

DISPATCHED
void ckernels_add_bias(const float *a, const float *bias, float *out, long rows, long width) {
    for (long r = 0; r < rows; r++)
        for (long j = 0; j < width; j += lanes) {
            long left = width - j;
            store(out + r * width + j, load(a + r * width + j, left) + load(bias + j, left), left);
        }
}

DISPATCHED
void ckernels_column_sums(const float *a, float *sums, long rows, long width) {
    memset(sums, 0, (size_t)width * sizeof *sums);
    for (long r = 0; r < rows; r++)
        for (long j = 0; j < width; j += lanes) {
            long left = width - j;
            store(sums + j, load(sums + j, left) + load(a + r * width + j, left), left);
        }
}
