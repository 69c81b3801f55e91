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
    /// What was added in the order of its instants, and how much of it is out.
    @usableFromInline var ordered: [(key: Key, item: Item)] = []
    @usableFromInline var passed = 0

    /// An empty queue.
    @inlinable
    public init() {}

    /// When the next item is due; nil when nothing is going to happen any more.
    @inlinable public var nextInstant: Instant? {
        let key = isOrderedNext ? ordered[passed].key : heap.first
        return key.map { Instant(nanoseconds: $0.at) }
    }

    /// Whether the next item is one of those that were added in order.
    @inlinable var isOrderedNext: Bool {
        passed < ordered.count && (heap.isEmpty || ordered[passed].key.isBefore(heap[0]))
    }

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

    /// Adds `items`, which are in the order of their instants, as if one by one. They wait beside the heap: what is known from
    /// the beginning, as all that will break in a life, need not be sorted again, nor make everything else rise through it.
    /// - Precondition: those that were added like this before are out.
    @inlinable
    public mutating func add(inOrder items: some Collection<(at: Instant, item: Item)>) {
        precondition(passed == ordered.count, "\(ordered.count - passed) items that were added in order are not out")
        ordered.removeAll(keepingCapacity: true)
        ordered.reserveCapacity(items.count)
        passed = 0
        for (at, item) in items {
            added += 1
            let key = Key(at: at.nanoseconds, sequence: added, slot: 0)
            precondition(ordered.last?.key.isBefore(key) ?? true, "an item at \(at) is out of order")
            ordered.append((key, item))
        }
    }

    /// Takes out the next item; nil when nothing is going to happen any more.
    @inlinable
    public mutating func next() -> (at: Instant, item: Item)? {
        if isOrderedNext {
            defer { passed += 1 }
            return (Instant(nanoseconds: ordered[passed].key.at), ordered[passed].item)
        }
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
