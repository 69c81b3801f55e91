// Looking tokens and positions up in their tables, and the way back. A token may occur many times in a batch; its
// gradients are added in the order of the rows, so the sum does not depend on anything else.
// Refuses to check tokens: the caller has.

#include "CKernels.h"
#include "vector_math.h"

DISPATCHED
void ckernels_embed(
    const int32_t *tokens, const float *token_table, const float *position_table, float *out, long sequences,
    long length, long width) {
    for (long r = 0; r < sequences * length; r++, out += width) {
        const float *token = token_table + tokens[r] * width, *position = position_table + r % length * width;
        for (long j = 0; j < width; j += lanes)
            store(out + j, load(token + j, width - j) + load(position + j, width - j), width - j);
    }
}

INLINE void add_row(float *sum, const float *row, long width) {
    for (long j = 0; j < width; j += lanes) {
        long left = width - j;
        store(sum + j, load(sum + j, left) + load(row + j, left), left);
    }
}

DISPATCHED
void ckernels_embed_backward(
    const int32_t *tokens, const float *dout, float *dtoken_table, float *dposition_table, long sequences, long length,
    long width) {
    memset(dposition_table, 0, (size_t)(length * width) * sizeof *dposition_table);
    for (long r = 0; r < sequences * length; r++, dout += width) {
        add_row(dtoken_table + tokens[r] * width, dout, width);
        add_row(dposition_table + r % length * width, dout, width);
    }
}
