// Why a job waits, as data: tests assert it, people read it. Refuses to guess what would help; replaying the queue does.

import Primitives

/// Why a job has not started.
public enum PendingReason: Equatable, Sendable {
    /// Too few GPUs are free.
    case gpusMissing(free: Int, needed: Int)
    /// Enough are free, but scattered: the largest gang that fits has `largest`.
    case fragmented(free: Int, largest: Int, needed: Int)
    /// Enough are free, but not within what it requires of the network.
    case tooFarApart(TopologyLevel, needed: Int)
    /// Another job stands before it and does not fit; the policy lets nobody pass.
    case behind(job: Int)
    /// It would delay the reservation of `job` at `start`.
    case reserved(for: Int, start: Instant)
    /// Its own reservation is at this instant.
    case reservation(Instant)
    /// Its team holds `held` GPUs of at most `quota`.
    case quota(held: Int, quota: Int)
    /// Jobs before it in the order have all the GPUs.
    case outranked(before: Int)
    /// The policy decides again at this instant.
    case nextDecision(Instant)
}

/// Why a job is refused at submission.
public enum Refusal: Equatable, Sendable {
    /// No pool that it may use is that large.
    case tooLarge(needed: Int, largest: Int)
    /// Its deadline cannot be kept: it would end at `earliest`.
    case deadline(earliest: Instant)
    /// It would break its team's quota alone.
    case overQuota(needed: Int, quota: Int)
    /// No part of the network that it requires is that large.
    case requiresTooMuch(TopologyLevel, needed: Int, largest: Int)
}

extension PendingReason {
    /// The reason as one word, as squeue's REASON column has it.
    public var word: String {
        switch self {
        case .gpusMissing: "Resources"
        case .fragmented: "Fragmented"
        case .tooFarApart: "Topology"
        case .behind, .outranked: "Priority"
        case .reserved, .reservation: "Reservation"
        case .quota: "Quota"
        case .nextDecision: "Period"
        }
    }
}
