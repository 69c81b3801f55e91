// Which messaging library this program was linked with, for people who ask what their machine has.

import CZeroMQ

/// The libzmq in use.
public struct MessagingLibrary: Equatable, Sendable {
    /// Its version, `4.3.4`.
    public var version: String
    /// Whether it was built with CURVE encryption.
    public var canEncrypt: Bool

    /// The one this program was linked with.
    public static var linked: MessagingLibrary {
        var (major, minor, patch): (Int32, Int32, Int32) = (0, 0, 0)
        zmq_version(&major, &minor, &patch)
        return MessagingLibrary(version: "\(major).\(minor).\(patch)", canEncrypt: zmq_has("curve") == 1)
    }
}
