// Who may write a step, and what a write that fails half-way leaves: nothing of itself, everything of before.

import Foundation
import Primitives
import Synchronization
import Testing

@testable import Training

@Suite struct CheckpointPublishingTests {
    @Test func `an equal checkpoint of the same step is kept`() throws {
        let folder = TemporaryFolder()
        let store = Sample.store(folder)
        let first = try store.write(1, step: 5, generation: 2, incarnation: 1)
        for generation in [1, 2, 3] {
            let again = try store.write(1, step: 5, generation: generation, incarnation: 9)
            #expect(again.wasThere)
            #expect(again.info == first.info)
        }
        #expect(try names(in: store.directory) == ["step-00000005"])
    }

    @Test func `an older generation is fenced and a newer one replaces`() throws {
        let folder = TemporaryFolder()
        let store = Sample.store(folder)
        try store.write(1, step: 5, generation: 2)
        #expect(throws: CheckpointError.fenced(step: 5, writer: Generation(1), existing: Generation(2))) {
            try store.write(2, step: 5, generation: 1)
        }
        #expect(store.list().first?.weightsSHA256 == Sample.state(1).weightsSHA256)
        let newer = try store.write(3, step: 5, generation: 3)
        #expect(!newer.wasThere)
        #expect(store.list() == [newer.info])
        #expect(store.damage(step: 5) == nil)
        #expect(try names(in: store.directory) == ["step-00000005"])
    }

    @Test func `two states of one step in one generation are a conflict`() throws {
        let folder = TemporaryFolder()
        let store = Sample.store(folder)
        let first = try store.write(1, step: 5)
        #expect(
            throws: CheckpointError.conflict(
                step: 5, generation: Generation(1), existing: first.info.weightsSHA256,
                refused: Sample.state(2).weightsSHA256)
        ) { try store.write(2, step: 5, incarnation: 2) }
        #expect(store.list() == [first.info])
    }

    @Test func `a damaged checkpoint is healed by writing it again`() throws {
        let folder = TemporaryFolder()
        let store = Sample.store(folder)
        let path = try store.write(1, step: 5).info.folder
        for name in ["model.safetensors", "manifest.json"] {
            var bytes = try contents(path + "/" + name)
            bytes[bytes.count / 2] ^= 4
            try put(bytes, at: path + "/" + name)
            #expect(store.damage(step: 5) != nil)
            #expect(try !store.write(1, step: 5).wasThere)
            #expect(store.damage(step: 5) == nil)
        }
    }

    @Test func `another run's checkpoint is not replaced`() throws {
        let folder = TemporaryFolder()
        let store = Sample.store(folder)
        try store.write(1, step: 5)
        let foreign = CheckpointStore(directory: store.directory, run: RunID("other"))
        var progress = Sample.progress(5, generation: 9)
        progress.run = RunID("other")
        let wanted = progress
        #expect(throws: CheckpointError.self) {
            try foreign.write(
                Sample.state(2), shape: Sample.shape, progress: wanted, incarnation: Incarnation(1))
        }
        #expect(store.damage(step: 5) == nil)
    }

    @Test func `what a dead writer left is invisible and can be removed`() throws {
        let folder = TemporaryFolder()
        let store = Sample.store(folder)
        let info = try store.write(1, step: 5).info
        let partial = store.directory + "/step-00000009.partial-3-4"
        try FileManager.default.copyItem(atPath: info.folder, toPath: partial)
        let unsealed = store.folder(step: 8)
        try FileManager.default.copyItem(atPath: info.folder, toPath: unsealed)
        try FileManager.default.removeItem(atPath: unsealed + "/manifest.json")
        #expect(store.list() == [info])
        #expect(store.newestGood().found == info)
        #expect(try store.removeLeftovers() == ["step-00000008", "step-00000009.partial-3-4"])
        #expect(try names(in: store.directory) == ["step-00000005"])
        #expect(store.damage(step: 5) == nil)
    }

    /// A disk that holds `capacity` bytes, then says ENOSPC.
    private func disk(holding capacity: Int) -> DiskCalls {
        let room = Mutex(capacity)
        var calls = DiskCalls.unsynced
        calls.write = { descriptor, bytes in
            let count = room.withLock { min($0, bytes.count) }
            guard count > 0 else { return -Int(ENOSPC) }
            let written = DiskCalls.system.write(descriptor, UnsafeRawBufferPointer(rebasing: bytes[..<count]))
            room.withLock { $0 -= max(written, 0) }
            return written
        }
        return calls
    }

    @Test func `a disk that is full at any byte leaves the old checkpoints and nothing else`() throws {
        let folder = TemporaryFolder()
        let store = Sample.store(folder)
        let old = try store.write(1, step: 1).info
        let size = Int(try store.write(2, step: 2).info.size.bytes)
        try store.delete(step: 2)
        for capacity in stride(from: 0, to: size, by: 997) {
            do throws(CheckpointError) {
                try Sample.store(folder, calls: disk(holding: capacity)).write(2, step: 2)
                Issue.record("\(capacity) of \(size) bytes sufficed")
            } catch {
                guard case .cannotWrite(let failure) = error else {
                    Issue.record("\(error)")
                    continue
                }
                #expect(failure.code == ENOSPC)
                #expect(error.description.contains("No space left on device"))
                #expect(error.description.contains("step-00000002.partial-1-1"))
            }
            #expect(try names(in: store.directory) == ["step-00000001"])
        }
        #expect(store.newestGood().found == old)
        try Sample.store(folder, calls: disk(holding: size)).write(2, step: 2)
        #expect(store.newestGood().found?.step == 2)
    }

    /// Calls of which the one numbered `bad`, and all after it, fail with EIO: a disk that dies, or a process that does.
    private func disk(dyingAt bad: Int) -> DiskCalls {
        let count = Mutex(0)
        let isDead: @Sendable () -> Bool = {
            count.withLock { count in
                defer { count += 1 }
                return count >= bad
            }
        }
        return DiskCalls(
            write: { isDead() ? -Int(EIO) : DiskCalls.system.write($0, $1) },
            sync: { isDead() ? EIO : DiskCalls.unsynced.sync($0) },
            rename: { isDead() ? EIO : DiskCalls.system.rename($0, $1) })
    }

    @Test func `a disk that dies at any call leaves a good checkpoint of the step before`() throws {
        let folder = TemporaryFolder()
        let store = Sample.store(folder)
        try store.write(1, step: 1)
        var bad = 0
        while true {
            do throws(CheckpointError) {
                try Sample.store(folder, calls: disk(dyingAt: bad)).write(2, step: 2)
                break
            } catch {
                #expect(error.description.contains("Input/output error"), "call \(bad)")
                // The last call syncs the parent's folder: there the new one stands already, whole.
                #expect(store.list().allSatisfy { store.damage(step: $0.step) == nil }, "call \(bad)")
                #expect(store.newestGood().refused.isEmpty, "call \(bad)")
                #expect(try names(in: store.directory).allSatisfy { !$0.contains(".") }, "call \(bad)")
            }
            try store.delete(step: 2)
            bad += 1
        }
        #expect(bad > 60)
        #expect(store.newestGood().found?.step == 2)
    }

    @Test func `replacing a checkpoint on a dying disk never leaves a damaged one in its place`() throws {
        let folder = TemporaryFolder()
        let store = Sample.store(folder)
        try store.write(1, step: 1)
        var bad = 0
        while true {
            try store.delete(step: 2)
            try store.write(2, step: 2, generation: 1)
            do throws(CheckpointError) {
                try Sample.store(folder, calls: disk(dyingAt: bad)).write(3, step: 2, generation: 2)
                break
            } catch {
                #expect(store.newestGood().refused.isEmpty, "call \(bad)")
                #expect((store.newestGood().found?.step ?? 0) >= 1, "call \(bad)")
                try store.removeLeftovers()
            }
            bad += 1
        }
        #expect(store.newestGood().found?.generation == Generation(2))
    }

    @Test func `a rename that fails gives the replaced checkpoint back`() throws {
        let folder = TemporaryFolder()
        let old = try Sample.store(folder).write(1, step: 5, generation: 1).info
        let renames = Mutex(0)
        var calls = DiskCalls.unsynced
        // The first finds the name taken, the second sets the old one aside, the third fails, the fourth gives back.
        calls.rename = { from, to in
            let number = renames.withLock { count in
                count += 1
                return count
            }
            return number == 3 ? EIO : DiskCalls.system.rename(from, to)
        }
        let store = Sample.store(folder, calls: calls)
        #expect(throws: CheckpointError.cannotWrite(DiskError("rename", old.folder, code: EIO))) {
            try store.write(2, step: 5, generation: 2)
        }
        #expect(renames.withLock { $0 } == 4)
        #expect(store.newestGood().found == old)
        #expect(try names(in: store.directory) == ["step-00000005"])
    }

    @Test func `a newer generation that comes between look and rename is not replaced`() throws {
        let folder = TemporaryFolder()
        let quick = Sample.store(folder)
        try quick.write(1, step: 5, generation: 1)
        let renames = Mutex(0)
        var calls = DiskCalls.unsynced
        // Generation 2 has looked at generation 1 and is about to set it aside when generation 3 finishes.
        calls.rename = { from, to in
            let number = renames.withLock { count in
                count += 1
                return count
            }
            if number == 2 { _ = try? quick.write(3, step: 5, generation: 3) }
            return DiskCalls.system.rename(from, to)
        }
        let late = Sample.store(folder, calls: calls)
        #expect(throws: CheckpointError.fenced(step: 5, writer: Generation(2), existing: Generation(3))) {
            try late.write(2, step: 5, generation: 2)
        }
        #expect(quick.newestGood().found?.weightsSHA256 == Sample.state(3).weightsSHA256)
        #expect(try names(in: quick.directory) == ["step-00000005"])
    }

    @Test func `a folder that cannot be written is reported with its path`() throws {
        let folder = TemporaryFolder()
        try folder.write("checkpoints", "a file where the folder should be")
        let store = Sample.store(folder)
        do throws(CheckpointError) {
            try store.write(1, step: 1)
            Issue.record("a checkpoint was written into a file")
        } catch {
            #expect(error.description.contains(store.directory))
            guard case .cannotWrite = error else {
                Issue.record("\(error)")
                return
            }
        }
    }

    @Test func `of many writers of one step one wins and all agree`() async throws {
        let folder = TemporaryFolder()
        let store = Sample.store(folder)
        for step in 1...5 {
            let receipts = try await withThrowingTaskGroup(of: CheckpointReceipt.self) { group in
                for incarnation in 1...6 {
                    group.addTask { try store.write(UInt64(step), step: step, incarnation: incarnation) }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(receipts.filter { !$0.wasThere }.count == 1)
            #expect(Set(receipts.map(\.info.incarnation)).count == 1)
            #expect(store.damage(step: step) == nil)
        }
        #expect(try names(in: store.directory).count == 5)
    }
}
