// The resolved text of a job: exact for one job, and equal to its spec when read again for many. Refuses to test where
// a run keeps it.

import Foundation
import Jobs
import Primitives
import SpecFiles
import Testing

@Suite("Resolved text") struct ResolvedTests {
    @Test func `each value is there once with where it came from`() throws {
        let job = try SpecReader.jobText(
            Sample.job, path: "/lab/test.yaml", overrides: ["train.lr=1e-3", "data.split=\"90,10\""])
        #expect(job.resolvedText == Self.resolved)
    }

    private static let resolved = """
        kind: Job
        name: "test"                     # /lab/test.yaml:2
        nnodes: 1                        # default
        nproc_per_node: 4                # /lab/test.yaml:3
        model:
          model_type: gpt2               # /lab/test.yaml:5
          n_layer: 2                     # /lab/test.yaml:6
          n_embd: 64                     # /lab/test.yaml:7
          n_head: 4                      # /lab/test.yaml:8
          num_key_value_heads: 4         # default: n_head
          n_inner: 256                   # default: 4 x n_embd
          n_positions: 32                # /lab/test.yaml:9
          vocab_size: 256                # /lab/test.yaml:10
        parallel:
          tensor_model_parallel_size: 1  # default
          pipeline_model_parallel_size: 1  # default
          virtual_pipeline_model_parallel_size: 1  # default
          context_parallel_size: 1       # default
          sequence_parallel: false       # default
          zero_stage: 0                  # default
          recompute_granularity: none    # default
          use_flash_attn: false          # default
          overlap_grad_reduce: false     # default
        train:
          micro_batch_size: 4            # /lab/test.yaml:12
          global_batch_size: 16          # /lab/test.yaml:13
          train_iters: 200               # /lab/test.yaml:14
          precision: fp32                # default
          lr: 0.001                      # -s
          min_lr: 0.0001                 # default: lr / 10
          lr_decay_style: cosine         # default
          lr_warmup_iters: 20            # /lab/test.yaml:16
          adam_beta1: 0.9                # default
          adam_beta2: 0.95               # default
          adam_eps: 1e-08                # default
          weight_decay: 0.1              # default
          clip_grad: 1.0                 # default
          seed: 1234                     # default
          eval_interval: 0               # default
          eval_iters: 20                 # default
        data:
          source: text                   # /lab/test.yaml:18
          paths:                         # /lab/test.yaml:19
            - "/docs/**/*.md"
          split: "90,10"                 # -s
          skip: []                       # default
        checkpoint:
          save_interval: 50              # /lab/test.yaml:21
          keep: 3                        # default
        fault_tolerance:
          recovery: peer                 # default
          on_worker_loss: spare          # default
          spares: 0                      # default
          max_restarts: 20               # default
          heartbeat:
            interval: 500ms              # /lab/test.yaml:23
            at_least: 1s                 # default
            timeout: 10s                 # /lab/test.yaml:23
          step_deadline:
            factor: 4                    # default
            at_least: 1s                 # default
          state_hash:
            every: 1                     # default
          straggler:
            action: report               # default
            factor: 1.5                  # default
            for: 30 steps                # default
          lease: 15s                     # /lab/test.yaml:24
          loss_spike:
            action: rollback             # default
            window: 128                  # default
            armed_after: 64              # default
            clip: 4.0                    # default
            allowance: 1.0               # default
            threshold: 12.0              # default
            hold_sum: 0.0                # default
            freeze_sum: 6.0              # default
            freeze_z: 6.0                # default
            drift_after: 20              # default
            wait: 50                     # default
            wait_at_least: 20            # default
            healed_z: 2.0                # default
            benign_shift: 0.01           # default
            back: 100                    # default
            skip_beyond: 100             # default
            again_within: 1000           # default
            lr_scale: 0.75               # default
            lr_scale_last: 0.5           # default
        inject:
          - {at: step=120, fail: rank 2, kind: kill}  # /lab/test.yaml:26

        """

