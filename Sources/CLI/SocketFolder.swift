// A folder for the sockets of one process: only this user can enter it, and its path is short enough for a socket's
// address.

import Foundation

/// A private folder, there until it is removed.
struct SocketFolder {
    /// Where such folders are made.
    let base: String
    /// The folder.
    let path: String

    init() throws {
        let environment = ProcessInfo.processInfo.environment
        let wanted =
            environment["XDG_RUNTIME_DIR"].flatMap { access($0, W_OK) == 0 ? $0 : nil } ?? NSTemporaryDirectory()
        base = wanted.hasSuffix("/") ? String(wanted.dropLast()) : wanted
        var template = Array("\(base)/understudy-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else {
            throw Failure(.failed, "cannot make a folder for sockets in \(base): \(String(cString: strerror(errno)))")
        }
        path = String(decoding: template.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    func remove() { try? FileManager.default.removeItem(atPath: path) }
}
