// How a flat vector is cut up for the exchange: one segment for each member, which that member sums, and each segment in
// chunks, which travel and are summed one by one so that sending, adding and receiving overlap. Cuts fall on cache lines
// of 16 floats. Refuses to influence any value: the sum of an element does not depend on where the cuts are.

/// The cuts of a vector of `count` floats.
package struct ExchangeLayout: Equatable {
    /// The elements each rank sums.
    package let segments: [Range<Int>]
    /// The most elements of a chunk.
    let chunkFloats: Int

    package init(count: Int, members: Int, chunkFloats: Int) {
        precondition(count >= 0 && members > 0 && chunkFloats > 0, "there is nothing to cut")
        let lines = (count + 15) / 16
        segments = (0..<members).map { rank in
            min(count, lines * rank / members * 16)..<min(count, lines * (rank + 1) / members * 16)
        }
        self.chunkFloats = chunkFloats
    }

    /// The number of chunks of a segment; none when it is empty.
    package func chunks(of segment: Int) -> Int { (segments[segment].count + chunkFloats - 1) / chunkFloats }

    /// The elements of a chunk.
    package func chunk(_ chunk: Int, of segment: Int) -> Range<Int> {
        let all = segments[segment]
        let start = all.lowerBound + chunk * chunkFloats
        return start..<min(all.upperBound, start + chunkFloats)
    }
}
