// The element-wise arithmetic of training: everything in a step that is not a matrix product. In C because explicit
// vectors with run-time dispatch need function attributes that Swift does not have. Every kernel gives the same bits on
// every instruction set: no contraction into fused multiply-adds, and a fixed order in every sum. Refuses to allocate,
// to start threads, and to keep state.
//
// Matrices are row-major and dense: `rows` x `width` floats, unless a stride is a parameter. Pointers need no alignment
// beyond a float's; outputs may alias inputs only where a kernel says so. Counts may be 0.
#ifndef UNDERSTUDY_CKERNELS_H
#define UNDERSTUDY_CKERNELS_H

#include "crc32c.h"
#include <stdint.h>

// Vectors (vector.c)

/// out[i] = a[i] + b[i]. `out` may be `a` or `b`.
void ckernels_add(const float *a, const float *b, float *out, long count);

/// a[i] = a[i] * factor.
void ckernels_scale(float *a, float factor, long count);

/// The sum of squares, in double precision: blocks of 4,096 floats with 16 partial sums each, the partial sums of a
/// block added pairwise, the blocks in order.
double ckernels_sum_of_squares(const float *a, long count);

/// out[r, j] = bias[j]. A product that accumulates onto `out` has its bias at no cost.
void ckernels_fill_rows(const float *bias, float *out, long rows, long width);

/// out[r, j] = a[r, j] + bias[j].
void ckernels_add_bias(const float *a, const float *bias, float *out, long rows, long width);

/// sums[j] = the sum of a[r, j] over r, in the rows' order. Overwrites `sums`.
void ckernels_column_sums(const float *a, float *sums, long rows, long width);

// LayerNorm (layer_norm.c), Ba et al. 2016: y = (x - mean) / sqrt(variance + 1e-5) * weight + bias, the variance biased

/// Normalises each row of `x`; keeps its mean and 1 / sqrt(variance + 1e-5) for the way back.
void ckernels_layer_norm(
    const float *x, const float *weight, const float *bias, float *y, float *mean, float *inverse_deviation,
    long rows, long width);

/// The gradients of ckernels_layer_norm. `dweight` and `dbias` are overwritten with sums in the rows' order. `dx` gets
/// the gradient of `x`, added to what was there if `accumulate` is not 0. Where `dx_sums` is not null it is overwritten
/// with the column sums of the resulting `dx`: the bias gradient of the product that feeds the residual stream there.
void ckernels_layer_norm_backward(
    const float *dy, const float *x, const float *weight, const float *mean, const float *inverse_deviation, float *dx,
    int accumulate, float *dweight, float *dbias, float *dx_sums, long rows, long width);

// GELU (gelu.c), Hendrycks and Gimpel 2016, the tanh form: x / (1 + exp(-2 sqrt(2/pi) (x + 0.044715 x^3)))

/// y[i] = gelu(x[i]).
void ckernels_gelu(const float *x, float *y, long count);

/// dx[i] = dy[i] * gelu'(x[i]), and once more y[i] = gelu(x[i]), so that the forward pass need not keep it. `sums` is
/// overwritten with the column sums of `dx`. `dx` may be `dy`.
void ckernels_gelu_backward(
    const float *x, const float *dy, float *y, float *dx, float *sums, long rows, long width);

// Softmax (softmax.c)

/// Causal softmax over a block of attention scores, in place: row r belongs to position first_row + r and sees the
/// columns 0 ... first_row + r; the others, up to `columns`, become 0. Keeps each row's maximum and 1 / sum of exp.
void ckernels_causal_softmax(
    float *scores, long rows, long columns, long first_row, long stride, float *maximum, float *inverse_sum);

/// The way back through ckernels_causal_softmax. On entry `scores` holds the raw scores once more and `gradient` that
/// of the probabilities; on exit `scores` holds the probabilities and `gradient` that of the raw scores.
void ckernels_causal_softmax_backward(
    float *scores, float *gradient, long rows, long columns, long first_row, long stride, const float *maximum,
    const float *inverse_sum);

/// The parts of each row's cross-entropy, ln(sum[r]) + maximum[r] - logits[r, targets[r]], where sum[r] is that of
/// exp(logits[r, j] - maximum[r]); the logarithm is the caller's. `target_logit[r]` is logits[r, targets[r]].
void ckernels_cross_entropy(
    const float *logits, const int32_t *targets, float *maximum, float *sum, float *target_logit, long rows,
    long width);

/// Writes over `logits` with the gradient of scale * cross-entropy: scale * (softmax - one-hot). `maximum` and `sum`
/// are those of ckernels_cross_entropy.
void ckernels_cross_entropy_backward(
    float *logits, const int32_t *targets, const float *maximum, const float *sum, float scale, long rows, long width);

// Embedding (embedding.c)

/// out[s * length + t] = token_table[tokens[s * length + t]] + position_table[t], for `sequences` sequences.
void ckernels_embed(
    const int32_t *tokens, const float *token_table, const float *position_table, float *out, long sequences,
    long length, long width);

/// The way back: adds each row of `dout` to its token's row of `dtoken_table`, in the rows' order, and overwrites the
/// first `length` rows of `dposition_table` with the sums over sequences.
void ckernels_embed_backward(
    const int32_t *tokens, const float *dout, float *dtoken_table, float *dposition_table, long sequences, long length,
    long width);

// AdamW (adamw.c), Loshchilov and Hutter 2019

/// The numbers of one step of AdamW, each already rounded to a float.
typedef struct {
    /// What every gradient is multiplied by first.
    float gradient_scale;
    /// 1 - learning rate * weight decay; 1 where nothing decays.
    float keep;
    /// 1 - beta1.
    float mean_rate;
    /// beta2 and 1 - beta2.
    float square_keep, square_rate;
    /// 1 / sqrt(1 - beta2^step).
    float square_correction;
    /// learning rate / (1 - beta1^step).
    float step_size;
    /// Added to the root of the mean square.
    float epsilon;
} ckernels_adamw_step;

/// One step for `count` parameters, their gradient and their two running means.
void ckernels_adamw(
    float *parameters, const float *gradient, float *mean, float *square, long count, ckernels_adamw_step step);

#endif
