// One complete checkpoint on disk, opened: its small files are read and held against the manifest at once, its tensors
// when they are asked for. Every byte that is handed out has been checked in the same pass that copied it. Refuses to
// repair and to fall back: `CheckpointStore.newestGood` looks for another.

import Jobs
import Primitives

/// An opened checkpoint.
public struct Checkpoint: Sendable {
    /// Where it lies.
    public let folder: String
    /// What it consists of.
    public let manifest: CheckpointManifest
    /// Where the run stood.
    public let progress: CheckpointProgress
    /// The model's sizes.
    public let shape: ModelShape

    static let modelFile = "model.safetensors"
    static let optimizerFile = "optimizer.safetensors"
    static let fileNames = [
        CheckpointConfiguration.name, modelFile, optimizerFile, CheckpointProgress.name,
    ]

    /// Opens the checkpoint in `folder`: reads manifest, configuration and position, and checks that every file is there
    /// with its size. Tensors are not read yet.
    public init(folder: String) throws(CheckpointError) {
        self.folder = folder
        let manifest = try CheckpointManifest(folder: folder)
        guard manifest.files.map(\.name) == Checkpoint.fileNames else {
            throw .inconsistent(
                path: folder + "/" + CheckpointManifest.name,
                reason: "it lists \(manifest.files.map(\.name)), not \(Checkpoint.fileNames)")
        }
        self.manifest = manifest
        for file in manifest.files { try Checkpoint.checkSize(of: file, in: folder) }
        let configuration = try Checkpoint.contents(of: manifest.files[0], in: folder)
        shape = try CheckpointConfiguration.shape(configuration, path: folder + "/" + CheckpointConfiguration.name)
        // Before anything is made from the sizes: a layout of a trillion tensors would be.
        guard manifest.files[1].bytes / 4 >= shape.parameterCount else {
            throw .inconsistent(
                path: folder + "/" + CheckpointConfiguration.name,
                reason: "its model has \(shape.parameterCount) parameters, more than \(Checkpoint.modelFile) can hold")
        }
        let path = folder + "/" + CheckpointProgress.name
        progress = try CheckpointProgress(Checkpoint.contents(of: manifest.files[3], in: folder), path: path)
        guard progress.run == manifest.run, progress.step == manifest.step, progress.generation == manifest.generation
        else {
            throw .inconsistent(
                path: path,
                reason: "it is of \(progress.run) step \(progress.step), the manifest of \(manifest.run) step "
                    + "\(manifest.step)")
        }
    }

    private static func checkSize(of file: CheckpointManifest.File, in folder: String) throws(CheckpointError) {
        let path = folder + "/" + file.name
        let size: Int
        do throws(DiskError) {
            size = try DiskFile(reading: path).size()
        } catch {
            if DiskFolder.exists(path) { throw .cannotRead(error) }
            throw .damagedFile(path: path, reason: "it is missing")
        }
        guard size == file.bytes else {
            throw .damagedFile(path: path, reason: "it has \(size) bytes instead of \(file.bytes)")
        }
    }

    /// All bytes of a small file, checked.
    private static func contents(
        of file: CheckpointManifest.File, in folder: String
    ) throws(CheckpointError) -> [UInt8] {
        let path = folder + "/" + file.name
        let bytes: [UInt8]
        do throws(DiskError) { bytes = try DiskFile.contents(of: path) } catch { throw .cannotRead(error) }
        let found = CRC32C(of: bytes).hexadecimal
        guard found == file.crc32c else {
            throw .damagedFile(path: path, reason: "it should have checksum \(file.crc32c) and has \(found)")
        }
        return bytes
    }

    /// Reads every byte and holds it against the manifest.
    public func verify() throws(CheckpointError) {
        try readModel(into: nil)
        try readOptimizer(mean: nil, square: nil)
    }

    /// Fills `state`, checking every byte on the way.
    ///
    /// After an error `state` holds a mixture: load another checkpoint over it or drop it.
    public func load(into state: TrainingState) throws(CheckpointError) {
        try check(state.layout)
        try readModel(into: state.parameters)
        try readOptimizer(mean: state.mean, square: state.square)
    }

