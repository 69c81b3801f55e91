// `understudy doctor`: does this machine have what a live run needs? Each line is a check with what was found and, where
// it is wanting, what to do. Changes nothing.

import ArgumentParser
import Foundation
import Journaling
import Primitives
import Reports
import Training
import Wire

struct DoctorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor", abstract: "Check toolchain, libraries, processor, ports and disk.",
        discussion: "Example:  understudy doctor --json | jq '.checks[] | select(.status != \"good\")'")

    @OptionGroup var runs: RunsOption
    @OptionGroup var output: OutputOptions

    struct Check: Codable {
        enum Status: String, Codable, CaseIterable { case good, warning, bad }
        var check: String
        var status: Status
        var found: String
        var advice: String?
    }

    struct Document: Codable {
        var schema = "understudy/doctor/v1"
        var checks: [Check]
    }

    func run() throws {
        BLASCore.reexecuteWithBestCore()
        let checks = [
            toolchain(), worker(), messaging(), arithmetic(), database(), processors(), ports(), sockets(), disk(),
        ]
        output.print(Document(checks: checks)) { width, style in
            var table = Table([.left("CHECK"), .left("STATUS"), .flexible("FOUND")])
            for check in checks {
                let text = check.found + (check.advice.map { "; \($0)" } ?? "")
                table.add([check.check, check.status.rawValue, text], emphasis: check.status == .good ? .plain : .bold)
            }
            return table.lines(width: width, style: style)
        }
        guard !checks.contains(where: { $0.status == .bad }) else { throw Failure(.failed, "") }
    }

    private func toolchain() -> Check {
        guard let line = toolOutput("swift", "--version")?.split(separator: "\n").first else {
            return Check(
                check: "toolchain", status: .warning, found: "no swift in PATH",
                advice: "needed to build only: install a Swift 6.2 toolchain or newer from swift.org")
        }
        return Check(check: "toolchain", status: .good, found: String(line))
    }

    private func worker() -> Check {
        let path = workerExecutable()
        return access(path, X_OK) == 0
            ? Check(check: "worker program", status: .good, found: path)
            : Check(
                check: "worker program", status: .bad, found: "\(path) is missing",
                advice: "build it with: swift build --product understudy-worker")
    }

    private func messaging() -> Check {
        let library = MessagingLibrary.linked
        return Check(
            check: "libzmq", status: library.canEncrypt ? .good : .warning,
            found: "\(library.version), \(library.canEncrypt ? "with" : "without") CURVE",
            advice: library.canEncrypt ? nil : "several hosts need a libzmq with CURVE, as Debian's libzmq5 has")
    }

    private func arithmetic() -> Check {
        let cpuinfo = (try? String(contentsOfFile: "/proc/cpuinfo", encoding: .utf8)) ?? ""
        let best = BLASCore.best(flags: BLASCore.flags(cpuinfo: cpuinfo))
        let found = BLASCore.numerics
        let isBest = best.map { found.lowercased().hasSuffix($0.lowercased()) } ?? true
        return Check(
            check: "OpenBLAS", status: isBest ? .good : .warning, found: found,
            advice: isBest
                ? nil : "this processor is fastest with OPENBLAS_CORETYPE=\(best ?? ""), which was overridden")
    }

    private func database() -> Check {
        let version = try? JournalStore.engineVersion()
        return Check(
            check: "SQLite", status: version == nil ? .bad : .good, found: version ?? "cannot be opened",
            advice: version == nil ? "install libsqlite3-0" : nil)
    }

    private func processors() -> Check {
        let memory = ByteCount(Int64(ProcessInfo.processInfo.physicalMemory))
        return Check(
            check: "processor", status: .good,
            found: "\(ProcessInfo.processInfo.activeProcessorCount) cores, \(memory) memory")
    }

    private func ports() -> Check {
        do {
            let port = try CoordinatorPort(listeningOn: .tcp(host: "127.0.0.1", port: nil), in: ZMQContext())
            return Check(check: "ports", status: .good, found: "can listen on \(port.lastEndpoint)")
        } catch {
            return Check(check: "ports", status: .bad, found: "\(error)", advice: "is the loopback device up?")
        }
    }

    private func sockets() -> Check {
        do {
            let folder = try SocketFolder()
            defer { folder.remove() }
            return Check(check: "sockets", status: .good, found: "private folders in \(folder.base)")
        } catch {
            return Check(
                check: "sockets", status: .bad, found: "\((error as? Failure)?.message ?? "\(error)")",
                advice: "set XDG_RUNTIME_DIR or TMPDIR to a folder you may write to")
        }
    }

    private func disk() -> Check {
        var place = URL(fileURLWithPath: runs.directory).standardizedFileURL
        while !FileManager.default.fileExists(atPath: place.path), place.path != "/" { place.deleteLastPathComponent() }
        guard
            let free = try? FileManager.default.attributesOfFileSystem(forPath: place.path)[.systemFreeSize]
                as? NSNumber,
            access(place.path, W_OK) == 0
        else {
            return Check(
                check: "disk", status: .bad, found: "\(place.path) cannot be written", advice: "choose another --runs")
        }
        let isEnough = free.int64Value > 2_000_000_000
        return Check(
            check: "disk", status: isEnough ? .good : .warning,
            found: "\(ByteCount(free.int64Value)) free in \(place.path)",
            advice: isEnough ? nil : "a checkpoint of GPT-2 124M takes 1.5GB, and three are kept")
    }
}
