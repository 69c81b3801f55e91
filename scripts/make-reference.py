#!/usr/bin/env python3
"""Writes the fixtures that TrainingTests compares GPT and AdamW with, from PyTorch and Hugging Face transformers.

Run by hand when the fixtures' form changes: the tests need no Python. The reference computes in double precision, so
that what a test measures is this project's rounding alone. Weights are multiples of 1/512 and stored as one byte each:
both sides start from exactly equal numbers. It refuses to test: it only records what the reference gives.

Needs from PyPI: torch, transformers, numpy (pip install torch transformers numpy).
"""

import json
import pathlib
import sys

try:
    import numpy
    import torch
    from transformers import GPT2Config, GPT2LMHeadModel
except ImportError as error:
    sys.exit(f"make-reference: {error}; it needs: pip install torch transformers numpy")

FIXTURES = pathlib.Path(__file__).resolve().parent.parent / "Tests" / "TrainingTests" / "Fixtures"
STEPS = 10
OPTIMIZER = {"learning_rate": 0.01, "beta1": 0.9, "beta2": 0.95, "epsilon": 1e-5, "weight_decay": 0.1, "clip": 1.0}
# Every 16th parameter after the last step is enough to see a wrong update, and keeps the repository small.
SAMPLE_STRIDE = 16
CONFIGURATIONS = {
    "gpt-2x32": {"layers": 2, "width": 32, "heads": 4, "context_length": 16, "vocabulary_size": 61, "sequences": 3},
    # Longer than a block of attention's queries, and not a multiple of one.
    "gpt-1x24": {"layers": 1, "width": 24, "heads": 2, "context_length": 150, "vocabulary_size": 31, "sequences": 2},
    "gpt-1x48": {"layers": 1, "width": 48, "heads": 3, "context_length": 24, "vocabulary_size": 256, "sequences": 2},
}


def make_model(sizes):
    return GPT2LMHeadModel(
        GPT2Config(
            n_layer=sizes["layers"], n_embd=sizes["width"], n_head=sizes["heads"],
            n_positions=sizes["context_length"], vocab_size=sizes["vocabulary_size"],
            resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0, activation_function="gelu_new",
            attn_implementation="eager", bos_token_id=None, eos_token_id=None,
        )
    ).double()


def set_weights(model, generator):
    """Multiples of 1/512 for every tensor; LayerNorm weights lie around 1. Returns the numerators, in order."""
    numerators = []
    for name, parameter in model.named_parameters():
        integers = torch.randint(-120, 121, parameter.shape, generator=generator)
        numerators.append(integers.flatten())
        around_one = name.endswith("weight") and parameter.dim() == 1
        with torch.no_grad():
            parameter.copy_(integers.double() / 512 + (1.0 if around_one else 0.0))
    return torch.cat(numerators).to(torch.int8)


def loss_of(model, batch):
    inputs, targets = batch[:, :-1], batch[:, 1:]
    logits = model(inputs).logits
    return logits, torch.nn.functional.cross_entropy(logits.flatten(0, 1), targets.flatten())


def flat(tensors):
    return torch.cat([tensor.detach().flatten() for tensor in tensors])


def train(model, batches):
    """Ten steps, decay on matrices only; the losses and the gradient norms before clipping."""
    parameters = list(model.parameters())
    matrices = [p for p in parameters if p.dim() > 1]
    vectors = [p for p in parameters if p.dim() == 1]
    optimizer = torch.optim.AdamW(
        [{"params": matrices, "weight_decay": OPTIMIZER["weight_decay"]}, {"params": vectors, "weight_decay": 0.0}],
        lr=OPTIMIZER["learning_rate"], betas=(OPTIMIZER["beta1"], OPTIMIZER["beta2"]), eps=OPTIMIZER["epsilon"],
    )
    losses, norms = [], []
    for batch in batches:
        optimizer.zero_grad()
        _, loss = loss_of(model, batch)
        loss.backward()
        norms.append(torch.nn.utils.clip_grad_norm_(parameters, OPTIMIZER["clip"]).item())
        optimizer.step()
        losses.append(loss.item())
    return losses, norms


def write(name, sizes):
    generator = torch.Generator().manual_seed(20)
    model = make_model(sizes)
    numerators = set_weights(model, generator)
    shape = (STEPS, sizes["sequences"], sizes["context_length"] + 1)
    batches = torch.randint(0, sizes["vocabulary_size"], shape, generator=generator)
    logits, loss = loss_of(model, batches[0])
    loss.backward()
    names = [parameter_name for parameter_name, _ in model.named_parameters()]
    gradient = flat(parameter.grad for parameter in model.parameters())
    losses, norms = train(model, batches)
    final = flat(model.parameters())[::SAMPLE_STRIDE]

    folder = FIXTURES / name
    folder.mkdir(parents=True, exist_ok=True)
    numerators.numpy().tofile(folder / "weights.i8")
    for file, values in {"logits": logits.detach(), "gradient": gradient, "final": final}.items():
        values.numpy().astype("<f4").tofile(folder / f"{file}.f32")
    index = {
        "made_with": f"torch {torch.__version__.split('+')[0]}", "sizes": sizes, "optimizer": OPTIMIZER,
        "sample_stride": SAMPLE_STRIDE, "tensors": names, "batches": batches.tolist(), "loss": loss.item(),
        "losses": losses, "norms": norms,
    }
    (folder / "index.json").write_text(json.dumps(index) + "\n")
    print(f"{name}: {gradient.numel()} parameters, loss {loss.item():.6f}, after {STEPS} steps {losses[-1]:.6f}")
    print("  gradient norms", " ".join(f"{norm:.3f}" for norm in norms))


if __name__ == "__main__":
    for configuration, sizes in CONFIGURATIONS.items():
        write(configuration, sizes)
