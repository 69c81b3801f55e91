// The folder of checkpoints as a disk keeps it: what has a name, what of it is synced, what is damaged. A checkpoint is
// one state; being torn or flipped is a mark on it that only a reader who verifies can see. Refuses to be written by
// the coordinator: it can only delete.

import Primitives

/// Checkpoints on a simulated disk.
struct SimulatedDisk {
    /// What a reader finds.
    enum Reading: Equatable {
        /// A whole checkpoint, or one that looks like one to a reader who does not verify.
        case state(UInt64)
        /// No checkpoint, or one that is not what was written.
        case damaged(reason: String)
    }

    /// What is wrong with a checkpoint.
    enum Damage: Equatable { case none, torn, flipped }

    /// A checkpoint that has its name.
    struct Entry: Equatable {
        var step: Int
        var state: UInt64
        /// Whose writer gave it its name last.
        var generation: Generation
        /// It survives a loss of power.
        var isSynced: Bool
        var damage: Damage
        /// It had its name, but was not synced, when the power was lost.
        var lostPower = false
    }

    /// Oldest step first.
    private(set) var entries: [Entry] = []

    subscript(step: Int) -> Entry? { entries.first { $0.step == step } }

    /// Gives a checkpoint its name. An equal, undamaged one stays; any other is replaced.
    mutating func publish(_ step: Int, _ state: UInt64, of generation: Generation, damage: Damage = .none) {
        if let known = entries.firstIndex(where: { $0.step == step }) {
            if entries[known].state == state, entries[known].damage == .none {
                entries[known].generation = generation
                return
            }
            entries.remove(at: known)
        }
        let place = entries.firstIndex { $0.step > step } ?? entries.endIndex
        entries.insert(
            Entry(step: step, state: state, generation: generation, isSynced: false, damage: damage), at: place)
    }

    /// The checkpoint of `step`, if it still has its name, survives a loss of power from now on.
    mutating func sync(_ step: Int) {
        if let known = entries.firstIndex(where: { $0.step == step }) { entries[known].isSynced = true }
    }

    mutating func delete(_ step: Int) { entries.removeAll { $0.step == step } }

    /// What a reader of `step` gets.
    func read(_ step: Int, verifying: Bool) -> Reading {
        guard let entry = self[step] else { return .damaged(reason: "there is no checkpoint of step \(step)") }
        switch entry.damage {
        case .none: return .state(entry.state)
        case .torn where verifying: return .damaged(reason: "a file is shorter than its manifest says")
        case .flipped where verifying: return .damaged(reason: "a checksum differs")
        case .torn, .flipped: return .state(entry.state ^ 1)
        }
    }

    /// The power is lost: of what is not synced some is gone and some is torn. `dice` has a bit for each.
    mutating func losePower(_ dice: UInt64) {
        var dice = dice
        var left: [Entry] = []
        for var entry in entries {
            if !entry.isSynced {
                dice = dice >> 1 | dice << 63
                if dice & 1 == 1 { continue }
                (entry.damage, entry.lostPower) = (.torn, true)
            }
            left.append(entry)
        }
        entries = left
    }

    /// Flips a bit of one checkpoint; returns its step, or nil when there is none.
    mutating func flip(_ target: UInt64) -> Int? {
        guard !entries.isEmpty else { return nil }
        let index = Int(target % UInt64(entries.count))
        guard entries[index].damage == .none else { return nil }
        entries[index].damage = .flipped
        return entries[index].step
    }
}