    /// Overrides that leave no default in force, with values that are hard to write down.
    private static let unusual = [
        "name=a.b_c-9", "nnodes=3", "nproc_per_node=1", "model.n_layer=3", "model.hidden_size=48", "model.n_head=6",
        "model.seq_length=17", "train.micro_batch_size=2", "train.global_batch_size=6", "train.train_iters=1_001",
        "train.lr=0.1234567890123456789", "train.min_lr=1e-300", "train.lr_decay_style=wsd",
        "train.lr_warmup_iters=7", "train.lr_wsd_decay_iters=11", "train.adam_beta1=0", "train.adam_beta2=0.999",
        "train.adam_eps=3.3e-7", "train.weight_decay=0", "train.clip_grad=0", "train.seed=18446744073709551615",
        "train.eval_interval=10", "train.eval_iters=3", "data.split=\"2,1\"", "data.skip=[\"351-555\", 7]",
        #"data.paths=["a #b.txt", "c\"d\\e.txt", "ü: \u0007.txt"]"#, "checkpoint.save_interval=7",
        "checkpoint.keep=1", "fault_tolerance.max_restarts=0", "fault_tolerance.heartbeat.interval=1234567ns",
        "fault_tolerance.recovery=checkpoint", "fault_tolerance.on_worker_loss=wait", "fault_tolerance.spares=2",
        "fault_tolerance.heartbeat.timeout=1.5min", "fault_tolerance.lease=3650d",
        "fault_tolerance.heartbeat.at_least=2s", "fault_tolerance.step_deadline={factor: 7, at_least: 250ms}",
        "fault_tolerance.state_hash.every=12",
        "fault_tolerance.straggler={action: swap, factor: 2.5, for: 12s}",
        "fault_tolerance.loss_spike={action: report, window: 99, armed_after: 33, clip: 3.5, allowance: 0.75}",
        "fault_tolerance.loss_spike.threshold=11", "fault_tolerance.loss_spike.freeze_sum=3",
        "fault_tolerance.loss_spike.freeze_z=5", "fault_tolerance.loss_spike.drift_after=21",
        "fault_tolerance.loss_spike.wait=10",
        "fault_tolerance.loss_spike.wait_at_least=11", "fault_tolerance.loss_spike.hold_sum=1.5",
        "fault_tolerance.loss_spike.healed_z=0.1",
        "fault_tolerance.loss_spike.benign_shift=0", "fault_tolerance.loss_spike.back=7",
        "fault_tolerance.loss_spike.skip_beyond=0", "fault_tolerance.loss_spike.again_within=1",
        "fault_tolerance.loss_spike.lr_scale=0.9", "fault_tolerance.loss_spike.lr_scale_last=0.6666666666666666",
        "model.num_key_value_heads=3", "model.n_inner=96", "software=megatron-core", "train.precision=bf16",
        "parallel={tensor_model_parallel_size: 3, pipeline_model_parallel_size: 1, context_parallel_size: 1}",
        "parallel.virtual_pipeline_model_parallel_size=1", "parallel.sequence_parallel=true", "parallel.zero_stage=1",
        "parallel.recompute_granularity=full", "parallel.use_flash_attn=true", "parallel.overlap_grad_reduce=true",
        "inject=[{at: step=5, fail: rank 1, kind: kill}, {at: step=2, fail: link 0-1, kind: partition, for: 70ms}, "
            + "{at: 90s, kind: disk_full}, {random: {mtbf: 9 steps, kinds: [stop, slow=1.5x]}}]",
    ]

    @Test func `reading it again gives an equal job`() throws {
        for overrides in [[], Self.unusual, ["inject=[]"], ["data.split=\"1,0\""], ["data.split=\"0.7,0.1\""]] {
            let job = try SpecReader.jobText(Sample.job, path: "/lab/test.yaml", overrides: overrides)
            let again = try SpecReader.jobText(job.resolvedText, path: "/elsewhere/resolved.yaml")
            #expect(again.spec == job.spec)
        }
    }

    @Test func `the unusual job of these tests leaves no default in force`() throws {
        let job = try SpecReader.jobText(Sample.job, path: "/lab/test.yaml", overrides: Self.unusual)
        #expect(!job.resolvedText.contains("# default"))
    }

    @Test func `every split of a hundred steps comes back as the same share`() throws {
        for part in 0..<100 {
            let split = "\(1 + Double(part) * 0.37),\(Double(99 - part) * 1.1)"
            let job = try SpecReader.jobText(
                Sample.job, path: "/lab/test.yaml", overrides: ["data.split=\"\(split)\""])
            let again = try SpecReader.jobText(job.resolvedText, path: "/lab/resolved.yaml")
            #expect(again.spec.data.validationShare == job.spec.data.validationShare)
        }
    }
}
