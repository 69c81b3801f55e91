// Reports of stragglers as the fields of a record line and back; see EventLine.swift.

import Primitives

extension StragglerReport {
    func add(to line: Line) -> Line {
        line.with("worker", worker).with("incarnation", incarnation).with("rank", rank).with("step", step)
            .with("factor", factor).with("steps", steps).with("lasted", lasted)
    }

    init(_ line: Line) throws(LineError) {
        self.init(
            worker: try line.read("worker"), incarnation: try line.read("incarnation"), rank: try line.read("rank"),
            step: try line.read("step"), factor: try line.read("factor"), steps: try line.read("steps"),
            lasted: try line.read("lasted"))
    }
}
