// The checkpoints of one run: a folder a step, `step-00000200`, each complete or invisible. A writer fills a folder under
// a name of its own and renames it when the manifest is on the disk; two writers never share a name, and whoever carries
// an older generation finds the step taken (fencing). Refuses to decide when to write, what to keep and which one to
// restore: the control plane does.

import Foundation
import Jobs
import Primitives

/// What is known of a complete checkpoint without reading its tensors.
public struct CheckpointInfo: Equatable, Sendable {
    /// Committed steps in the state.
    public var step: Int
    /// The gang that wrote it.
    public var generation: Generation
    /// The process that wrote it.
    public var incarnation: Incarnation
    /// Names its weights: SHA-256 of the parameters in layout order, hexadecimal.
    public var weightsSHA256: String
    /// The bytes of all its files.
    public var size: ByteCount
    /// Where it lies.
    public var folder: String

    init(_ manifest: CheckpointManifest, folder: String) {
        step = manifest.step
        generation = manifest.generation
        incarnation = manifest.incarnation
        weightsSHA256 = manifest.weightsSHA256
        size = manifest.size
        self.folder = folder
    }
}

/// The folder that holds a run's checkpoints. Any number of processes may use one at a time.
public struct CheckpointStore: Sendable {
    /// The folder; made by the first write.
    public let directory: String
    /// The run whose checkpoints these are.
    public let run: RunID
    let calls: DiskCalls

    /// The checkpoints of `run` in `directory`, a run's `checkpoints` folder.
    public init(directory: String, run: RunID) { self.init(directory: directory, run: run, calls: .system) }

    init(directory: String, run: RunID, calls: DiskCalls) {
        self.directory = directory
        self.run = run
        self.calls = calls
    }

    /// Where the checkpoint of `step` lies once it is complete.
    public func folder(step: Int) -> String { directory + "/" + CheckpointStore.name(step: step) }

    static func name(step: Int) -> String {
        let digits = String(step)
        return "step-" + String(repeating: "0", count: max(0, 8 - digits.utf8.count)) + digits
    }

    /// The step of a complete checkpoint's folder; nil for any other name.
    static func step(ofFolder name: String) -> Int? {
        guard name.hasPrefix("step-"), let step = Int(name.dropFirst(5)), self.name(step: step) == name else {
            return nil
        }
        return step
    }

    /// Opens the checkpoint of `step`: small files are checked, tensors not yet read.
    public func open(step: Int) throws(CheckpointError) -> Checkpoint {
        let checkpoint = try Checkpoint(folder: folder(step: step))
        guard checkpoint.manifest.step == step else {
            throw .inconsistent(
                path: checkpoint.folder + "/" + CheckpointManifest.name,
                reason: "it is of step \(checkpoint.manifest.step), its folder of step \(step)")
        }
        guard checkpoint.manifest.run == run else {
            throw .mismatch(
                path: checkpoint.folder, reason: "it is of run \(checkpoint.manifest.run), not of \(run)")
        }
        return checkpoint
    }

    /// Reads every byte of the checkpoint of `step` and holds it against the manifest; the error names the file or
    /// tensor that is damaged.
    public func verify(step: Int) throws(CheckpointError) { try open(step: step).verify() }

    /// Fills `state` from the checkpoint of `step`, checking every byte in the pass that copies it.
    ///
    /// After an error `state` holds a mixture: load another checkpoint over it or drop it.
    /// - Parameters:
    ///   - digest: the SHA-256 of the weights that are meant, where it is known: another checkpoint may have taken the name.
    ///   - shape: the model of the run. Equal layouts are not enough: the number of heads is in no tensor.
    /// - Returns: where the run stood.
    public func load(
        step: Int, digest: String? = nil, into state: TrainingState, shape: ModelShape
    ) throws(CheckpointError) -> CheckpointProgress {
        let checkpoint = try open(step: step)
        if let digest, digest != checkpoint.manifest.weightsSHA256 {
            throw .mismatch(
                path: checkpoint.folder,
                reason:
                    "its weights have SHA-256 \(checkpoint.manifest.weightsSHA256), and \(digest) was recorded when it was "
                    + "written")
        }
        guard checkpoint.shape == shape else {
            throw .mismatch(
                path: checkpoint.folder + "/" + CheckpointConfiguration.name,
                reason: CheckpointConfiguration.difference(checkpoint.shape, wanted: shape))
        }
        try checkpoint.load(into: state)
        return checkpoint.progress
    }

    /// The complete checkpoints of the run whose manifests can be read, newest first. Tensors are not read.
    public func list() -> [CheckpointInfo] {
        steps().compactMap { step in
            guard let manifest = try? CheckpointManifest(folder: folder(step: step)), manifest.step == step,
                manifest.run == run
            else { return nil }
            return CheckpointInfo(manifest, folder: folder(step: step))
        }
    }

    /// The newest checkpoint of which every byte is good, and why each newer one was refused. Reads until it finds one.
    public func newestGood() -> (found: CheckpointInfo?, refused: [CheckpointError]) {
        var refused: [CheckpointError] = []
        for step in steps() {
            do throws(CheckpointError) {
                let checkpoint = try open(step: step)
                try checkpoint.verify()
                return (CheckpointInfo(checkpoint.manifest, folder: checkpoint.folder), refused)
            } catch {
                refused.append(error)
            }
        }
        return (nil, refused)
    }

    /// The steps that have a folder, newest first; complete or not.
    private func steps() -> [Int] {
        let names = (try? DiskFolder.names(in: directory)) ?? []
        return names.compactMap { CheckpointStore.step(ofFolder: $0) }.sorted(by: >)
    }

    /// Removes the checkpoint of `step`, if there is one: the manifest first, so that no half of it is ever taken for
    /// whole.
    public func delete(step: Int) throws(CheckpointError) {
        do throws(DiskError) {
            try DiskFolder.remove(folder(step: step), first: CheckpointManifest.name)
        } catch { throw .cannotWrite(error) }
    }

    /// Removes what writers that died have left behind: folders under a writer's own name, and folders without a
    /// manifest. A writer that still lives gets a `cannotWrite`.
    /// - Returns: the names of what was removed, in order.
    @discardableResult
    public func removeLeftovers() throws(CheckpointError) -> [String] {
        let names = (try? DiskFolder.names(in: directory)) ?? []
        var removed: [String] = []
        for name in names where name.hasPrefix("step-") {
            let path = directory + "/" + name
            let isLeftover =
                name.contains(".")
                || CheckpointStore.step(ofFolder: name) != nil
                    && !DiskFolder.exists(path + "/" + CheckpointManifest.name)
            guard isLeftover else { continue }
            do throws(DiskError) { try DiskFolder.remove(path) } catch { throw .cannotWrite(error) }
            removed.append(name)
        }
        return removed
    }
}
