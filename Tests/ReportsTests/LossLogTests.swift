// Loss curves from CSV files, and what detection says of them.

import ControlPlane
import Reports
import Testing

struct LossLogTests {
    @Test func `columns are found by name, an empty norm is none, and empty lines are nothing`() throws {
        let log = try LossLog(csv: "grad_norm, step ,lr,loss\r\n0.5,1,,10.5\r\n,2,,nan\r\n\r\n")
        #expect(log.rows.map(\.step) == [1, 2])
        #expect(log.rows[0].loss == 10.5 && log.rows[0].gradientNorm == 0.5)
        #expect(log.rows[1].loss.isNaN && log.rows[1].gradientNorm == nil)
    }

    @Test(arguments: [
        ("", 1, "the columns step and loss"), ("step,los\n1,2\n", 1, "the columns step and loss"),
        ("step,loss\n1,2\n2\n", 3, "1 cells for 2 columns"),
        ("step,loss\n1,high\n", 2, "step '1' and loss 'high' are not two numbers"),
        ("step,loss\n5,2\n5,2\n", 3, "step 5 does not follow step 5"),
    ])
    func `a file that is no loss curve is refused with its line`(text: String, line: Int, words: String) {
        let error = #expect(throws: LossLog.Malformed.self) { try LossLog(csv: text) }
        #expect(error?.line == line && error?.problem.contains(words) == true)
    }

    @Test func `alarms are listed by rule with their figures, and the gradient's are advisory`() throws {
        var text = "step,loss,grad_norm\n"
        for step in 1...220 {
            let wave = Double((step * 37) % 101 - 50) / 50
            text += "\(step),\(3 + 0.1 * wave + (step > 200 ? 3 : 0)),\(step > 200 ? 50 : 0.5 + 0.01 * wave)\n"
        }
        let document = DetectionDocument(source: "a.csv", log: try LossLog(csv: text), rules: [.cusum, .olmo, .tenMax])
        #expect(document.steps == 220 && document.rules.map(\.rule) == ["cusum", "olmo", "10xmax"])
        let own = document.rules[0]
        #expect(own.alarms.map(\.step) == [205] && own.gradient_alarm_steps == [205])
        #expect(own.alarms[0].from_step == 201 && own.alarms[0].kind == "spike")
        #expect(document.rules[1].alarms.map(\.step) == [201] && document.rules[1].alarms[0].from_step == nil)
        let lines = detectionLines(document)
        #expect(lines.last == "a.csv: 220 steps. Alarms: cusum 1, olmo 1, 10xmax 0.")
        #expect(lines.contains { $0.contains("gradient norm (advisory)") })
    }

    @Test func `a quiet curve gives one line`() throws {
        let document = DetectionDocument(source: "b.csv", log: try LossLog(csv: "step,loss\n1,2\n"), rules: [.cusum])
        #expect(detectionLines(document) == ["b.csv: 1 step. Alarms: cusum 0."])
    }
}
