// What is going to happen in a simulated world, the earliest first; of things at the same instant the one that was
// added first. A 4-ary heap of small keys beside a slab of payloads, because moving payloads up and down the heap costs
// more than everything else in a schedule. Refuses cancellation: whoever is woken in vain looks at its own state.

import Primitives

/// A queue of `Item`s by instant, ties in the order they were added.
struct EventQueue<Item> {
    private struct Key {
        var at: Int64
        var sequence: UInt64
        var slot: Int

        func isBefore(_ other: Key) -> Bool { at != other.at ? at < other.at : sequence < other.sequence }
    }

    private var heap: [Key] = []
    private var items: [Item?] = []
    private var free: [Int] = []
    private var added: UInt64 = 0

    init() {}

    /// Adds `item`, due at `instant`.
    mutating func add(_ item: Item, at instant: Instant) {
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
    mutating func next() -> (at: Instant, item: Item)? {
        guard let first = heap.first else { return nil }
        let last = heap.removeLast()
        if !heap.isEmpty { sink(last) }
        guard let item = items[first.slot].take() else { preconditionFailure("slot \(first.slot) is empty") }
        free.append(first.slot)
        return (Instant(nanoseconds: first.at), item)
    }

    private mutating func rise(from start: Int) {
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
    private mutating func sink(_ key: Key) {
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
