// Every way in which a complete checkpoint can rot: a flipped bit, a lost end, a lost or exchanged file. Each must be
// refused before a step is computed from it, and the refusal must say where.

import Foundation
import Primitives
import Testing

@testable import Training

@Suite struct CheckpointDamageTests {
    @Test(arguments: [
        "config.json", "manifest.json", "model.safetensors", "optimizer.safetensors", "state.json",
    ])
    func `any flipped bit is refused by name`(name: String) throws {
        let folder = TemporaryFolder()
        let store = Sample.store(folder)
        let path = try store.write(1, step: 7).info.folder + "/" + name
        let good = try contents(path)
        var random = RandomStream(seed: 4, named: "tests/checkpoint/flip/\(name)")
        let edges = [0, 1, 7, 8, 9, good.count / 2, good.count - 2, good.count - 1]
        let positions = edges + (0..<200).map { _ in random.integer(below: good.count) }
        for position in positions {
            var bad = good
            bad[position] ^= 1 << UInt8(random.integer(below: 8))
            try put(bad, at: path)
            guard let error = store.damage(step: 7) else {
                Issue.record("\(name) with a flipped bit in byte \(position) was accepted")
                continue
            }
            #expect(error.description.contains(name), "\(error)")
        }
        try put(good, at: path)
        #expect(store.damage(step: 7) == nil)
    }

    @Test func `a flipped bit of a weight names its tensor and spoils no other`() throws {
        let folder = TemporaryFolder()
        let store = Sample.store(folder)
        let path = try store.write(1, step: 7).info.folder + "/model.safetensors"
        let good = try contents(path)
        let tensors = try SafetensorsReader(path: path).header.tensors
        let dataStart = good.count - tensors[tensors.count - 1].range.upperBound
        for tensor in tensors {
            var bad = good
            bad[dataStart + tensor.range.lowerBound] ^= 0x10
            try put(bad, at: path)
            guard case .damagedTensor(path, tensor.name, let expected, let found) = store.damage(step: 7) else {
                Issue.record("\(tensor.name) was not named: \(String(describing: store.damage(step: 7)))")
                continue
            }
            #expect(expected != found)
            let state = TrainingState(Sample.shape)
            #expect(throws: CheckpointError.self) { try store.load(step: 7, into: state, shape: Sample.shape) }
        }
    }

    @Test(arguments: [
        "config.json", "manifest.json", "model.safetensors", "optimizer.safetensors", "state.json",
    ])
    func `a file that is cut off, longer or missing is refused by name`(name: String) throws {
        let folder = TemporaryFolder()
        let store = Sample.store(folder)
        let path = try store.write(1, step: 7).info.folder + "/" + name
        let good = try contents(path)
        for bad in [[], Array(good.dropLast()), Array(good[..<(good.count / 2)]), good + [10]] {
            try put(bad, at: path)
            #expect(store.damage(step: 7)?.description.contains(name) == true)
        }
        try FileManager.default.removeItem(atPath: path)
        #expect(store.damage(step: 7)?.description.contains(name) == true)
        #expect(store.list().isEmpty == (name == "manifest.json"))
    }

    @Test func `files of two steps do not mix`() throws {
        let folder = TemporaryFolder()
        let store = Sample.store(folder)
        let old = try store.write(1, step: 100).info.folder
        let new = try store.write(2, step: 200).info.folder
        for name in ["model.safetensors", "optimizer.safetensors", "state.json"] {
            let good = try contents(new + "/" + name)
            try put(contents(old + "/" + name), at: new + "/" + name)
            #expect(store.damage(step: 200)?.description.contains(name) == true)
            try put(good, at: new + "/" + name)
        }
        #expect(store.damage(step: 200) == nil)
    }

    @Test func `a checkpoint under another step's name is refused`() throws {
        let folder = TemporaryFolder()
        let store = Sample.store(folder)
        try store.write(1, step: 100)
        try FileManager.default.moveItem(atPath: store.folder(step: 100), toPath: store.folder(step: 200))
        #expect(
            store.damage(step: 200)
                == .inconsistent(
                    path: store.folder(step: 200) + "/manifest.json",
                    reason: "it is of step 100, its folder of step 200"))
        #expect(store.list().isEmpty)
    }

    @Test func `the newest good one is found below the damaged ones`() throws {
        let folder = TemporaryFolder()
        let store = Sample.store(folder)
        for step in [1, 2, 3, 4] { try store.write(UInt64(step), step: step) }
        let four = store.folder(step: 4) + "/optimizer.safetensors"
        var bytes = try contents(four)
        bytes[bytes.count - 3] ^= 1
        try put(bytes, at: four)
        try FileManager.default.removeItem(atPath: store.folder(step: 3) + "/manifest.json")
        let (found, refused) = store.newestGood()
        #expect(found?.step == 2)
        #expect(refused.count == 2)
        guard case .damagedTensor(four, "exp_avg_sq.transformer.ln_f.bias", _, _) = refused[0] else {
            Issue.record("\(refused[0])")
            return
        }
        #expect(refused[1] == .incomplete(folder: store.folder(step: 3)))
    }
}
