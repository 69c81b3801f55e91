// Free GPUs over the time to come, as a step function: where reservations are found and kept. Its steps lie in short
// runs that know their least and their most, because a queue of thousands is planned anew whenever something turned out
// otherwise, and most of the profile is passed over or changed as a whole. Counts only; whether the GPUs then lie well
// is known when the instant has come. Refuses to look back.

import Primitives

/// How many GPUs will be free when.
struct FreeProfile: Sendable {
    /// Steps in a row. Each holds until the next begins, the last of all for ever.
    private struct Run {
        /// When the first step begins.
        var begin: Int64
        /// Steps, at least one.
        var count: Int
        /// What is to be added to the free GPUs of every step.
        var shift: Int32 = 0
        /// The least and the most GPUs free in any step.
        var least: Int32 = 0
        var most: Int32 = 0

        mutating func raise(by gpus: Int32) {
            shift += gpus
            least += gpus
            most += gpus
        }
    }

    /// Where GPUs are free long enough.
    private struct Window {
        var start: Int64
        /// The run that holds its start, and one that holds its end or ends with it.
        var first: Int
        var last: Int
    }

    /// Room for steps in a run.
    private static let room = 32
    private var runs: [Run] = []
    /// When steps begin and how many GPUs are free from then on, less the run's shift: `room` places a run, of which its
    /// `count` first ones are in use. Flat, because an array a run would be counted and checked at every look.
    private var at: [Int64] = []
    private var free: [Int32] = []
    private var bounds: StartBounds

    /// `free` GPUs from `now` on, and more from each of `ends` on.
    /// - Precondition: `ends` is ascending and later than `now`.
    init(free: Int, from now: Instant, ends: [(at: Int64, gpus: Int)] = []) {
        bounds = StartBounds(most: Int32(ends.reduce(free) { $0 + $1.gpus }))
        append(at: now.nanoseconds, free: Int32(free))
        var (last, level) = (now.nanoseconds, Int32(free))
        for end in ends {
            level += Int32(end.gpus)
            if end.at == last {
                self.free[(runs.count - 1) * FreeProfile.room + runs[runs.count - 1].count - 1] = level
            } else {
                append(at: end.at, free: level)
            }
            last = end.at
        }
        for index in runs.indices { measure(index) }
    }

    /// Adds a step behind all others, leaving room in its run.
    private mutating func append(at instant: Int64, free level: Int32) {
        if runs.isEmpty || runs[runs.count - 1].count == FreeProfile.room / 2 {
            insertRun(Run(begin: instant, count: 0), at: runs.count)
        }
        let place = (runs.count - 1) * FreeProfile.room + runs[runs.count - 1].count
        at[place] = instant
        free[place] = level
        runs[runs.count - 1].count += 1
    }

    private mutating func insertRun(_ run: Run, at index: Int) {
        runs.insert(run, at: index)
        at.insert(contentsOf: repeatElement(0, count: FreeProfile.room), at: index * FreeProfile.room)
        free.insert(contentsOf: repeatElement(0, count: FreeProfile.room), at: index * FreeProfile.room)
    }

    /// Looks again what the least and the most of run `index` are.
    private mutating func measure(_ index: Int) {
        let first = index * FreeProfile.room
        let (least, most) = free.span.extracting(first..<first + runs[index].count).leastAndMost()
        runs[index].least = least + runs[index].shift
        runs[index].most = most + runs[index].shift
    }

    /// Takes `gpus` for `span`, as early as they are free that long from `now` on, and says from when.
    /// - Precondition: that many are free at the end of time, and `span` is positive.
    mutating func reserve(gpus: Int, for span: TimeSpan, from now: Instant) -> Instant {
        advance(to: now.nanoseconds)
        let bound = bounds.bound(gpus: Int32(gpus), span: span.nanoseconds)
        let window = earliest(gpus: Int32(gpus), for: span.nanoseconds, from: max(now.nanoseconds, bound))
        bounds.note(gpus: Int32(gpus), span: span.nanoseconds, start: window.start)
        take(
            Int32(gpus), from: window.start, to: window.start + span.nanoseconds, first: window.first, last: window.last
        )
        return Instant(nanoseconds: window.start)
    }

    /// The earliest instant from `from` on at which `gpus` are free for `span`.
    /// - Precondition: that many are free at the end of time, `span` is positive, and nothing before `from` is forgotten.
    func start(of gpus: Int, for span: TimeSpan, from: Instant) -> Instant {
        let bound = bounds.bound(gpus: Int32(gpus), span: span.nanoseconds)
        return Instant(
            nanoseconds: earliest(
                gpus: Int32(gpus), for: span.nanoseconds, from: max(from.nanoseconds, bound)
            ).start)
    }

    /// Takes `gpus` for `span` from `start` on, when they are free; what is before `start` stays known.
    mutating func take(gpus: Int, for span: TimeSpan, at start: Instant) {
        let end = start.nanoseconds + span.nanoseconds
        take(
            Int32(gpus), from: start.nanoseconds, to: end, first: run(holding: start.nanoseconds),
            last: run(holding: end))
    }

    /// Takes `gpus`, which are free then, from `start`, before which nothing is asked any more, to `end`.
    mutating func take(gpus: Int, from start: Instant, to end: Instant) {
        advance(to: start.nanoseconds)
        let (first, last) = (run(holding: start.nanoseconds), run(holding: end.nanoseconds))
        take(Int32(gpus), from: start.nanoseconds, to: end.nanoseconds, first: first, last: last)
    }

    /// Forgets what is before `now`.
    private mutating func advance(to now: Int64) {
        guard runs.count > 1, runs[1].begin <= now else { return }
        let passed = (runs.firstIndex { $0.begin > now } ?? runs.count) - 1
        runs.removeFirst(passed)
        at.removeFirst(passed * FreeProfile.room)
        free.removeFirst(passed * FreeProfile.room)
    }

