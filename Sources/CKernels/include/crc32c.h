// CRC-32C (Castagnoli), the checksum of every checkpointed tensor: polynomial 0x1EDC6F41 reflected, initial value and
// final complement 0xFFFFFFFF (RFC 3720, appendix B.4). It finds every flipped bit and every burst of up to 32 bits.
// Refuses to be a digest: it tells accidents apart, not adversaries.
#ifndef UNDERSTUDY_CRC32C_H
#define UNDERSTUDY_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/// The checksum of what `crc` covers followed by `length` bytes at `data`; `crc` is 0 for nothing. Uses the processor's
/// CRC instruction where there is one; the value is the same everywhere.
uint32_t crc32c_extend(uint32_t crc, const void *data, size_t length);

/// As `crc32c_extend`, by tables alone: what processors without the instruction run, and the tests' oracle.
uint32_t crc32c_extend_by_table(uint32_t crc, const void *data, size_t length);

/// The checksum of two pieces put together, from that of the first, that of the second, and the second's length.
uint32_t crc32c_combine(uint32_t first, uint32_t second, uint64_t second_length);

#endif
