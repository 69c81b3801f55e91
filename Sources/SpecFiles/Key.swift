// The keys that a kind of file knows, as data: what the unknown-key check, its suggestions and the aliases are made
// from. Refuses to know the values' types and ranges; each section's reader does.

/// A key that a section of a file knows.
struct Key: ExpressibleByStringLiteral {
    /// The canonical name.
    let name: String
    /// Another accepted name, Megatron's.
    let alias: String?
    /// What other programs call it: not accepted, but understood well enough to name the right key.
    let elsewhere: [String]

    init(_ name: String, alias: String? = nil, elsewhere: [String] = []) {
        self.name = name
        self.alias = alias
        self.elsewhere = elsewhere
    }

    init(stringLiteral name: String) { self.init(name) }
}

/// Every section of a kind of file with its keys.
struct Schema {
    /// `Job`, `Cluster`.
    let kind: String
    /// What such a file is called in a sentence, `job`.
    let noun: String
    /// Sections by their dotted path, `""` being the top. An item of a list has the list's path.
    let sections: [(path: String, keys: [Key])]

    /// The keys of the section at `path`.
    func keys(at path: String) -> [Key] { sections.first { $0.path == path }?.keys ?? [] }

    /// The key, by its canonical name or its alias, that somebody meant who wrote `word` in the section at `path`.
    func meant(by word: String, at path: String) -> (key: Key, name: String)? {
        let here = keys(at: path)
        if let key = here.first(where: { $0.elsewhere.contains(word) }) { return (key, key.name) }
        let names = here.map(\.name) + here.compactMap(\.alias)
        guard let name = Suggestion.nearest(to: word, among: names) else { return nil }
        return here.first { $0.name == name || $0.alias == name }.map { ($0, name) }
    }

    /// What to say to somebody who wrote `word` in the section at `path`, where it means nothing.
    func hint(for word: String, at path: String) -> String {
        if let (key, name) = meant(by: word, at: path) {
            guard let alias = key.alias, name == key.name else { return "did you mean `\(name)`?" }
            return "did you mean `\(name)`? (Megatron's `\(alias)` is accepted too)"
        }
        for section in sections where section.path != path {
            for key in section.keys where key.name == word || key.alias == word || key.elsewhere.contains(word) {
                return "did you mean `\(section.path.isEmpty ? key.name : "\(section.path).\(key.name)")`?"
            }
        }
        return "known keys: \(keys(at: path).map(\.name).joined(separator: ", "))"
    }
}

