// The signals by which a process that serves others is asked to end. Refuses to end it; whoever serves does.

import Dispatch
import Foundation

/// Calls somebody when this process is asked to end.
final class EndingSignals {
    private var sources: [any DispatchSourceSignal] = []

    init(_ call: @escaping @Sendable () -> Void) {
        for number in [SIGINT, SIGTERM, SIGHUP] {
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler(handler: call)
            source.resume()
            sources.append(source)
        }
    }

    /// Calls nobody any more.
    func ignore() { for source in sources { source.cancel() } }
}
