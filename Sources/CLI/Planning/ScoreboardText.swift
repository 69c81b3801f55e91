// The scoreboard as tables on a terminal and as the page docs/scoreboard.md. Both are made of the same tables, so that
// neither can say what the other does not. Refuses to judge: it says which rows are worst, not why.

import Reports

extension Scoreboard {
    private var tableTable: Table {
        var table = Table([
            .left("TABLE"), .left("CONSTANTS"), .left("ROWS"), .right("COUNT"), .right("MEAN |ERROR|"),
            .right("MEAN ERROR"), .right("WORST"), .flexible("WORST ROW"),
        ])
        for summary in tables {
            table.add([
                summary.table, summary.software, summary.use, "\(summary.rows)", percent(summary.mean_absolute_error),
                percent(summary.mean_error), percent(summary.worst_error), summary.worst,
            ])
        }
        return table
    }

    private var runTable: Table {
        var table = Table([
            .left("RUN"), .left("FIGURE"), .right("PUBLISHED"), .right("PREDICTED"), .right("ERROR"),
            .flexible("SOURCE"),
        ])
        for run in runs {
            table.add([
                run.job, run.figure, figure(run.published), figure(run.predicted), percent(run.error),
                run.source + (run.fits ? "" : "; the model says it does not fit"),
            ])
        }
        return table
    }

    private func rowTable(_ rows: [Row]) -> Table {
        var table = Table([
            .left("ROW"), .left("ROWS"), .left("CONSTANTS"), .right("PUBLISHED S"), .right("PREDICTED S"),
            .right("ERROR"),
        ])
        for row in rows {
            table.add([
                row.id, row.use, row.software, fixed(row.published_seconds, 4), fixed(row.predicted_seconds, 4),
                percent(row.error),
            ])
        }
        return table
    }

    private func figure(_ value: Double) -> String { value >= 10_000 ? compact(value) : fixed(value, 1) }

    /// The scoreboard for a terminal.
    func lines(hasRows: Bool, width: Int?, style: Style) -> [String] {
        tableTable.lines(width: width, style: style) + [""] + runTable.lines(width: width, style: style)
            + (hasRows ? [""] + rowTable(rows).lines(width: width, style: style) : [])
    }

    /// The page docs/scoreboard.md, but for its last line, which names the day and the commit it was made from.
    var page: [String] {
        // A table of hundreds of rows is told by its worst ten.
        let shown = tables.flatMap { summary -> [Row] in
            let group = rows.filter { $0.table == summary.table && $0.use == summary.use }
            let worst = group.indices.sorted { (-abs(group[$0].error), $0) < (-abs(group[$1].error), $1) }.prefix(10)
            return group.count <= 20 ? group : worst.sorted().map { group[$0] }
        }
        func block(_ table: Table) -> [String] { ["```"] + table.lines() + ["```"] }
        return [
            "# Scoreboard", "",
            "The step-time model against what was published, as `understudy scoreboard` prints it; `scripts/scoreboard` writes",
            "this page. Constants are fitted to the rows `fit`; the rows `held` and all whole runs were kept for checking. An",
            "error is predicted time over published time, less one: below zero the model is too fast. Sources are in",
            "[reference](reference/README.md), what the model leaves out in [model.md](model.md).", "", "## Tables", "",
        ] + block(tableTable) + [
            "", "## Whole runs", "",
            "From their job and cluster files, if nothing breaks; none was fitted to.", "",
        ] + block(runTable) + [
            "", "## Rows", "", "Every row of a table of up to twenty, else its ten worst.", "",
        ] + block(rowTable(shown)) + [""]
    }
}
