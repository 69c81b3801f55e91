// The table of codes: what `error[E0104]` means, for the prefix of a complaint and for `understudy explain E0104`.
// E00 is about files, E01 about their form, E02 about what the values mean together, W03 warns. A code is never given a
// second meaning; one that falls out of use leaves a gap.

/// A kind of complaint about a file.
public struct DiagnosticCode: Equatable, Sendable {
    /// The code as it is printed, `E0104`.
    public let id: String
    /// What it is about, in a few words.
    public let title: String
    /// One paragraph: when it is given, why, and what to do.
    public let explanation: String

    /// A code with its texts.
    private init(_ id: String, _ title: String, _ explanation: String) {
        self.id = id
        self.title = title
        self.explanation = explanation
    }

    /// The code printed as `id`, in any case of letters; nil when there is none.
    public init?(id: String) {
        guard let code = DiagnosticCode.all.first(where: { $0.id == id.uppercased() }) else { return nil }
        self = code
    }

    /// Every code, ascending.
    public static let all: [DiagnosticCode] = [
        unreadable, notUTF8, empty, severalDocuments, tooLarge, syntax, duplicateKey, wrongKind, unknownKey, missing,
        wrongType, unknownValue, unit, outOfRange, aliasConflict, badForm, badOverride, workers, gangTooLarge,
        batchNotDivisible, widthNotDivisible, schedule, vocabulary, injection, heartbeat, evaluation,
        unknownAccelerator, duplicateNode, layout, lossSpike, noCheckpoint, unevenStages,
    ]
}

extension DiagnosticCode: RawRepresentable, CaseIterable {
    /// The code with this `id`; nil when there is none.
    public init?(rawValue: String) { self.init(id: rawValue) }
    /// Its `id`.
    public var rawValue: String { id }
    /// Every code, ascending.
    public static var allCases: [DiagnosticCode] { all }
}

extension DiagnosticCode: Codable {
    /// Reads the code's `id`.
    public init(from decoder: any Decoder) throws {
        let id = try decoder.singleValueContainer().decode(String.self)
        guard let code = DiagnosticCode(id: id) else {
            throw DecodingError.dataCorrupted(
                DecodingError.Context(codingPath: decoder.codingPath, debugDescription: "there is no code \(id)"))
        }
        self = code
    }

    /// Writes the code's `id`.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(id)
    }
}

// Files.
extension DiagnosticCode {
    static let unreadable = DiagnosticCode(
        "E0001", "the file cannot be read",
        """
        The file does not exist, is a folder, or may not be read by this user. The path is taken relative to the \
        folder the command was started in.
        """)
    static let notUTF8 = DiagnosticCode(
        "E0002", "the file is not UTF-8",
        """
        Job and cluster files are UTF-8 text. The line and column are those of the first byte that is not. Save the \
        file as UTF-8; a byte order mark at its start does no harm.
        """)
    static let empty = DiagnosticCode(
        "E0003", "the file is empty",
        """
        The file has no content but white space and comments. A job file starts with `kind: Job`, a cluster file with \
        `kind: Cluster`; the files under jobs/ and clusters/ are examples to copy.
        """)
    static let severalDocuments = DiagnosticCode(
        "E0004", "the file holds several documents",
        """
        A YAML file may hold several documents divided by `---`. A job or cluster file holds one, so that a path names \
        one thing. Put the others into files of their own.
        """)
    static let tooLarge = DiagnosticCode(
        "E0005", "the file is too large",
        """
        A job or cluster file of more than a mebibyte, or one whose anchors and aliases multiply to more than 100,000 \
        values, is not one that a person wrote. Corpora are named under `data.paths`, not included; equal nodes are \
        written as one hostlist.
        """)
}

