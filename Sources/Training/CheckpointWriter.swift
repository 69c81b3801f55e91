// Writes the files of one checkpoint into a folder that nobody takes for a checkpoint: first the tensors in one pass,
// then what describes them, the manifest last. Apart from CheckpointStore because this half is slow and runs beside
// training, while making the result visible is quick and must be fenced. Refuses to decide whether it may be seen.

import Jobs
import Primitives

/// The files of one checkpoint, on their way to the disk.
struct CheckpointWriter {
    /// The folder to fill.
    let folder: String
    let calls: DiskCalls

    /// Fills the folder from `state` and returns the manifest when every file is on the disk.
    func write(
        _ state: TrainingState, shape: ModelShape, progress: CheckpointProgress, incarnation: Incarnation
    ) throws(DiskError) -> CheckpointManifest {
        try DiskFolder.remove(folder)
        try DiskFolder.create(folder, calls: calls)
        let tensors = state.layout.tensors
        let configuration = try writeSmall(CheckpointConfiguration.name, CheckpointConfiguration.encoded(shape))
        var digest = SHA256Digest()
        let model = try SafetensorsFile.write(
            tensors.map {
                SafetensorsPart(name: $0.name, shape: $0.shape, buffer: state.parameters, offset: $0.offset)
            }, to: folder + "/" + Checkpoint.modelFile, calls: calls, visit: { digest.update($0) })
        let names = Checkpoint.optimizerNames(tensors)
        let optimizer = try SafetensorsFile.write(
            names.indices.map { index in
                SafetensorsPart(
                    name: names[index].name, shape: names[index].shape,
                    buffer: index < tensors.count ? state.mean : state.square,
                    offset: tensors[index % tensors.count].offset)
            }, to: folder + "/" + Checkpoint.optimizerFile, calls: calls, visit: { _ in })
        let position = try writeSmall(CheckpointProgress.name, progress.encoded)
        let manifest = CheckpointManifest(
            run: progress.run, generation: progress.generation, incarnation: incarnation, step: progress.step,
            weightsSHA256: digest.hexadecimal,
            files: [
                configuration, file(Checkpoint.modelFile, model), file(Checkpoint.optimizerFile, optimizer), position,
            ],
            tensors: list(Checkpoint.modelFile, tensors.map { ($0.name, $0.shape) }, model)
                + list(Checkpoint.optimizerFile, names, optimizer))
        _ = try writeSmall(CheckpointManifest.name, manifest.encoded)
        try DiskFolder.sync(folder, calls: calls)
        return manifest
    }

    private func writeSmall(_ name: String, _ bytes: [UInt8]) throws(DiskError) -> CheckpointManifest.File {
        let file = try DiskFile(creating: folder + "/" + name, calls: calls)
        try file.writeAll(bytes)
        try file.sync()
        return CheckpointManifest.File(name: name, bytes: bytes.count, crc32c: CRC32C(of: bytes).hexadecimal)
    }

    private func file(_ name: String, _ receipt: SafetensorsReceipt) -> CheckpointManifest.File {
        CheckpointManifest.File(name: name, bytes: receipt.size, crc32c: receipt.checksum.hexadecimal)
    }

    private func list(
        _ file: String, _ tensors: [(name: String, shape: [Int])], _ receipt: SafetensorsReceipt
    ) -> [CheckpointManifest.Tensor] {
        zip(tensors, receipt.tensors).map { tensor, checksum in
            CheckpointManifest.Tensor(
                file: file, name: tensor.name, shape: tensor.shape, crc32c: checksum.hexadecimal)
        }
    }
}
