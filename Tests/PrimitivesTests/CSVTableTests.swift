// Comma-separated tables: quotes, line numbers and blank lines.

import Primitives
import Testing

struct CSVTableTests {
    @Test func `quotes of a table hold commas, quotes and ends of lines`() throws {
        let table = try CSVTable("a,b\n\"x, \"\"y\"\"\",2\n\"two\nlines\",3\n4,5")
        #expect(table.rows.map(\.cells) == [["x, \"y\"", "2"], ["two\nlines", "3"], ["4", "5"]])
        #expect(table.rows.map(\.line) == [2, 3, 5])
        #expect(table.cell(table.rows[0], "b") == "2" && table.cell(table.rows[0], "c").isEmpty)
    }

    @Test func `blank lines are no rows, but count as lines`() throws {
        let table = try CSVTable("a,b\r\n\r\n1,2\r\n   \r\n3,4\r\n")
        #expect(table.rows.map(\.line) == [3, 5])
    }

    @Test(arguments: [("", 1), ("a,b\n1\n", 2), ("a,b\n1,2\n\"1,2\n3", 3)])
    func `a table without a header, with a ragged row or an open quote is refused with the line`(
        text: String, line: Int
    ) {
        let error = #expect(throws: CSVTable.Malformed.self) { try CSVTable(text) }
        #expect(error?.line == line)
    }
}
