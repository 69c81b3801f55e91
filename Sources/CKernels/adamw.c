// AdamW over a stretch of the flat parameter vector, in one pass over memory. The order of operations is PyTorch's:
// decay first, then the running means, then the step with epsilon outside the root.
// Refuses to know which parameters decay: the caller passes one stretch with one decay at a time.

#include "CKernels.h"
#include "vector_math.h"

DISPATCHED
void ckernels_adamw(
    float *parameters, const float *gradient, float *mean, float *square, long count, ckernels_adamw_step step) {
    for (long i = 0; i < count; i += lanes) {
        long left = count - i;
        floats g = load(gradient + i, left) * step.gradient_scale;
        floats m = load(mean + i, left);
        m += (g - m) * step.mean_rate;
        floats s = load(square + i, left) * step.square_keep + g * g * step.square_rate;
        floats root = __builtin_elementwise_sqrt(s) * step.square_correction + step.epsilon;
        store(mean + i, m, left);
        store(square + i, s, left);
        store(parameters + i, load(parameters + i, left) * step.keep - m / root * step.step_size, left);
    }
}
