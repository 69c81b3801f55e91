// A file's bytes as text, with every way in which reading can fail reported: missing, a folder, forbidden, too large,
// not UTF-8. Refuses to look at what the text says.

import Foundation

enum SpecText {
    /// No file that a person wrote is longer, in bytes.
    static let largest = 1 << 20

    /// The text of the file at `path` without a byte order mark; nil after reporting why there is none.
    static func read(path: String, into reading: Reading) -> String? {
        guard let bytes = bytes(path: path, into: reading) else { return nil }
        let text = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? bytes.dropFirst(3) : bytes[...]
        if let string = String(validating: text, as: UTF8.self) { return string }
        reportFirstInvalidByte(text, path: path, into: reading)
        return nil
    }

    private static func bytes(path: String, into reading: Reading) -> [UInt8]? {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            reading.report(.unreadable, "there is no such file", path: path, hint: neighbour(of: path))
            return nil
        }
        guard !isFolder.boolValue else {
            reading.report(.unreadable, "this is a folder, not a file", path: path)
            return nil
        }
        // A handle and a limit, not the whole file at once: the path may be a disk image or never end.
        guard let handle = FileHandle(forReadingAtPath: path), let data = try? handle.read(upToCount: largest + 1)
        else {
            let attributes = try? FileManager.default.attributesOfItem(atPath: path)
            if attributes?[.size] as? UInt64 == 0 { return [] }
            reading.report(
                .unreadable, "the file cannot be read", path: path, hint: "check that this user may read it")
            return nil
        }
        guard data.count <= largest else {
            reading.report(.tooLarge, "the file is larger than 1 MiB", path: path)
            return nil
        }
        return Array(data)
    }

    /// A hint at a file in the same folder whose name is much like `path`'s, if there is one.
    private static func neighbour(of path: String) -> String? {
        let folder = (path as NSString).deletingLastPathComponent
        let names = try? FileManager.default.contentsOfDirectory(atPath: folder.isEmpty ? "." : folder)
        let files = (names ?? []).filter { $0.hasSuffix(".yaml") || $0.hasSuffix(".yml") }.sorted()
        let wanted = (path as NSString).lastPathComponent
        guard let name = Suggestion.nearest(to: wanted, among: files) else { return nil }
        return "did you mean `\((folder as NSString).appendingPathComponent(name))`?"
    }

    private static func reportFirstInvalidByte(_ bytes: ArraySlice<UInt8>, path: String, into reading: Reading) {
        // Repair marks bad bytes with U+FFFD, so the first difference to the original is the first bad byte.
        let repaired = String(decoding: bytes, as: UTF8.self)
        var offset = bytes.startIndex
        for byte in repaired.utf8 {
            guard offset < bytes.endIndex, bytes[offset] == byte else { break }
            offset += 1
        }
        // A replacement character shares its first bytes with its neighbours in the table: back to where one starts.
        while offset > bytes.startIndex, bytes[offset - 1] >= 0xC0 { offset -= 1 }
        let before = Source(path: path, text: String(decoding: bytes[..<offset], as: UTF8.self) + "\u{FFFD}")
        let whole = Source(path: path, text: repaired)
        let line = before.lines.count
        let place = Place(source: whole, line: line, column: before.line(line).unicodeScalars.count, length: 1)
        let byte = String(bytes[min(offset, bytes.endIndex - 1)], radix: 16, uppercase: true)
        reading.report(.notUTF8, "the byte 0x\(byte) is not UTF-8", at: place, hint: "save the file as UTF-8")
    }
}
