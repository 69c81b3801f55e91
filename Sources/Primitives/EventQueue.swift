// What is going to happen in a simulated world, the earliest first; of things at the same instant the one that was
// added first. A 4-ary heap of small keys beside a slab of payloads, because moving payloads up and down the heap costs
// more than everything else in a schedule. Inlinable, because a generic queue that another module cannot specialise is
// several times slower. Refuses cancellation: whoever is woken in vain looks at its own state.

/// A queue of `Item`s by instant, ties in the order they were added.
public struct EventQueue<Item> {
    @usableFromInline
    struct Key {
        @usableFromInline var at: Int64
        @usableFromInline var sequence: UInt64
        @usableFromInline var slot: Int

        @inlinable
        init(at: Int64, sequence: UInt64, slot: Int) {
            self.at = at
            self.sequence = sequence
            self.slot = slot
        }

        @inlinable
        func isBefore(_ other: Key) -> Bool { at != other.at ? at < other.at : sequence < other.sequence }
    }

    @usableFromInline var heap: [Key] = []
    @usableFromInline var items: [Item?] = []
    @usableFromInline var free: [Int] = []
    @usableFromInline var added: UInt64 = 0

    /// An empty queue.
    @inlinable
    public init() {}

    /// When the next item is due; nil when nothing is going to happen any more.
    @inlinable public var nextInstant: Instant? { heap.first.map { Instant(nanoseconds: $0.at) } }

    /// Adds `item`, due at `instant`.
    @inlinable
    public mutating func add(_ item: Item, at instant: Instant) {
        let slot: Int
        if let known = free.popLast() {
            slot = known
            items[slot] = item
        } else {
            slot = items.count
            items.append(item)
        }
        added += 1
        heap.append(Key(at: instant.nanoseconds, sequence: added, slot: slot))
        rise(from: heap.count - 1)
    }

    /// Takes out the next item; nil when nothing is going to happen any more.
    @inlinable
    public mutating func next() -> (at: Instant, item: Item)? {
        guard let first = heap.first else { return nil }
        let last = heap.removeLast()
        if !heap.isEmpty { sink(last) }
        guard let item = items[first.slot].take() else { preconditionFailure("slot \(first.slot) is empty") }
        free.append(first.slot)
        return (Instant(nanoseconds: first.at), item)
    }

    @inlinable
    mutating func rise(from start: Int) {
        let key = heap[start]
        var place = start
        while place > 0 {
            let parent = (place - 1) / 4
            guard key.isBefore(heap[parent]) else { break }
            heap[place] = heap[parent]
            place = parent
        }
        heap[place] = key
    }

    /// Puts `key` at the root's empty place and lets it sink.
    @inlinable
    mutating func sink(_ key: Key) {
        var place = 0
        while true {
            let first = place * 4 + 1
            guard first < heap.count else { break }
            var least = first
            for child in first..<min(first + 4, heap.count) where heap[child].isBefore(heap[least]) { least = child }
            guard heap[least].isBefore(key) else { break }
            heap[place] = heap[least]
            place = least
        }
        heap[place] = key
    }
}
