// Free GPUs over the time to come, as a step function: where reservations are found and kept. Counts only; whether the
// GPUs then lie well is known when the instant has come. Refuses to look back.

import Primitives

/// How many GPUs will be free when.
struct FreeProfile: Equatable, Sendable {
    private struct Step: Equatable {
        var at: Int64
        var free: Int
    }

    /// Ascending; each holds until the next begins, the last for ever.
    private var steps: [Step]

    /// `free` GPUs from `now` on.
    init(free: Int, from now: Instant) { steps = [Step(at: now.nanoseconds, free: free)] }

    /// Forgets what is before `now`.
    mutating func advance(to now: Instant) {
        guard let current = steps.lastIndex(where: { $0.at <= now.nanoseconds }), current > 0 else { return }
        steps.removeFirst(current)
    }

    /// The earliest instant from `now` on at which `gpus` are free for `span`.
    /// - Precondition: that many are free at the end of time.
    func earliest(gpus: Int, for span: TimeSpan, from now: Instant) -> Instant {
        var start = now.nanoseconds
        var isFree = true
        for (index, step) in steps.enumerated() {
            let end = index + 1 < steps.count ? steps[index + 1].at : Int64.max
            if end <= now.nanoseconds { continue }
            if step.free < gpus {
                isFree = false
                continue
            }
            if !isFree {
                start = max(step.at, now.nanoseconds)
                isFree = true
            }
            if end - start >= span.nanoseconds || end == .max { return Instant(nanoseconds: start) }
        }
        preconditionFailure("\(gpus) GPUs are never free")
    }

    /// Adds `gpus` (negative takes them) from `start` to `start + span`.
    mutating func add(_ gpus: Int, from start: Instant, for span: TimeSpan) {
        guard span > .zero else { return }
        let first = cut(at: start.nanoseconds)
        let last = cut(at: (start + span).nanoseconds)
        for index in first..<last { steps[index].free += gpus }
    }

    /// Adds `gpus` from `start` on, for ever.
    mutating func add(_ gpus: Int, from start: Instant) {
        for index in cut(at: start.nanoseconds)..<steps.count { steps[index].free += gpus }
    }

    /// The index of the step that begins at `at`, made if there is none.
    private mutating func cut(at: Int64) -> Int {
        var (low, high) = (0, steps.count)
        while low < high {
            let middle = (low + high) / 2
            if steps[middle].at < at { low = middle + 1 } else { high = middle }
        }
        if low < steps.count, steps[low].at == at { return low }
        precondition(low > 0, "a reservation begins before its profile")
        steps.insert(Step(at: at, free: steps[low - 1].free), at: low)
        return low
    }
}
