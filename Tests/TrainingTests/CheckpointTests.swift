// What a checkpoint is when nothing goes wrong: the same bits back, in files that others read, listed and removed.

import Foundation
import Jobs
import Primitives
import Testing

@testable import Training

@Suite struct CheckpointTests {
    @Test func `a state comes back with its bits and its position`() throws {
        let folder = TemporaryFolder()
        let store = Sample.store(folder, calls: .system)
        let state = Sample.state(1)
        let receipt = try store.write(
            state, shape: Sample.shape, progress: Sample.progress(200), incarnation: Incarnation(7))
        #expect(!receipt.wasThere)
        #expect(receipt.info.weightsSHA256 == state.weightsSHA256)
        #expect(receipt.info.folder == store.directory + "/step-00000200")
        let files = try names(in: receipt.info.folder)
        #expect(files == ["config.json", "manifest.json", "model.safetensors", "optimizer.safetensors", "state.json"])
        #expect(
            try receipt.info.size.bytes
                == Int64(files.reduce(0) { try $0 + contents(receipt.info.folder + "/" + $1).count }))

        let restored = TrainingState(Sample.shape)
        #expect(try store.load(step: 200, into: restored, shape: Sample.shape) == Sample.progress(200))
        #expect(Sample.same(state, restored))
        #expect(store.list() == [receipt.info])
        #expect(store.damage(step: 200) == nil)

        let checkpoint = try Checkpoint(folder: receipt.info.folder)
        #expect(checkpoint.shape == Sample.shape)
        #expect(checkpoint.progress.nextStep == 201)
        let parameters = FloatBuffer(count: state.layout.count)
        try checkpoint.loadParameters(into: parameters)
        #expect(memcmp(parameters.base, state.parameters.base, 4 * parameters.count) == 0)
    }

    @Test func `equal states make equal files, pinned by a digest`() throws {
        let folder = TemporaryFolder()
        let store = Sample.store(folder)
        let info = try store.write(1, step: 200, generation: 3, incarnation: 7).info
        var digest = SHA256Digest()
        for name in try names(in: info.folder) {
            try contents(info.folder + "/" + name).withUnsafeBytes { digest.update($0) }
        }
        // Another value here means that checkpoints of before cannot be compared with those of today byte for byte.
        #expect(digest.hexadecimal == "03c4453e1537603ff592a604273bfa2806990952db0b3a20081f37da8cbc3318")
        #expect(info.weightsSHA256 == "1c30bc438c6bb6b01c32ef5a2ab6dc2274589edf4e53de0f2769ecb868b2b05a")
    }

    @Test func `the model's tensors have the names of transformers and no second head`() throws {
        let folder = TemporaryFolder()
        let store = Sample.store(folder)
        let path = try store.write(1, step: 1).info.folder
        let model = try SafetensorsReader(path: path + "/model.safetensors").header.tensors
        #expect(model.count == 4 + 12 * Sample.shape.layers)
        #expect(model.contains { $0.name == "transformer.h.1.attn.c_attn.weight" && $0.shape == [8, 24] })
        #expect(!model.contains { $0.name.contains("lm_head") })
        let optimizer = try SafetensorsReader(path: path + "/optimizer.safetensors").header.tensors
        #expect(optimizer.map(\.name) == model.map { "exp_avg." + $0.name } + model.map { "exp_avg_sq." + $0.name })
    }

    @Test func `checkpoints are listed newest first and deleted one by one`() throws {
        let folder = TemporaryFolder()
        let store = Sample.store(folder)
        #expect(store.list().isEmpty)
        #expect(store.newestGood().found == nil)
        for step in [20, 100_000_000, 3] { try store.write(UInt64(step), step: step) }
        #expect(store.list().map(\.step) == [100_000_000, 20, 3])
        try store.delete(step: 20)
        #expect(store.list().map(\.step) == [100_000_000, 3])
        #expect(store.damage(step: 20) == .incomplete(folder: store.folder(step: 20)))
        try store.delete(step: 20)
    }

    @Test func `a checkpoint of another model or run is refused with the difference`() throws {
        let folder = TemporaryFolder()
        let store = Sample.store(folder)
        try store.write(1, step: 1)
        var other = Sample.shape
        other.heads = 4
        func refusal(_ store: CheckpointStore, _ shape: ModelShape) -> CheckpointError? {
            do throws(CheckpointError) {
                _ = try store.load(step: 1, into: TrainingState(shape), shape: shape)
                return nil
            } catch { return error }
        }
        let configuration = store.folder(step: 1) + "/config.json"
        #expect(
            refusal(store, other) == .mismatch(path: configuration, reason: "n_head is 2 and 4 is wanted"))
        let foreign = CheckpointStore(directory: store.directory, run: RunID("other"))
        #expect(
            refusal(foreign, Sample.shape)
                == .mismatch(path: store.folder(step: 1), reason: "it is of run sample-0001, not of other"))
        #expect(foreign.list().isEmpty)
        let digest = try store.open(step: 1).manifest.weightsSHA256
        let state = TrainingState(Sample.shape)
        _ = try store.load(step: 1, digest: digest, into: state, shape: Sample.shape)
        #expect(throws: CheckpointError.self, "another checkpoint has taken the name of the one that was told of") {
            try store.load(step: 1, digest: "0" + digest.dropFirst(), into: state, shape: Sample.shape)
        }
        other = Sample.shape
        other.width = 16
        let checkpoint = try store.open(step: 1)
        let wide = TrainingState(other)
        #expect(throws: CheckpointError.self) { try checkpoint.load(into: wide) }
    }
}
