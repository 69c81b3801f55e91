// Why a checkpoint could not be written or is refused. A refusal names the file or the tensor, so that a person knows
// whether a disk, a copy or a job file is to blame. Refuses to decide what follows: the recovery ladder does that.

import Primitives

/// A checkpoint that could not be written, found or trusted.
public enum CheckpointError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The disk refused; nothing of the checkpoint is left behind, and what was there before still is.
    case cannotWrite(DiskError)
    /// The disk refused to give back what it has.
    case cannotRead(DiskError)
    /// There is no complete checkpoint in this folder: it has no manifest.
    case incomplete(folder: String)
    /// The file is not what its manifest says.
    case damagedFile(path: String, reason: String)
    /// The tensor's bytes are not those that were written: the checksums are in hexadecimal.
    case damagedTensor(path: String, tensor: String, expected: String, found: String)
    /// Parts of the checkpoint contradict each other or their place.
    case inconsistent(path: String, reason: String)
    /// It is a good checkpoint of something else than what is asked for.
    case mismatch(path: String, reason: String)
    /// A newer generation has written this step already.
    case fenced(step: Int, writer: Generation, existing: Generation)
    /// This generation has written this step already, with other weights: two replicas disagree.
    case conflict(step: Int, generation: Generation, existing: String, refused: String)

    /// One sentence and, where there is something to do, what.
    public var description: String {
        switch self {
        case .cannotWrite(let error): return "the checkpoint was not written: \(error)"
        case .cannotRead(let error): return "the checkpoint cannot be read: \(error)"
        case .incomplete(let folder): return "\(folder) holds no complete checkpoint: manifest.json is missing"
        case .damagedFile(let path, let reason): return "\(path) is damaged: \(reason)"
        case .damagedTensor(let path, let tensor, let expected, let found):
            return "\(path) is damaged: \(tensor) should have checksum \(expected) and has \(found)"
        case .inconsistent(let path, let reason): return "\(path) is inconsistent: \(reason)"
        case .mismatch(let path, let reason): return "\(path) does not fit: \(reason)"
        case .fenced(let step, let writer, let existing):
            return "generation \(existing) has written step \(step); generation \(writer) may not replace it"
        case .conflict(let step, let generation, let existing, let refused):
            return "step \(step) of generation \(generation) has weights \(existing) on disk; refused \(refused)"
        }
    }

    init(_ error: SafetensorsError) {
        if case .disk(let failure) = error.problem {
            self = .cannotRead(failure)
        } else {
            self = .damagedFile(path: error.path, reason: "it \(error.complaint)")
        }
    }
}