// Form.
extension DiagnosticCode {
    static let syntax = DiagnosticCode(
        "E0101", "not YAML",
        """
        The text is not well-formed YAML at this place. Usual causes: a tab in the indentation, a missing space after \
        a colon, a bracket, brace or quote that is not closed, a value with `: ` or ` #` in it that is not quoted.
        """)
    static let duplicateKey = DiagnosticCode(
        "E0102", "the same key twice",
        """
        A mapping gives one key twice. YAML readers differ in which of the two they believe, so neither is: remove one.
        """)
    static let wrongKind = DiagnosticCode(
        "E0103", "another kind of file than asked for",
        """
        `kind` says what a file describes: `Job` or `Cluster`. The command wanted the other one; perhaps two arguments \
        changed places.
        """)
    static let unknownKey = DiagnosticCode(
        "E0104", "unknown key",
        """
        No value is read under this key. Keys that mean nothing are refused, because a misspelt one would otherwise \
        silently leave its default in force. Names are Megatron's for training, Hugging Face's GPT2Config for the \
        model (with Megatron's as aliases) and torchrun's for the size of the gang.
        """)
    static let missing = DiagnosticCode(
        "E0105", "a value is missing",
        """
        A key without a default is not there, or stands there without a value. What decides the result of training has \
        no default: the sizes of the model, the batch sizes, the number of steps, the learning rate and the data.
        """)
    static let wrongType = DiagnosticCode(
        "E0106", "another type than wanted",
        """
        The value is, say, a text, a list or a mapping where a number is wanted. Numbers stand without quotes, in any \
        decimal form: `3e-4`, `0.0003`, `50_257`. Whole numbers may be written `1e5` too.
        """)
    static let unknownValue = DiagnosticCode(
        "E0107", "not one of the allowed words",
        """
        The key takes one of a few words, which the hint lists. Upper and lower case do not matter.
        """)
    static let unit = DiagnosticCode(
        "E0108", "a unit is missing or unknown",
        """
        Times, sizes, rates and prices carry their unit, because a bare number is read differently by different \
        people. Times: ns us ms s min h d. Sizes: B kB MB GB TB (powers of 1000), KiB MiB GiB (powers of 1024). \
        Rates: MFLOPs GFLOPs TFLOPs PFLOPs, a second. Prices: USD/h.
        """)
    static let outOfRange = DiagnosticCode(
        "E0109", "outside the allowed range",
        """
        The value is of the right type but has no meaning here, such as a learning rate below zero, or is larger than \
        anything this program was built for. The message gives the range.
        """)
    static let aliasConflict = DiagnosticCode(
        "E0110", "a name and its alias disagree",
        """
        The same quantity is given under both of its names, such as `n_embd` and `hidden_size`, with different values. \
        Keep one. A value given with `-s` under either name replaces the file's under both.
        """)
    static let badForm = DiagnosticCode(
        "E0111", "a text not of the wanted form",
        """
        Some values are short texts with a form of their own: `95,5` for a split, `step=120` and `rank 2` for an \
        injected fault, `cpu-core:2` for accelerators, `node-[000-123]` for nodes, a name fit for a folder. The \
        message says what is wrong, the hint shows the form.
        """)
    static let badOverride = DiagnosticCode(
        "E0112", "an `-s` argument that cannot be applied",
        """
        An override is `-s key=value`, the key dotted from the top of the job file: `-s train.lr=3e-4`. The value is \
        read as YAML. Mappings on the way are made where they are missing; a list item is named by its index from 0.
        """)
}

