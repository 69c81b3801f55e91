// What a profile that only loses GPUs has learnt: no request starts before one that was at most as large and as long. So
// a search begins where a similar one ended and not at the beginning of a queue's plan. A Fenwick tree of maxima over
// classes of sizes and of lengths. Refuses to be exact: it gives instants before which there is nothing to look for.

/// Lower bounds on the starts of reservations.
struct StartBounds: Sendable {
    /// Classes of sizes: powers of two, the last for everything from 2^23 on.
    private static let sizes = 24
    /// Classes of lengths: quarters of an octave of nanoseconds.
    private static let lengths = 256
    private var starts = [Int64](repeating: .min, count: (sizes + 1) * (lengths + 1))

    /// Notes that `gpus` for `span` nanoseconds start at `start` at the earliest.
    mutating func note(gpus: Int32, span: Int64, start: Int64) {
        // Rounded up, so that whoever is in this class or above is at least as large and as long.
        var size = gpus <= 1 ? 1 : 33 - (gpus - 1).leadingZeroBitCount
        let length = StartBounds.lengthClass(span - 1) + 2
        // Larger than the last class: nothing is learnt of it.
        while size <= StartBounds.sizes {
            var place = length
            while place <= StartBounds.lengths {
                let index = size * (StartBounds.lengths + 1) + place
                starts[index] = max(starts[index], start)
                place += place & -place
            }
            size += size & -size
        }
    }

    /// An instant before which `gpus` are not free for `span` nanoseconds.
    func bound(gpus: Int32, span: Int64) -> Int64 {
        var bound = Int64.min
        var size = min(StartBounds.sizes, 32 - gpus.leadingZeroBitCount)
        let length = StartBounds.lengthClass(span) + 1
        while size > 0 {
            var place = length
            while place > 0 {
                bound = max(bound, starts[size * (StartBounds.lengths + 1) + place])
                place &= place - 1
            }
            size &= size - 1
        }
        return bound
    }

    /// The class that `span` is in, rounded down: its highest bit and the two after it, from 0.
    private static func lengthClass(_ span: Int64) -> Int {
        guard span >= 4 else { return Int(max(0, span)) }
        let highest = 63 - span.leadingZeroBitCount
        return (highest - 1) * 4 + Int(span >> Int64(highest - 2)) & 3
    }
}