extension Schema {
    /// The keys of a job file.
    static let job = Schema(
        kind: "Job", noun: "job",
        sections: [
            (
                "",
                [
                    "kind", "name", "nnodes", "nproc_per_node", "software", "model", "parallel", "train", "data",
                    "checkpoint", "fault_tolerance", "inject",
                ]
            ),
            (
                "model",
                [
                    "model_type",
                    Key("n_layer", alias: "num_layers", elsewhere: ["layers", "depth", "num_hidden_layers"]),
                    Key("n_embd", alias: "hidden_size", elsewhere: ["d_model", "width"]),
                    Key("n_head", alias: "num_attention_heads", elsewhere: ["heads"]),
                    Key("num_key_value_heads", alias: "num_query_groups", elsewhere: ["n_kv_heads", "kv_heads"]),
                    Key("n_inner", alias: "ffn_hidden_size", elsewhere: ["intermediate_size", "d_ff"]),
                    Key(
                        "n_positions", alias: "seq_length",
                        elsewhere: ["n_ctx", "block_size", "context_length", "max_position_embeddings"]),
                    "vocab_size",
                ]
            ),
            (
                "parallel",
                [
                    Key("tensor_model_parallel_size", elsewhere: ["tp", "tensor_parallel_size"]),
                    Key("pipeline_model_parallel_size", elsewhere: ["pp", "pipeline_parallel_size"]),
                    Key("virtual_pipeline_model_parallel_size", elsewhere: ["vpp", "interleave"]),
                    Key("context_parallel_size", elsewhere: ["cp"]), "sequence_parallel",
                    Key("zero_stage", elsewhere: ["zero", "fsdp"]),
                    Key("recompute_granularity", elsewhere: ["recompute", "activation_checkpointing"]),
                    Key("use_flash_attn", elsewhere: ["flash_attention", "flash"]),
                    Key("overlap_grad_reduce", elsewhere: ["overlap"]),
                ]
            ),
            (
                "train",
                [
                    Key("micro_batch_size", elsewhere: ["per_device_train_batch_size"]),
                    Key("global_batch_size", elsewhere: ["batch_size"]),
                    Key("train_iters", elsewhere: ["max_steps", "max_iters", "steps"]), "train_samples", "train_tokens",
                    Key("precision", elsewhere: ["dtype", "mixed_precision"]),
                    Key("lr", elsewhere: ["learning_rate"]), "min_lr",
                    Key("lr_decay_style", elsewhere: ["lr_scheduler_type"]),
                    Key("lr_warmup_iters", elsewhere: ["warmup_steps", "warmup_iters"]), "lr_wsd_decay_iters",
                    "adam_beta1", "adam_beta2", "adam_eps", "weight_decay",
                    Key("clip_grad", elsewhere: ["max_grad_norm", "grad_clip"]), "seed", "eval_interval", "eval_iters",
                ]
            ),
            ("data", ["source", "paths", "split", Key("skip", elsewhere: ["skip_batches", "exclude"])]),
            ("checkpoint", [Key("save_interval", elsewhere: ["save_steps", "interval"]), "keep"]),
            (
                "fault_tolerance",
                [
                    "recovery", "on_worker_loss", "spares", "max_restarts", "heartbeat", "step_deadline", "state_hash",
                    "straggler", "lease", "loss_spike",
                ]
            ),
            ("fault_tolerance.heartbeat", ["interval", "at_least", "timeout"]),
            ("fault_tolerance.step_deadline", ["factor", "at_least"]),
            ("fault_tolerance.state_hash", ["every"]),
            ("fault_tolerance.straggler", ["action", "factor", "for"]),
            (
                "fault_tolerance.loss_spike",
                [
                    "action", "window", "armed_after", "clip", Key("allowance", elsewhere: ["drift", "slack"]),
                    "threshold", "hold_sum", "freeze_sum", "freeze_z", "drift_after",
                    Key("wait", elsewhere: ["patience"]), "wait_at_least",
                    "healed_z", "benign_shift", "back", Key("skip_beyond", elsewhere: ["skip_batches"]),
                    "again_within", "lr_scale", "lr_scale_last",
                ]
            ),
            ("inject", ["at", "fail", "kind", "for", "random"]),
            ("inject.random", ["mtbf", "kinds", "for", "seed"]),
        ])

    /// The keys of a cluster file.
    static let cluster = Schema(
        kind: "Cluster", noun: "cluster",
        sections: [
            (
                "",
                [
                    "kind", "name", "nodes", "gpus", "network", "collectives", "storage", "failures", "lemons",
                    "maintenance", "failure_script", "spares",
                    "domains",
                    "recovery",
                ]
            ),
            ("nodes", ["hostlist", "gpus", "oversubscribe", "price", "power"]),
            ("gpus", ["peak", "memory", "memory_bandwidth", "sustained"]),
            ("gpus.peak", ["fp32", "bf16", "fp8"]),
            ("network", ["level", "scope", "bandwidth", "oversubscription"]),
            ("storage", ["read", "write"]),
            ("failures", ["cause", "per", "mtbf", "weibull_shape", "effect", "flaps", "detect", "repair", "ref"]),
            ("lemons", ["share", "factor", "ref"]),
            ("maintenance", ["first", "every", "nodes", "takes"]),
            ("spares", ["count", "swap_in"]),
            ("domains", ["nodes_per_leaf", "nodes_per_power_domain"]),
            ("recovery", ["snapshot", "write", "regroup", "restore", "peer_transfer", "diurnal_swing"]),
        ])

    /// The keys of a file of constants.
    static let constants = Schema(
        kind: "Constants", noun: "constants",
        sections: [
            ("", ["kind", "name", "constants", "fitted", "held"]),
            (
                "constants",
                [
                    "gemm", "attention", "elementwise", Key("node_links", elsewhere: ["nvlink"]), "network", "launch",
                    "fixed", "overlap",
                ]
            ),
            ("fitted", ["rows", "mean_absolute_error"]),
            ("held", ["rows", "mean_absolute_error"]),
        ])
}
