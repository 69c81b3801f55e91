// What is said about a policy against loss spikes that cannot work. Refuses single values; ValueComplaintTests has those.

import Testing

@Suite("Loss spikes in a job file") struct LossSpikeComplaintTests {
    private func complaints(_ values: String) -> String {
        Sample.complaints(overrides: ["fault_tolerance.loss_spike={\(values)}"])
    }

    @Test func `a baseline that can never be armed is refused`() {
        #expect(complaints("armed_after: 200").contains("armed_after 200 is above loss_spike.window 128"))
    }

    @Test func `a clip that no step could pass is refused`() {
        #expect(complaints("clip: 1").contains("clip 1.0 is not above loss_spike.allowance 1.0"))
    }

    @Test func `a baseline that closes behind the alarm is refused`() {
        #expect(complaints("freeze_sum: 13").contains("freeze_sum 13.0 is above loss_spike.threshold 12.0"))
    }

    @Test func `what other programs call a key is understood, and an unknown action is named`() {
        #expect(complaints("skip_batches: 200").contains("did you mean `skip_beyond`?"))
        #expect(complaints("action: roll_back").contains("did you mean `rollback`?"))
        #expect(complaints("wait: 5").contains("`fault_tolerance.loss_spike.wait` must be at least 10, not 5"))
    }
}
