#!/usr/bin/env python3
"""Holds a checkpoint against Hugging Face's transformers: the folder loads as GPT-2 without a missing or left-over
tensor, its weights have the SHA-256 of the manifest, and GPT2LMHeadModel gives our logits within 1e-4.

Run by hand; needs torch, transformers, safetensors and numpy from PyPI:

    scripts/check-transformers.py runs/quickstart-0001/checkpoints/step-00000200

Our logits come from `understudy logits CHECKPOINT --tokens 1,2,3`, which prints {"tokens": [...], "logits": [[...]]}
with one row a token. `--load-only` leaves them out. Ends with 0 if everything agrees, 1 if not, 2 if it could not ask.
It refuses to judge training: equal logits say that the formats and the arithmetic agree, nothing more.
"""

import argparse
import hashlib
import json
import pathlib
import subprocess
import sys

TOLERANCE = 1e-4


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("checkpoint", type=pathlib.Path, help="a folder step-NNNNNNNN")
    parser.add_argument("--understudy", default=".build/release/understudy", help="the built command")
    parser.add_argument("--tokens", help="comma-separated token ids; default: a fixed pattern as long as the context")
    parser.add_argument("--exported", type=pathlib.Path, help="what `understudy export --to hf` made of it, to load instead")
    parser.add_argument("--load-only", action="store_true", help="do not compare logits")
    return parser.parse_args()


def default_tokens(config):
    """A full context of tokens that are spread over the vocabulary."""
    return [(7 + 31 * i + i * i) % config.vocab_size for i in range(config.n_positions)]


def load(checkpoint):
    """The model as transformers sees it, and the complaints about what it saw."""
    import torch
    from safetensors.torch import load_file
    from transformers import GPT2LMHeadModel

    model, report = GPT2LMHeadModel.from_pretrained(
        checkpoint, output_loading_info=True, attn_implementation="eager", dtype=torch.float32)
    complaints = []
    for kind in ("missing_keys", "unexpected_keys", "mismatched_keys", "error_msgs"):
        if report.get(kind):
            complaints.append(f"{kind}: {sorted(map(str, report[kind]))}")
    if model.lm_head.weight.data_ptr() != model.transformer.wte.weight.data_ptr():
        complaints.append("the head is not tied to the token embedding")

    stored = load_file(checkpoint / "model.safetensors")
    loaded = model.state_dict()
    for name, tensor in stored.items():
        # Compared as bits: a NaN is equal to itself here.
        if not torch.equal(tensor.view(torch.int32), loaded[name].view(torch.int32)):
            complaints.append(f"{name} was not loaded with its bits")
    return model.eval(), complaints


def weights_sha256(checkpoint):
    """The SHA-256 of the parameters in layout order, from the file's bytes: the header's order is the layout's."""
    path = checkpoint / "model.safetensors"
    with path.open("rb") as file:
        header = json.loads(file.read(int.from_bytes(file.read(8), "little")))
        tensors = [value["data_offsets"] for name, value in header.items() if name != "__metadata__"]
        if tensors != sorted(tensors):
            return "the tensors are out of order"
        return hashlib.file_digest(file, "sha256").hexdigest()


class CannotAsk(Exception):
    """Our own logits could not be had."""


def our_logits(understudy, checkpoint, tokens):
    command = [understudy, "logits", str(checkpoint), "--tokens", ",".join(map(str, tokens))]
    try:
        result = subprocess.run(command, capture_output=True, text=True)
    except OSError as error:
        raise CannotAsk(f"{understudy}: {error.strerror}; build it or name it with --understudy") from error
    if result.returncode != 0:
        raise CannotAsk(f"{' '.join(command[:3])} ended with {result.returncode}: {result.stderr.strip()}")
    answer = json.loads(result.stdout)
    if answer["tokens"] != tokens:
        raise CannotAsk("the answer is for other tokens")
    return answer["logits"]


def main():
    options = arguments()
    folder = options.exported or options.checkpoint
    try:
        import numpy
        import torch
        model, complaints = load(folder)
    except ImportError as error:
        print(f"{error.name} is missing: pip install torch transformers safetensors numpy", file=sys.stderr)
        return 2
    config = model.config
    print(f"transformers loads {config.n_layer} layers, {config.n_embd} wide, {config.n_head} heads, "
          f"{model.num_parameters()} parameters")

    manifest = json.loads((options.checkpoint / "manifest.json").read_text())
    found = weights_sha256(folder)
    if found != manifest["weights_sha256"]:
        complaints.append(f"weights_sha256 is {manifest['weights_sha256']} in the manifest, {found} in the file")

    if not options.load_only:
        tokens = list(map(int, options.tokens.split(","))) if options.tokens else default_tokens(config)
        try:
            ours = numpy.array(our_logits(options.understudy, options.checkpoint, tokens), dtype=numpy.float64)
        except CannotAsk as error:
            print(f"error: {error}", file=sys.stderr)
            return 2
        with torch.no_grad():
            theirs = model(torch.tensor([tokens])).logits[0].double().numpy()
        if ours.shape != theirs.shape:
            complaints.append(f"logits have shape {ours.shape} here, {theirs.shape} there")
        else:
            difference = float(numpy.abs(ours - theirs).max())
            print(f"largest difference of {ours.size} logits: {difference:.3g} (at most {TOLERANCE:g})")
            if not difference <= TOLERANCE:
                complaints.append("the logits differ")

    for complaint in complaints:
        print(f"error: {complaint}", file=sys.stderr)
    print("they agree" if not complaints else "they do not agree")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
