// The lowest and the highest loss of every stretch of steps, of stretches of stretches, and so on: what a curve of millions
// of steps is drawn from at any zoom without reading them and without losing a spike. The table is derived from `steps`; it
// can be dropped and made again, and journals of before it open as ever. Refuses averages.

import GRDB
import Primitives

/// What is kept of the steps of one generation.
public struct StepExtremes: Equatable, Sendable {
    /// A step that is kept.
    public struct Point: Equatable, Sendable {
        /// The step.
        public var step: Int
        /// When it was committed.
        public var at: Instant
        /// Its training loss, in nats a token; NaN where it was no number.
        public var loss: Double
    }

    /// The gang's generation, which is its segment's number from 1.
    public var generation: Int
    /// In order: both ends, and of each stretch the lowest, the highest, and the first that was no number.
    public var points: [Point]
}

/// A stretch of a generation's steps; the fields from `first` on are sequences of rows of `steps`.
private struct Stretch {
    let generation: Int
    let number: Int
    let first: Int
    var last: Int
    var low: (sequence: Int, loss: Double)?
    var high: (sequence: Int, loss: Double)?
    var odd: Int?

    mutating func add(_ other: Stretch) {
        last = other.last
        if let theirs = other.low, low.map({ theirs.loss < $0.loss }) ?? true { low = theirs }
        if let theirs = other.high, high.map({ theirs.loss > $0.loss }) ?? true { high = theirs }
        odd = odd ?? other.odd
    }
}

extension JournalStore {
    /// Steps in a stretch of the lowest level; each further level joins so many of the one below.
    private static let base = 256
    private static let fanout = 16
    private static let levels = 4

    /// Makes the extremes anew from all steps.
    static func makeExtremes(in database: Database) throws {
        try database.execute(
            sql: """
                DROP TABLE IF EXISTS step_extremes;
                CREATE TABLE step_extremes (
                    level INTEGER NOT NULL, generation INTEGER NOT NULL, stretch INTEGER NOT NULL,
                    first INTEGER NOT NULL, last INTEGER NOT NULL, low INTEGER, high INTEGER, odd INTEGER,
                    PRIMARY KEY (level, generation, stretch)) WITHOUT ROWID;
                """)
        var stretches: [Stretch] = []
        func add(_ stretch: Stretch) {
            guard let end = stretches.last, end.generation == stretch.generation, end.number == stretch.number else {
                return stretches.append(stretch)
            }
            stretches[stretches.count - 1].add(stretch)
        }
        let rows = try Row.fetchCursor(
            database, sql: "SELECT sequence, generation, step, loss FROM steps ORDER BY sequence")
        while let row = try rows.next() {
            let (sequence, loss): (Int, Double?) = (row[0], row[3])
            let point = loss.flatMap { $0.isFinite ? (sequence: sequence, loss: $0) : nil }
            add(
                Stretch(
                    generation: row[1], number: (row[2] as Int) / base, first: sequence, last: sequence, low: point,
                    high: point, odd: point == nil ? sequence : nil))
        }
        let insert = try database.cachedStatement(sql: "INSERT INTO step_extremes VALUES (?, ?, ?, ?, ?, ?, ?, ?)")
        for level in 0..<levels {
            for each in stretches {
                try insert.execute(arguments: [
                    level, each.generation, each.number, each.first, each.last, each.low?.sequence, each.high?.sequence,
                    each.odd,
                ])
            }
            let below = stretches
            stretches = []
            for each in below {
                add(
                    Stretch(
                        generation: each.generation, number: each.number / fanout, first: each.first, last: each.last,
                        low: each.low, high: each.high, odd: each.odd))
            }
        }
    }

    /// What is kept of `steps` in about `points` points, and how many steps a stretch has; 1 when all are there.
    ///
    /// - Precondition: the derived tables are there; see `kept`.
    /// - Throws: `JournalError` when the file cannot be read.
    public func extremes(
        steps: ClosedRange<Int>, points: Int
    ) throws(JournalError) -> (stretch: Int, generations: [StepExtremes]) {
        try reading { database in
            var (level, size) = (0, JournalStore.base)
            func count() throws -> Int {
                try Int.fetchOne(
                    database, sql: "SELECT count(*) FROM step_extremes WHERE level = ? AND stretch BETWEEN ? AND ?",
                    arguments: [level, steps.lowerBound / size, steps.upperBound / size]) ?? 0
            }
            let isWhole = try count() * size <= points
            while !isWhole, level < JournalStore.levels - 1, try 2 * count() > points {
                (level, size) = (level + 1, size * JournalStore.fanout)
            }
            let rows = try Row.fetchAll(
                database,
                sql: """
                    SELECT generation, first, last, low, high, odd FROM step_extremes
                    WHERE level = ? AND stretch BETWEEN ? AND ? ORDER BY generation, stretch
                    """, arguments: [level, steps.lowerBound / size, steps.upperBound / size])
            var kept: [StepExtremes] = []
            for (index, row) in rows.enumerated() {
                let (generation, first, last): (Int, Int, Int) = (row[0], row[1], row[2])
                let next: Int? = index + 1 < rows.count ? rows[index + 1][0] : nil
                let isFirst = kept.last?.generation != generation
                if isFirst { kept.append(StepExtremes(generation: generation, points: [])) }
                var wanted: [Int] = []
                if isWhole {
                    wanted = Array(first...last)
                } else {
                    let (low, high, odd): (Int?, Int?, Int?) = (row[3], row[4], row[5])
                    wanted = [low, high, odd].compactMap { $0 }
                    if isFirst { wanted.append(first) }
                    if next != generation { wanted.append(last) }
                }
                kept[kept.count - 1].points += try JournalStore.points(at: wanted, in: database)
            }
            for index in kept.indices { kept[index].points.removeAll { !steps.contains($0.step) } }
            return (isWhole ? 1 : size, kept.filter { !$0.points.isEmpty })
        }
    }

    /// The steps of the rows `sequences`, in order, each once; sequences between them that are no steps are passed over.
    private static func points(at sequences: [Int], in database: Database) throws -> [StepExtremes.Point] {
        let statement = try database.cachedStatement(sql: "SELECT step, at_ns, loss FROM steps WHERE sequence = ?")
        var before = -1
        return try sequences.sorted().compactMap { sequence in
            guard sequence != before else { return nil }
            before = sequence
            return try Row.fetchOne(statement, arguments: [sequence]).map {
                StepExtremes.Point(step: $0[0], at: Instant(nanoseconds: $0[1]), loss: $0[2] ?? .nan)
            }
        }
    }
}
