// Which of OpenBLAS's kernels run. Its own choice falls back to AVX2 on processors that are newer than it is, at half
// the speed, and it reads the wish for another only while the program is loaded: so the program starts itself once more
// with the wish in its environment. Refuses to overrule a wish that the user has set.

import CBLAS
import Glibc

/// The choice of OpenBLAS's core type, and what it came to.
public enum BLASCore {
    /// The fastest core type of OpenBLAS 0.3 for a processor with `flags` (those of /proc/cpuinfo); nil leaves the
    /// choice to OpenBLAS. One name for every processor with AVX-512, where OpenBLAS knows several with the same
    /// kernels: only workers whose names are equal may form a gang.
    public static func best(flags: [Substring]) -> String? {
        func has(_ wanted: String...) -> Bool { wanted.allSatisfy { flag in flags.contains { $0 == flag } } }
        if has("avx512f", "avx512bw", "avx512dq", "avx512vl") { return "SkylakeX" }
        if has("avx2", "fma") { return "Haswell" }
        return nil
    }

    /// The flags of the first processor in the text of /proc/cpuinfo; none if it has no such line.
    public static func flags(cpuinfo: String) -> [Substring] {
        let line = cpuinfo.split(separator: "\n").first { $0.hasPrefix("flags") }
        guard let line, let colon = line.firstIndex(of: ":") else { return [] }
        return line[line.index(after: colon)...].split(separator: " ")
    }

    /// Sees to it that OpenBLAS runs the best core type on one thread: replaces the process by itself with
    /// OPENBLAS_CORETYPE and OPENBLAS_NUM_THREADS in the environment, unless they are there. Call it first thing in
    /// `main`: descriptors that close on exec are closed and threads end. It returns in the new process, and in the old
    /// one only where there was nothing to do or no way to do it.
    public static func reexecuteWithBestCore() {
        // Seen by the new process, which would otherwise start itself again where OpenBLAS is not to be told.
        let mark = "UNDERSTUDY_BLAS_CHOSEN"
        guard getenv(mark) == nil else { return }
        let core = best(flags: flags(cpuinfo: contents(of: "/proc/cpuinfo")))
        guard let core, getenv("OPENBLAS_CORETYPE") == nil else { return }
        setenv(mark, "1", 1)
        setenv("OPENBLAS_CORETYPE", core, 1)
        setenv("OPENBLAS_NUM_THREADS", "1", 0)
        // By the program's own path rather than /proc/self/exe, which would be its name in every list of processes.
        guard let path = realpath("/proc/self/exe", nil) else { return }
        execv(path, CommandLine.unsafeArgv)
        free(path)
    }

    /// What the arithmetic of this process depends on, `openblas 0.3.21 SkylakeX`: processes for which it is equal
    /// compute the same bits.
    public static var numerics: String {
        let words = String(cString: openblas_get_config()).split(separator: " ")
        let version = words.count > 1 ? words[1] : "unknown"
        return "openblas \(version) \(String(cString: openblas_get_corename()))"
    }

    /// The whole text of a small file, empty if it cannot be read.
    private static func contents(of path: String) -> String {
        guard let file = fopen(path, "r") else { return "" }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = fread(&chunk, 1, chunk.count, file)
            guard count > 0 else { break }
            bytes += chunk[..<count]
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
