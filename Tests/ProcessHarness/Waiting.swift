// Waiting for something to become true: by looking again and again, with a deadline that is generous because it is
// reached only when something is broken. Refuses to wait for a length of time in the hope that it is enough.

import Foundation

/// How long a test waits for what must come, in seconds; a busy machine is slow, a broken program is slower.
public let patience = 60.0

/// Seconds of the monotonic clock.
public func uptimeSeconds() -> Double { Double(DispatchTime.now().uptimeNanoseconds) * 1e-9 }

/// Looks with `look` until it finds something, and returns that.
/// - Parameter what: what is awaited, for the message.
/// - Throws: `HarnessError` once `seconds` have passed; whatever `look` throws.
public func eventually<Found>(
    _ what: String, within seconds: Double = patience, look: () throws -> Found?
) async throws -> Found {
    let deadline = uptimeSeconds() + seconds
    while true {
        if let found = try look() { return found }
        guard uptimeSeconds() < deadline else { throw HarnessError("waited \(seconds) s in vain until \(what)") }
        try await Task.sleep(for: .milliseconds(2))
    }
}