// Meaning.
extension DiagnosticCode {
    static let workers = DiagnosticCode(
        "E0201", "no workers",
        """
        A job's gang is `nnodes` × `nproc_per_node` workers, and must have at least one.
        """)
    static let gangTooLarge = DiagnosticCode(
        "E0202", "more workers than micro-batches",
        """
        A step is `global_batch_size` / `micro_batch_size` micro-batches, shared out among the workers. A worker \
        without any would only wait. Use fewer workers, a larger global batch or smaller micro-batches; of these, only \
        the number of workers leaves the result of training as it is.
        """)
    static let batchNotDivisible = DiagnosticCode(
        "E0203", "the global batch is not a whole number of micro-batches",
        """
        `global_batch_size` must be a multiple of `micro_batch_size`: every micro-batch is of the same size, so that \
        each counts equally in the gradient. The number of workers need not divide anything.
        """)
    static let widthNotDivisible = DiagnosticCode(
        "E0204", "the width is not a whole number of heads",
        """
        Each attention head works on `n_embd` / `n_head` channels, so `n_embd` must be a multiple of `n_head`.
        """)
    static let schedule = DiagnosticCode(
        "E0205", "an impossible learning-rate schedule",
        """
        The warm-up must end before the run does, the lowest rate cannot exceed the highest, and the final decay of \
        `wsd` (`lr_wsd_decay_iters`) must fit between the warm-up and the end. The other styles have no such decay.
        """)
    static let vocabulary = DiagnosticCode(
        "E0206", "the vocabulary does not fit the data",
        """
        `source: text` reads one token a byte, so `vocab_size` is 256. `source: tokens` reads 16-bit numbers, so it is \
        at most 65,536.
        """)
    static let lossSpike = DiagnosticCode(
        "E0215", "a detector of loss spikes that cannot work",
        """
        The detector under `fault_tolerance.loss_spike` adds up each step's deviation, at most `clip` less `allowance`, \
        and gives an alarm above `threshold`. Its baseline is learned from `armed_after` steps at least and `window` steps \
        at most, and must close (`freeze_sum`) before the alarm. Leave out what you have no reason to change.
        """)
    static let injection = DiagnosticCode(
        "E0207", "a fault that can never strike",
        """
        An injected fault names a victim that there can be, and a step after which the run still has one to take: from \
        1 to `train_iters` - 1. Ranks count from 0. `partition` parts a rank from its coordinator, or a link, `link 1-2`; \
        `corrupt=checkpoint` and `disk_full` strike the checkpoint; a coordinator can only be killed.
        """)
    static let heartbeat = DiagnosticCode(
        "E0208", "heartbeats, timeout and lease out of order",
        """
        A worker is lost after `heartbeat.at_least` to `heartbeat.timeout` of silence, depending on how regular its \
        heartbeats were, so it must speak more often than that \
        (`heartbeat.interval`), and must itself give up (`lease`) no sooner than its coordinator gives it up, or a \
        short silence would end workers that are still counted on.
        """)
    static let evaluation = DiagnosticCode(
        "E0209", "nothing to evaluate on",
        """
        `eval_interval` asks for a validation loss, and `data.split` leaves no validation data. Set one or the other.
        """)
    static let unknownAccelerator = DiagnosticCode(
        "E0210", "an accelerator that is not described",
        """
        Every type named by a node's `gpus: "TYPE:COUNT"` is described once under the cluster's `gpus`.
        """)
    static let duplicateNode = DiagnosticCode(
        "E0211", "the same node twice",
        """
        A node's name stands in two hostlists, or twice in one. Names are identities: two machines cannot share one.
        """)
    static let layout = DiagnosticCode(
        "E0212", "an impossible layout",
        """
        Tensor, pipeline and context parallel ranks together hold one copy of the model, so their product must divide \
        the number of accelerators. Heads, keys and values are divided among the tensor ranks, blocks among the stages \
        and their pieces, each sequence among the context ranks; a sequence is shared only where tensor ranks are.
        """)
    static let unevenStages = DiagnosticCode(
        "W0302", "stages of different lengths",
        """
        Neither the blocks nor the blocks and two more, which is how the embedding and the output layer are counted when \
        each stands in for a block, are a multiple of the stages. Some stages then have a block more than others, and the \
        others wait for them in every step.
        """)
    static let noCheckpoint = DiagnosticCode(
        "W0301", "no checkpoint before the end",
        """
        `save_interval` is longer than the run, so the only checkpoint is the one at its end: after any failure the \
        run starts over from step 0.
        """)
}
