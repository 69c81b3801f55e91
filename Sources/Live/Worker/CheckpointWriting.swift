// Writes checkpoints beside the training, on a thread of its own: it copies the state while the next step computes, which
// only reads it, and then makes the copy durable. Refuses a second copy: whoever has a state to hand over waits until the
// last one is written, and whoever is about to change the state waits until it is copied.

import Foundation
import Jobs
import Messages
import Primitives
import Training
import Wire

/// The thread that writes checkpoints, with the snapshot it writes from.
final class CheckpointWriting: Sendable {
    private struct Work: Sendable {
        var state: TrainingState
        var progress: CheckpointProgress
    }

    private let store: CheckpointStore
    private let shape: ModelShape
    private let incarnation: Incarnation
    private let replies: Mailbox<WorkerMessage>
    private let afflictions: Afflictions
    private let snapshot: TrainingState
    private let free = DispatchSemaphore(value: 1)
    private let copied = DispatchSemaphore(value: 1)
    private let work = Mailbox<Work>()

    /// A writer into `store`, which tells what came of it through `replies`. Lives as long as the process.
    init(
        store: CheckpointStore, shape: ModelShape, incarnation: Incarnation, replies: Mailbox<WorkerMessage>,
        afflictions: Afflictions
    ) {
        self.store = store
        self.shape = shape
        self.incarnation = incarnation
        self.replies = replies
        self.afflictions = afflictions
        snapshot = TrainingState(shape)
        let thread = Thread { [self] in
            while true {
                work.wakeUp.wait()
                for item in work.takeAll() {
                    snapshot.copy(from: item.state)
                    copied.signal()
                    write(item.progress)
                }
            }
        }
        thread.name = "checkpoints"
        thread.start()
    }

    /// Has `state`, which is that of `progress`, copied and written. Until `waitUntilCopied` returns it may be read and
    /// not changed.
    func save(_ state: TrainingState, _ progress: CheckpointProgress) {
        free.wait()
        copied.wait()
        work.post(Work(state: state, progress: progress))
    }

    /// Returns when the state that was last given to `save` may be changed.
    func waitUntilCopied() {
        copied.wait()
        copied.signal()
    }

    private func write(_ progress: CheckpointProgress) {
        defer { free.signal() }
        let began = monotonicNow()
        do throws(CheckpointError) {
            if afflictions.isDiskFull {
                throw CheckpointError.cannotWrite(DiskError("write", store.folder(step: progress.step), code: ENOSPC))
            }
            let receipt = try store.write(snapshot, shape: shape, progress: progress, incarnation: incarnation)
            replies.post(
                .checkpointWritten(
                    generation: progress.generation, step: progress.step,
                    weightsSHA256: receipt.info.weightsSHA256, size: receipt.info.size, took: monotonicNow() - began))
        } catch {
            replies.post(
                .checkpointFailed(generation: progress.generation, step: progress.step, reason: error.description))
        }
    }
}
