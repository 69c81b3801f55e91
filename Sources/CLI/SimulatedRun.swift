// A simulated run on disk: the same folder and journal as a live one, so that every view works on it. Records are
// written a thousand at a time; a simulation that dies is simply run again. Refuses to resume.

import Foundation
import Journaling
import Primitives
import Simulation

/// Lives `input`'s run with `seed` through into a folder of its own.
func recordSimulation(_ input: SimulationInput, seed: UInt64, in runs: String) throws -> (RunFolder, RunTally) {
    var scenario = try input.scenario(seed: seed)
    let folder: RunFolder
    do { folder = try makeRunFolder(named: input.job.spec.name, in: runs) } catch {
        throw Failure(.failed, "a run cannot be made in \(runs): \(error.localizedDescription)")
    }
    scenario.run = folder.id
    do {
        try input.jobText.write(toFile: folder.job, atomically: false, encoding: .utf8)
        try input.job.resolvedText.write(toFile: folder.resolved, atomically: false, encoding: .utf8)
        try input.clusterText.write(toFile: folder.cluster, atomically: false, encoding: .utf8)
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let journal = try JournalStore.create(
            at: folder.journal,
            meta: [
                ("run", folder.id.name), ("epoch_wall_ns", "0"), ("world", "simulation"), ("seed", String(seed)),
                ("job", String(decoding: try encoder.encode(input.job.spec), as: UTF8.self)),
                ("cluster", input.cluster.name),
            ])
        var batch: [Record] = []
        let tally = try simulate(scenario) { record in
            batch.append(record)
            if batch.count == 1_000 {
                try journal.append(contentsOf: batch)
                batch.removeAll(keepingCapacity: true)
            }
        }
        try journal.append(contentsOf: batch)
        return (folder, tally)
    } catch {
        try? FileManager.default.removeItem(atPath: folder.path)
        throw Failure(.failed, "\(error)\nNothing was kept.")
    }
}
