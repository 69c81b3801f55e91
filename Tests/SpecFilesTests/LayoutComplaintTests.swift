// What is said about degrees of parallelism that cannot be, about networks, and about tables of measurements. Refuses
// what needs a cluster: whether a job fits.

import SpecFiles
import Testing

@Suite("Complaints about layouts") struct LayoutComplaintTests {
    private func complaints(_ degrees: String) -> String {
        Sample.complaints(["train:\n": "parallel: {\(degrees)}\ntrain:\n"])
    }

    @Test func `degrees that do not divide the accelerators are refused with those that do`() {
        let text = complaints("pipeline_model_parallel_size: 3")
        #expect(
            text.contains("error[E0212]: tensor x pipeline x context = 1 x 3 x 1 = 3 does not divide 4 accelerators"))
        #expect(text.contains("nearest valid: 3, 6"))
    }

    @Test func `heads that tensor ranks do not divide are refused`() {
        let text = complaints("tensor_model_parallel_size: 8")
        #expect(text.contains("error[E0212]: n_head 4 is not divisible by tensor_model_parallel_size 8"))
        #expect(text.contains("allowed below it: 1, 2, 4"))
    }

    @Test func `grouped keys and values that tensor ranks do not divide are refused`() {
        let text = Sample.complaints([
            "train:\n": "parallel: {tensor_model_parallel_size: 4}\ntrain:\n",
            "model_type: gpt2": "model_type: llama", "n_head: 4": "n_head: 4\n  num_key_value_heads: 2",
        ])
        #expect(text.contains("num_key_value_heads 2 is not divisible by tensor_model_parallel_size 4"), "\(text)")
    }

    @Test func `stages in pieces may leave a block out at each end`() {
        // 126 blocks and two more are 128 = 16 stages of 8 pieces.
        for (layers, isRefused) in [(126, false), (128, false), (125, true)] {
            let text = Sample.complaints([
                "nproc_per_node: 4": "nnodes: 4\nnproc_per_node: 4",
                "train:\n":
                    "parallel: {pipeline_model_parallel_size: 16, virtual_pipeline_model_parallel_size: 8}\ntrain:\n",
                "n_layer: 2": "n_layer: \(layers)",
            ])
            #expect(text.contains("pieces of stages") == isRefused, "\(layers): \(text)")
        }
    }

    @Test func `more stages than blocks are refused`() {
        #expect(complaints("pipeline_model_parallel_size: 4").contains("error[E0212]: 4 stages for 2 blocks"))
    }

    @Test func `a sequence that nobody shares is refused`() {
        #expect(
            complaints("sequence_parallel: true").contains("shares a sequence among tensor ranks, and there is one"))
    }

    @Test func `a word in place of a switch is refused`() {
        #expect(complaints("use_flash_attn: yes").contains("`parallel.use_flash_attn` cannot be `yes`"))
    }

    @Test func `two lengths of a run are refused`() {
        let text = Sample.complaints(["train_iters: 200": "train_iters: 200\n  train_tokens: 1000"])
        #expect(text.contains("`train.train_tokens` and `train.train_iters` both set the run's length"))
    }

    @Test func `tokens give iterations, rounded up`() throws {
        let text = Sample.job.replacing("train_iters: 200", with: "train_tokens: 100_001")
        // 16 sequences of 32 tokens are 512: 195.3 iterations.
        #expect(try SpecReader.jobText(text, path: "jobs/test.yaml", overrides: []).spec.training.steps == 196)
    }

    @Test func `a table's bad rows are all told with their lines`() {
        let header = "id,layers,hidden,heads,seq,vocab,gpu,n_gpus,global_batch,iter_s,tflops_per_gpu,tflops_kind\n"
        do throws(StepTableErrors) {
            _ = try StepTable(
                header + "a,2,64,4,32,100,A100-80GB,1,8,,,\nb,2,x,4,32,100,A100-80GB,1,8,1,,\n", path: "t.csv")
            Issue.record("a bad table was read")
        } catch {
            #expect(
                error.lines == [
                    "t.csv:2: neither `iter_s` nor `tflops_per_gpu` is given",
                    "t.csv:3: `hidden` must be a whole number, not `x`",
                ])
        }
    }
}