    /// Fills `parameters` alone, in layout order: what sampling needs.
    ///
    /// After an error `parameters` holds a mixture.
    /// - Precondition: `parameters` holds as many floats as the layout of `shape`.
    public func loadParameters(into parameters: FloatBuffer) throws(CheckpointError) {
        precondition(parameters.count == shape.parameterCount, "the buffer does not fit the model")
        try readModel(into: parameters)
    }

    /// Refuses a state whose model is not this checkpoint's.
    private func check(_ wanted: ParameterLayout) throws(CheckpointError) {
        let own = ParameterLayout(shape)
        guard own != wanted else { return }
        let difference = zip(own.tensors, wanted.tensors).first { $0 != $1 }
        let reason =
            difference.map { "\($0.name) is \($0.shape) here, \($1.name) \($1.shape) is wanted" }
            ?? "it has \(own.tensors.count) tensors, the model \(wanted.tensors.count)"
        throw .mismatch(path: folder + "/" + CheckpointConfiguration.name, reason: reason)
    }

    private func readModel(into parameters: FloatBuffer?) throws(CheckpointError) {
        let tensors = ParameterLayout(shape).tensors
        var digest = SHA256Digest()
        try read(
            Checkpoint.modelFile, expected: tensors.map { ($0.name, $0.shape) },
            targets: tensors.map { tensor in parameters.map { $0.base + tensor.offset } },
            visit: { digest.update($0) })
        let found = digest.hexadecimal
        guard found == manifest.weightsSHA256 else {
            throw .inconsistent(
                path: folder + "/" + Checkpoint.modelFile,
                reason: "its weights have SHA-256 \(found), the manifest says \(manifest.weightsSHA256)")
        }
    }

    private func readOptimizer(mean: FloatBuffer?, square: FloatBuffer?) throws(CheckpointError) {
        let tensors = ParameterLayout(shape).tensors
        let named = Checkpoint.optimizerNames(tensors)
        let targets = [mean, square].flatMap { buffer in
            tensors.map { tensor in buffer.map { $0.base + tensor.offset } }
        }
        try read(Checkpoint.optimizerFile, expected: named, targets: targets, visit: { _ in })
    }

    /// The optimizer's tensors in the order of their file, under PyTorch's names for AdamW's state.
    static func optimizerNames(_ tensors: [ParameterTensor]) -> [(name: String, shape: [Int])] {
        ["exp_avg", "exp_avg_sq"].flatMap { kind in tensors.map { ("\(kind).\($0.name)", $0.shape) } }
    }

    /// Copies the tensors of a file to their targets, or only checks them where the target is nil. The whole file's
    /// checksum is put together from the tensors', which leaves the header as the only place where damage can hide.
    private func read(
        _ name: String, expected: [(name: String, shape: [Int])], targets: [UnsafeMutablePointer<Float>?],
        visit: (UnsafeRawBufferPointer) -> Void
    ) throws(CheckpointError) {
        let path = folder + "/" + name
        let listed = manifest.tensors.filter { $0.file == name }
        guard listed.map(\.name) == expected.map(\.name), listed.map(\.shape) == expected.map(\.shape) else {
            throw .inconsistent(
                path: folder + "/" + CheckpointManifest.name, reason: "its tensors of \(name) are not config.json's")
        }
        let file = try Checkpoint.open(path)
        let tensors = file.header.tensors
        guard tensors.map(\.name) == expected.map(\.name), tensors.map(\.shape) == expected.map(\.shape) else {
            throw .damagedFile(path: path, reason: "its header lists other tensors than the manifest")
        }
        var whole = file.headerChecksum
        for (index, tensor) in tensors.enumerated() {
            let found: CRC32C
            do throws(SafetensorsError) {
                found = try file.read(tensor, into: targets[index], visit: visit)
            } catch { throw CheckpointError(error) }
            guard found.hexadecimal == listed[index].crc32c else {
                throw .damagedTensor(
                    path: path, tensor: tensor.name, expected: listed[index].crc32c, found: found.hexadecimal)
            }
            whole.append(found, length: tensor.range.count)
        }
        guard manifest.files.contains(where: { $0.name == name && $0.crc32c == whole.hexadecimal }) else {
            throw .damagedFile(path: path, reason: "its header does not have the checksum that the manifest implies")
        }
    }

    private static func open(_ path: String) throws(CheckpointError) -> SafetensorsReader {
        do throws(SafetensorsError) { return try SafetensorsReader(path: path) } catch { throw CheckpointError(error) }
    }
}
