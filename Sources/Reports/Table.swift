// Aligned columns of text: the one implementation behind every listing. It fits a width by shortening the columns that
// hold sentences, and dresses whole rows. Refuses to know what it lists, and East-Asian double width (names here are
// ASCII).

/// A table of text.
public struct Table: Equatable, Sendable, Codable {
    /// On which side a column's cells are flush.
    public enum Alignment: Equatable, Sendable, Codable {
        /// Words.
        case left
        /// Numbers.
        case right
    }

    /// What a column is called and how it is set.
    public struct Column: Equatable, Sendable, Codable {
        /// The word in the header.
        public var title: String
        /// On which side its cells are flush.
        public var alignment: Alignment
        /// Whether it is shortened when the table is too wide; the widest such column gives way first.
        public var isFlexible: Bool

        /// A column of words.
        public static func left(_ title: String) -> Column {
            Column(title: title, alignment: .left, isFlexible: false)
        }
        /// A column of numbers.
        public static func right(_ title: String) -> Column {
            Column(title: title, alignment: .right, isFlexible: false)
        }
        /// A column of sentences, which gives way when the table is too wide.
        public static func flexible(_ title: String) -> Column {
            Column(title: title, alignment: .left, isFlexible: true)
        }
    }

    private struct Row: Equatable, Sendable, Codable {
        var cells: [String]
        var emphasis: Style.Emphasis
    }

    /// The columns, from the left.
    public let columns: [Column]
    private var rows: [Row] = []
    /// How many rows were taken out of the middle.
    private var hidden = 0

    /// A table of `columns` without rows.
    public init(_ columns: [Column]) { self.columns = columns }

    /// Whether there is no row.
    public var isEmpty: Bool { rows.isEmpty }

    /// Adds a row; control characters in it become spaces.
    /// - Precondition: there is a cell for every column.
    public mutating func add(_ cells: [String], emphasis: Style.Emphasis = .plain) {
        precondition(cells.count == columns.count, "\(cells.count) cells for \(columns.count) columns: \(cells)")
        rows.append(Row(cells: cells.map(printable), emphasis: emphasis))
    }

    /// Takes out rows from the middle of a table of more than `most` rows, and leaves 20 at each end: a page is for
    /// reading. A line says how many are missing.
    public mutating func cut(to most: Int = 120) {
        let ends = 20
        guard rows.count > most, most >= 2 * ends else { return }
        hidden = rows.count - 2 * ends
        rows.removeSubrange(ends..<rows.count - ends)
    }

    /// The header and the rows as lines without trailing spaces, two spaces between columns.
    ///
    /// - Parameters:
    ///   - width: characters a line should not exceed; nil for as many as there are. Flexible columns give way down
    ///     to four characters or their title; a table that is still too wide stays so, because cut-off numbers lie.
    ///   - style: how header and rows are dressed.
    ///   - hasHeader: whether the titles are a line of their own.
    public func lines(width: Int? = nil, style: Style = .plain, hasHeader: Bool = true) -> [String] {
        var widths = columns.indices.map { column in
            rows.reduce(hasHeader ? columns[column].title.count : 0) { max($0, $1.cells[column].count) }
        }
        if let width { shrink(&widths, to: width - 2 * (columns.count - 1), hasHeader: hasHeader) }
        let header = hasHeader ? [style.apply(.bold, to: line(columns.map(\.title), widths))] : []
        var lines = rows.map { style.apply($0.emphasis, to: line($0.cells, widths)) }
        if hidden > 0 { lines.insert("... \(hidden) lines more ...", at: rows.count / 2) }
        return header + lines
    }

    private func shrink(_ widths: inout [Int], to total: Int, hasHeader: Bool) {
        for _ in 0..<max(0, widths.reduce(0, +) - total) {
            let widest = columns.indices.filter { column in
                columns[column].isFlexible && widths[column] > max(4, hasHeader ? columns[column].title.count : 0)
            }.max { widths[$0] < widths[$1] }
            guard let widest else { return }
            widths[widest] -= 1
        }
    }

    private func line(_ cells: [String], _ widths: [Int]) -> String {
        var out = ""
        for (column, cell) in cells.enumerated() {
            let text = shortened(cell, to: widths[column])
            let padding = String(repeating: " ", count: widths[column] - text.count)
            if column > 0 { out += "  " }
            out += columns[column].alignment == .right ? padding + text : text + padding
        }
        while out.last == " " { out.removeLast() }
        return out
    }
}
