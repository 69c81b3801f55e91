// Inflicts a job's drills, each once in a run's life: what the journal says was inflicted before a resumption is not
// inflicted again. It stands beside the control plane, which must not see what is coming. Refuses randomness.

import Journaling
import Jobs

/// The faults that are still to come.
struct Injector {
    private let injections: [Injection]
    private var pending: [Int]

    /// The injector of a job's `injections`, of which `records` may tell some.
    init(_ injections: [Injection], after records: [Record]) {
        self.injections = injections
        let inflicted = records.compactMap { record in
            if case .faultInjected(_, let index, _, _, _) = record.event { index } else { nil }
        }
        pending = injections.indices.filter { !inflicted.contains($0) }
    }

    /// The faults that strike right after the commit of `step`; each is told once.
    mutating func due(after step: Int) -> [(index: Int, injection: Injection)] {
        let due = pending.filter { injections[$0].step == step }
        pending.removeAll { due.contains($0) }
        return due.map { ($0, injections[$0]) }
    }
}
