// What a profile that only loses GPUs has learnt: no request starts before one that was at most as large and as long. So
// a search begins where a similar one ended and not at the beginning of a queue's plan. A Fenwick tree of maxima over
// classes of sizes and of lengths. Refuses to be exact: it gives instants before which there is nothing to look for.

/// Lower bounds on the starts of reservations.
struct StartBounds: Sendable {
    /// Classes of lengths: halves of an octave, the first for everything below 2^24 ns, the last for everything from two
    /// years on. Few, because every copy of a plan carries them.
    private static let lengths = 64
    private static let shortestOctave = 24
    /// Classes of sizes: powers of two.
    private let sizes: Int
    private var starts: [Int64]

    /// Nothing is known yet of requests for up to `most` GPUs.
    init(most: Int32) {
        sizes = 32 - max(1, most).leadingZeroBitCount
        starts = [Int64](repeating: .min, count: (sizes + 1) * (StartBounds.lengths + 1))
    }

    /// Notes that `gpus` for `span` nanoseconds start at `start` at the earliest.
    mutating func note(gpus: Int32, span: Int64, start: Int64) {
        // Rounded up, so that whoever is in this class or above is at least as large and as long.
        var size = gpus <= 1 ? 1 : 33 - (gpus - 1).leadingZeroBitCount
        let length = StartBounds.lengthClass(span - 1) + 2
        // Larger than the last class: nothing is learnt of it.
        while size <= sizes {
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
        var size = min(sizes, 32 - gpus.leadingZeroBitCount)
        let length = min(StartBounds.lengths, StartBounds.lengthClass(span) + 1)
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

    /// The class that `span` is in, rounded down: its highest bit and the one after it, from 0.
    private static func lengthClass(_ span: Int64) -> Int {
        guard span >= 1 << Int64(shortestOctave) else { return 0 }
        let highest = 63 - span.leadingZeroBitCount
        return (highest - shortestOctave) * 2 + Int(span >> Int64(highest - 1)) & 1 + 1
    }
}
