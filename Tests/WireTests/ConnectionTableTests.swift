// Which peer a closed connection belongs to, when descriptors are reused and two queues are read out of step.

import Testing
import Wire

private let a = PeerID(identity: [1])
private let b = PeerID(identity: [2])

@Test func `a closed connection is its speaker's, and a silent one is nobody's`() {
    var table = ConnectionTable()
    #expect(table.accepted(7) == nil)
    #expect(table.accepted(8) == nil)
    #expect(table.heard(a, through: 7) == .settled)
    #expect(table.heard(a, through: 7) == .settled)
    #expect(table.closed(7) == a)
    #expect(table.closed(8) == nil)
}

@Test func `an older connection's end is not charged to the newer peer of its descriptor`() {
    var table = ConnectionTable()
    #expect(table.accepted(7) == nil)
    #expect(table.heard(a, through: 7) == .settled)
    #expect(table.closed(7) == a)
    #expect(table.accepted(7) == nil)
    #expect(table.heard(b, through: 7) == .settled)
    #expect(table.closed(7) == b)
}

@Test func `a message older than its connection's end tells that the sender is gone`() {
    var table = ConnectionTable()
    #expect(table.accepted(7) == nil)
    #expect(table.closed(7) == nil)
    #expect(table.heard(a, through: 7) == .senderIsGone)
}

@Test func `a descriptor accepted again was closed before`() {
    var table = ConnectionTable()
    #expect(table.accepted(7) == nil)
    #expect(table.heard(a, through: 7) == .settled)
    #expect(table.accepted(7) == a)
}

@Test func `two peers on one descriptor are told apart by a probe`() {
    var table = ConnectionTable()
    #expect(table.accepted(7) == nil)
    #expect(table.closed(7) == nil)
    #expect(table.accepted(7) == nil)
    #expect(table.heard(a, through: 7) == .settled, "a's late word looks like the new connection's")
    #expect(table.heard(b, through: 7) == .contested(rival: a))
    table.settle(7, on: b)
    #expect(table.closed(7) == b)
}
