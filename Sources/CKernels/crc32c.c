// CRC-32C three ways: the processor's instruction on three interleaved streams, a table of 8 x 256 entries, and the
// arithmetic of polynomials that joins checksums of pieces. A checkpoint's checksum must cost less than its copy, and
// one instruction has a latency of three cycles: three independent streams keep it busy (Gopal et al., "Fast CRC
// Computation for iSCSI Polynomial Using CRC32 Instruction", Intel 2011). Refuses other polynomials.
#include "crc32c.h"

#include <pthread.h>
#include <string.h>

// x^32 + x^28 + ... + 1 with bit 31 as x^0.
static const uint32_t POLYNOMIAL = 0x82F63B78u;

// Bytes of one of the three streams; all three fit a first-level cache.
enum { BLOCK = 8192 };

// The product of two polynomials modulo P; bit 31 is the coefficient of x^0.
static uint32_t multiply(uint32_t a, uint32_t b) {
    uint32_t product = 0;
    for (int bit = 31; bit >= 0; bit--) {
        product ^= b & (0u - (a >> bit & 1u));
        b = (b >> 1) ^ (POLYNOMIAL & (0u - (b & 1u)));
    }
    return product;
}

// x^exponent modulo P, by squaring.
static uint32_t power_of_x(uint64_t exponent) {
    uint32_t result = 0x80000000u;
    for (uint32_t square = 0x40000000u; exponent != 0; exponent >>= 1) {
        if (exponent & 1) result = multiply(result, square);
        square = multiply(square, square);
    }
    return result;
}

uint32_t crc32c_combine(uint32_t first, uint32_t second, uint64_t second_length) {
    // Both complements cancel out, so the rule of plain polynomials holds: first * x^(8 * length) + second.
    return multiply(power_of_x(8 * second_length), first) ^ second;
}

// table[k][b]: what byte b contributes when k more bytes follow it.
static uint32_t table[8][256];
static pthread_once_t table_made = PTHREAD_ONCE_INIT;

static void make_table(void) {
    for (uint32_t byte = 0; byte < 256; byte++) {
        uint32_t value = byte;
        for (int bit = 0; bit < 8; bit++) value = (value >> 1) ^ (POLYNOMIAL & (0u - (value & 1u)));
        table[0][byte] = value;
    }
    for (int k = 1; k < 8; k++) {
        for (int byte = 0; byte < 256; byte++) {
            uint32_t before = table[k - 1][byte];
            table[k][byte] = (before >> 8) ^ table[0][before & 255];
        }
    }
}

uint32_t crc32c_extend_by_table(uint32_t crc, const void *data, size_t length) {
    pthread_once(&table_made, make_table);
    const unsigned char *at = data;
    uint32_t state = ~crc;
    for (; length >= 8; length -= 8, at += 8) {
        uint32_t low = state ^ ((uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 | (uint32_t)at[3] << 24);
        state = table[7][low & 255] ^ table[6][low >> 8 & 255] ^ table[5][low >> 16 & 255] ^ table[4][low >> 24]
            ^ table[3][at[4]] ^ table[2][at[5]] ^ table[1][at[6]] ^ table[0][at[7]];
    }
    for (; length > 0; length--, at++) state = (state >> 8) ^ table[0][(state ^ *at) & 255];
    return ~state;
}

#if defined(__x86_64__)
#include <nmmintrin.h>

static inline uint64_t load64(const unsigned char *at) {
    uint64_t value;
    memcpy(&value, at, sizeof value);
    return value;
}

__attribute__((target("sse4.2"))) static uint32_t extend_by_instruction(
    uint32_t crc, const unsigned char *at, size_t length) {
    // x^(8 * BLOCK) and x^(16 * BLOCK) modulo P: a stream's state moved behind one and two blocks of zeros.
    const uint32_t behind_one = 0x28461564u, behind_two = 0xBF455269u;
    uint64_t state = (uint32_t)~crc;
    for (; length >= 3 * BLOCK; length -= 3 * BLOCK, at += 3 * BLOCK) {
        uint64_t second = 0, third = 0;
        for (size_t i = 0; i < BLOCK; i += 8) {
            state = _mm_crc32_u64(state, load64(at + i));
            second = _mm_crc32_u64(second, load64(at + BLOCK + i));
            third = _mm_crc32_u64(third, load64(at + 2 * BLOCK + i));
        }
        state = multiply(behind_two, (uint32_t)state) ^ multiply(behind_one, (uint32_t)second) ^ third;
    }
    for (; length >= 8; length -= 8, at += 8) state = _mm_crc32_u64(state, load64(at));
    for (; length > 0; length--, at++) state = _mm_crc32_u8((uint32_t)state, *at);
    return ~(uint32_t)state;
}
#endif

uint32_t crc32c_extend(uint32_t crc, const void *data, size_t length) {
#if defined(__x86_64__)
    if (__builtin_cpu_supports("sse4.2")) return extend_by_instruction(crc, data, length);
#endif
    return crc32c_extend_by_table(crc, data, length);
}