    /// The earliest window from `now` on in which `gpus` are free for `span`.
    private func earliest(gpus: Int32, for span: Int64, from now: Int64) -> Window {
        // Since when that many are free; nil while they are not.
        var window: Window?
        for index in run(holding: now)..<runs.count {
            let run = runs[index]
            let end = index + 1 < runs.count ? runs[index + 1].begin : .max
            if run.most < gpus {
                window = nil
            } else if run.least >= gpus {
                var since = window ?? Window(start: max(run.begin, now), first: index, last: index)
                since.last = index
                if end == .max || end - since.start >= span { return since }
                window = since
            } else if let found = earliest(in: index, until: end, gpus: gpus, for: span, from: now, &window) {
                return found
            }
        }
        preconditionFailure("\(gpus) GPUs are never free")
    }

    /// The same inside one run that ends at `end`; `window` is since when that many are free before it and after it.
    private func earliest(
        in index: Int, until end: Int64, gpus: Int32, for span: Int64, from now: Int64, _ window: inout Window?
    ) -> Window? {
        let wanted = gpus - runs[index].shift
        let first = index * FreeProfile.room
        let last = first + runs[index].count - 1
        for place in first...last {
            if free[place] < wanted {
                window = nil
                continue
            }
            let stepEnd = place < last ? at[place + 1] : end
            if stepEnd <= now { continue }
            var since = window ?? Window(start: max(at[place], now), first: index, last: index)
            since.last = index
            if stepEnd == .max || stepEnd - since.start >= span { return since }
            window = since
        }
        return nil
    }

    /// Takes `gpus` from `from`, which lies in run `first` or behind it, to `to`, in or behind run `last`.
    private mutating func take(_ gpus: Int32, from: Int64, to: Int64, first: Int, last: Int) {
        var (begin, place) = cut(at: from, behind: first)
        let (end, endPlace) = cut(at: to, behind: last)
        if place - begin * FreeProfile.room >= runs[begin].count {
            // The second cut has split the run of the first.
            place += FreeProfile.room / 2
            begin += 1
        }
        for index in begin...end {
            if index < end, place == index * FreeProfile.room {
                runs[index].raise(by: -gpus)
            } else {
                let behind = index == end ? endPlace : index * FreeProfile.room + runs[index].count
                free.add(-gpus, from: place, to: behind)
                measure(index)
            }
            place = (index + 1) * FreeProfile.room
        }
    }

    /// The place of the first step of run `index` that begins at `instant` or later; behind its last when there is none.
    private func step(from instant: Int64, in index: Int) -> Int {
        // Halved without a branch: which way to go is anybody's guess.
        var place = index * FreeProfile.room
        var count = runs[index].count
        while count > 1 {
            let half = count / 2
            place = at[place + half - 1] < instant ? place + half : place
            count -= half
        }
        return at[place] < instant ? place + 1 : place
    }

    /// The run that says what is free at `instant`.
    private func run(holding instant: Int64) -> Int {
        var (low, high) = (0, runs.count)
        while low < high {
            let middle = (low + high) / 2
            if runs[middle].begin <= instant { low = middle + 1 } else { high = middle }
        }
        precondition(low > 0, "a reservation begins before its profile")
        return low - 1
    }

    /// Makes a step that begins at `instant`, which lies in run `first` or behind it, if there is none, and says in which
    /// run and at which place it is.
    private mutating func cut(at instant: Int64, behind first: Int) -> (run: Int, place: Int) {
        var index = first
        while index + 1 < runs.count, runs[index + 1].begin <= instant { index += 1 }
        let step = step(from: instant, in: index)
        let end = index * FreeProfile.room + runs[index].count
        if step < end, at[step] == instant { return (index, step) }
        guard runs[index].count < FreeProfile.room else {
            split(index)
            return cut(at: instant, behind: index)
        }
        at.moveUp(from: step, to: end)
        // The step before holds on until the next; its level is there already when nothing moved.
        free.moveUp(from: step, to: end)
        free[step] = free[step - 1]
        at[step] = instant
        runs[index].count += 1
        return (index, step)
    }

    /// Moves the upper half of run `index`, which is full, to a run of its own.
    private mutating func split(_ index: Int) {
        let half = FreeProfile.room / 2
        let first = index * FreeProfile.room + half
        insertRun(Run(begin: at[first], count: half, shift: runs[index].shift), at: index + 1)
        for place in 0..<half {
            at[first + half + place] = at[first + place]
            free[first + half + place] = free[first + place]
        }
        runs[index].count = half
        measure(index)
        measure(index + 1)
    }
}

// Each of these looks only once whether the array is shared, and not at every element that it changes.

extension Span<Int32> {
    /// The least and the most element.
    /// - Precondition: there is one.
    fileprivate func leastAndMost() -> (least: Int32, most: Int32) {
        var (least, most) = (self[0], self[0])
        for place in indices {
            least = Swift.min(least, self[place])
            most = Swift.max(most, self[place])
        }
        return (least, most)
    }
}

extension [Int32] {
    /// Adds `change` to the elements from `first` to before `end`.
    fileprivate mutating func add(_ change: Int32, from first: Int, to end: Int) {
        var elements = mutableSpan
        for place in first..<end { elements[place] += change }
    }
}

extension Array where Element: FixedWidthInteger {
    /// Moves the elements from `first` to before `end` a place up, over that at `end`.
    fileprivate mutating func moveUp(from first: Int, to end: Int) {
        var elements = mutableSpan
        for place in stride(from: end, to: first, by: -1) { elements[place] = elements[place - 1] }
    }
}
