// A number of workers that may change while a job runs, as it is typed: `1-4`. Refuses ranges that leave out the number that
// the job's file asks for, because that is what it starts with where there is room.

import ArgumentParser
import Jobs

/// From how many workers to how many.
struct WorkerRange: ExpressibleByArgument {
    /// The numbers.
    let workers: ClosedRange<Int>

    /// `1-4`, or `3` for no other number than that.
    init?(argument: String) {
        let numbers = argument.split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
        guard (1...2).contains(numbers.count), let least = numbers[0], let most = numbers[numbers.count - 1],
            least >= 1,
            least <= most
        else { return nil }
        workers = least...most
    }

    /// Why `job` cannot be resized like that; nil when it can.
    func objection(to job: JobSpec) -> Failure? {
        let (least, most) = (workers.lowerBound, workers.upperBound)
        guard workers.contains(job.workers) else {
            return Failure(
                .usage,
                "--elastic \(least)-\(most) leaves out the \(job.workers) workers of \(job.name); widen it, or use "
                    + "-s nproc_per_node. Nothing was submitted.")
        }
        let parts = job.training.microBatches
        guard most <= parts else {
            return Failure(
                .infeasible,
                "--elastic \(least)-\(most): a step of \(job.name) has \(parts) micro-batches, and each worker needs one. "
                    + "Nothing was submitted.")
        }
        return nil
    }
}
