// The write of a checkpoint and the moment in which it becomes one. rename(2) of a folder succeeds only where no
// complete one stands, so of two writers one is first and the other finds out; only then are generations compared.
// Refuses locks: a frozen writer that held one would stop the run that replaced it.

import Foundation
import Jobs
import Primitives

/// What a successful write says.
public struct CheckpointReceipt: Equatable, Sendable {
    /// The checkpoint that is now there.
    public var info: CheckpointInfo
    /// Whether an equal one was there already and was kept.
    public var wasThere: Bool
}

extension CheckpointStore {
    /// Writes the checkpoint of `progress.step` and returns when it is complete and durable. Meant for a thread beside
    /// training, with a snapshot that nobody changes meanwhile.
    ///
    /// If the step has a good checkpoint already: equal weights are a success and leave it alone, an older generation's
    /// is replaced, a newer one's stays and the error says so. After an error nothing of this write is left behind,
    /// except when the very last call fails, the sync of `directory`: then the checkpoint stands, complete, and only its
    /// name may not survive a power cut.
    /// - Precondition: `state` has the layout of `shape`, and `progress` is of this store's run.
    public func write(
        _ state: TrainingState, shape: ModelShape, progress: CheckpointProgress, incarnation: Incarnation
    ) throws(CheckpointError) -> CheckpointReceipt {
        precondition(progress.run == run, "a checkpoint of \(progress.run) does not belong to \(run)")
        precondition(progress.step >= 0, "step \(progress.step) has no checkpoint")
        precondition(state.layout == ParameterLayout(shape), "the state is not of the given shape")
        let own = folder(step: progress.step) + ".partial-\(progress.generation)-\(incarnation)"
        let outcome: Result<CheckpointReceipt, CheckpointError>
        do throws(DiskError) {
            try DiskFolder.create(directory, calls: calls)
            let manifest = try CheckpointWriter(folder: own, calls: calls)
                .write(state, shape: shape, progress: progress, incarnation: incarnation)
            outcome = try publish(own, manifest)
        } catch {
            // Best effort: what stays behind is invisible, and `removeLeftovers` finds it.
            try? DiskFolder.remove(own)
            throw .cannotWrite(error)
        }
        return try outcome.get()
    }

    /// Gives the complete folder `own` its name, or finds out why not. What had the name before is kept aside until then
    /// and given back if the disk fails; a crash in between costs a checkpoint that was obsolete or damaged, and older
    /// steps are still there.
    private func publish(
        _ own: String, _ manifest: CheckpointManifest
    ) throws(DiskError) -> Result<CheckpointReceipt, CheckpointError> {
        let final = folder(step: manifest.step)
        let aside = own + ".replaced"
        do throws(DiskError) {
            try DiskFolder.remove(aside)
            let outcome = try claim(final, for: own, aside: aside, manifest)
            // Best effort: both are invisible by now.
            try? DiskFolder.remove(own)
            try? DiskFolder.remove(aside)
            return outcome
        } catch {
            giveBack(aside, to: final)
            throw error
        }
    }

    /// Renames `own` to `final` unless what stands there may not be replaced; moves that to `aside` if it may.
    private func claim(
        _ final: String, for own: String, aside: String, _ manifest: CheckpointManifest
    ) throws(DiskError) -> Result<CheckpointReceipt, CheckpointError> {
        while true {
            let code = calls.rename(own, final)
            if code == 0 {
                try DiskFolder.sync(directory, calls: calls)
                let info = CheckpointInfo(manifest, folder: final)
                return .success(CheckpointReceipt(info: info, wasThere: false))
            }
            guard code == ENOTEMPTY || code == EEXIST else { throw DiskError("rename", final, code: code) }
            if let verdict = self.verdict(on: manifest, against: final) { return verdict }

            try DiskFolder.remove(aside)
            let moved = calls.rename(final, aside)
            guard moved == 0 || moved == ENOENT else { throw DiskError("rename", aside, code: moved) }
            // Since the look at it a newer generation may have replaced it: look again, under a name nobody else uses.
            if moved == 0, let verdict = self.verdict(on: manifest, against: aside) {
                giveBack(aside, to: final)
                return verdict
            }
        }
    }

    /// Undoes a move aside, unless another writer has filled the place.
    private func giveBack(_ aside: String, to final: String) {
        let code = calls.rename(aside, final)
        if code == ENOTEMPTY || code == EEXIST { try? DiskFolder.remove(aside) }
    }

    /// What the writer of `manifest` has to do about the folder `found`, which stands or stood in its place: nil says
    /// replace it.
    private func verdict(
        on manifest: CheckpointManifest, against found: String
    ) -> Result<CheckpointReceipt, CheckpointError>? {
        guard let existing = try? CheckpointManifest(folder: found), existing.step == manifest.step else { return nil }
        guard existing.run == run else {
            return .failure(.mismatch(path: found, reason: "it is of run \(existing.run), not of \(run)"))
        }
        // A damaged one may not stand in the way: this is the moment to heal it.
        let isGood = (try? Checkpoint(folder: found).verify()) != nil
        if isGood && existing.weightsSHA256 == manifest.weightsSHA256 {
            let info = CheckpointInfo(existing, folder: folder(step: manifest.step))
            return .success(CheckpointReceipt(info: info, wasThere: true))
        }
        if existing.generation > manifest.generation {
            return .failure(
                .fenced(step: manifest.step, writer: manifest.generation, existing: existing.generation))
        }
        if isGood && existing.generation == manifest.generation {
            return .failure(
                .conflict(
                    step: manifest.step, generation: manifest.generation, existing: existing.weightsSHA256,
                    refused: manifest.weightsSHA256))
        }
        return nil
    }
}
