// A table of comma-separated values as RFC 4180 describes it: a header, rows with their line numbers, quotes around what
// holds a comma. Refuses to give cells types; whoever reads a table knows its columns.

/// A table whose first line names its columns.
public struct CSVTable: Equatable, Sendable {
    /// Why a table cannot be read.
    public struct Malformed: Error, Equatable, Sendable {
        /// The line, from 1.
        public var line: Int
        /// What is wrong there, a clause.
        public var problem: String
    }

    /// A row with its place.
    public struct Row: Equatable, Sendable {
        /// The line it starts in, from 1.
        public var line: Int
        /// Its cells, one a column.
        public var cells: [String]
    }

    /// The columns' names, in order.
    public let columns: [String]
    /// The rows, in order; blank lines are none.
    public let rows: [Row]

    /// Reads `text`.
    /// - Throws: `Malformed` at the first row that has not a cell for every column, or a quote that does not end.
    public init(_ text: String) throws(Malformed) {
        var records: [Row] = []
        var (cells, cell): ([String], String) = ([], "")
        var (line, start, isQuoted) = (1, 1, false)
        func finish() {
            cells.append(cell)
            let isBlank = cells.count == 1 && cells[0].allSatisfy(\.isWhitespace)
            if !isBlank { records.append(Row(line: start, cells: cells)) }
            (cells, cell) = ([], "")
        }
        var characters = text.makeIterator()
        var pending = characters.next()
        while let character = pending {
            pending = characters.next()
            if isQuoted {
                if character == "\"" {
                    if pending == "\"" {
                        cell.append("\"")
                        pending = characters.next()
                    } else {
                        isQuoted = false
                    }
                } else {
                    if character.isNewline { line += 1 }
                    cell.append(character)
                }
            } else if character == "\"" {
                isQuoted = true
            } else if character == "," {
                cells.append(cell)
                cell = ""
            } else if character.isNewline {
                finish()
                line += 1
                start = line
            } else {
                cell.append(character)
            }
        }
        guard !isQuoted else { throw Malformed(line: start, problem: "a quote does not end") }
        finish()
        guard let header = records.first else { throw Malformed(line: 1, problem: "the table is empty") }
        columns = header.cells
        rows = Array(records.dropFirst())
        for row in rows where row.cells.count != columns.count {
            throw Malformed(line: row.line, problem: "\(row.cells.count) cells for \(columns.count) columns")
        }
    }

    /// The cell of `row` in the column `name`; empty where there is no such column.
    public func cell(_ row: Row, _ name: String) -> String {
        columns.firstIndex(of: name).map { row.cells[$0] } ?? ""
    }
}
