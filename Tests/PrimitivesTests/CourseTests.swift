// Which batch a step takes when batches are left out, and how the learning rate is scaled.

import Primitives
import Testing

struct CourseTests {
    @Test func `without anything left out a step takes the batch of its number`() {
        let course = Course()
        #expect((1...5).map(course.batch) == [1, 2, 3, 4, 5] && course.rateFactor(at: 3) == 1 && course.isStraight)
    }

    @Test func `steps before what is left out keep their batches, the others move on`() {
        var course = Course()
        course.skip(3..<5)
        #expect((1...5).map(course.batch) == [1, 2, 5, 6, 7])
        course.skip(6..<9)
        #expect((1...5).map(course.batch) == [1, 2, 5, 9, 10])
    }

    @Test func `ranges that touch or overlap become one, and their order does not matter`() {
        var course = Course()
        course.skip(10..<20)
        course.skip(30..<40)
        course.skip(20..<25)
        #expect(course.skipped == [10..<25, 30..<40])
        course.skip(5..<35)
        #expect(course.skipped == [5..<40])
        course.skip(1..<3)
        #expect(course.skipped == [1..<3, 5..<40])
        // No batch is taken twice, and none that is left out.
        let batches = (1...100).map(course.batch)
        #expect(zip(batches, batches.dropFirst()).allSatisfy { $0 < $1 })
        #expect(batches.allSatisfy { batch in !course.skipped.contains { $0.contains(batch) } })
    }

    @Test func `the newest factor holds, and one of a history that was left is forgotten`() {
        var course = Course()
        course.scaleRate(by: 0.75, after: 100)
        course.scaleRate(by: 0.5, after: 200)
        #expect([100, 101, 200, 201].map(course.rateFactor) == [1, 0.75, 0.75, 0.5])
        course.scaleRate(by: 0.25, after: 150)
        #expect([101, 150, 151, 300].map(course.rateFactor) == [0.75, 0.75, 0.25, 0.25])
    }

    @Test func `a course is read back from its text, and nonsense is none`() {
        var course = Course()
        #expect(course.lineText == "" && Course(lineText: "") == course)
        course.skip(3..<5)
        course.scaleRate(by: 0.75, after: 2)
        #expect(course.lineText == "skip:3..<5,rate:2*0.75" && Course(lineText: course.lineText) == course)
        for text in ["skip:5..<3", "skip:0..<3", "skip:3..<5,skip:4..<9", "rate:2", "rate:2*0", "rate:2*nan", "what"] {
            #expect(Course(lineText: text) == nil, "\(text)")
        }
    }
}
