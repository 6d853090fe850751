"""How probable declared answers are as the beginning of a reply: forced token by token, nothing drawn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from counterproof.measure.whitebox import _need

ROWS = 32  # of one batch; each holds the scores of a whole vocabulary for every token of an answer


def logs(net: Any, prompts: Sequence[list[int]], answers: Sequence[list[int]], pad: int) -> list[float]:  # noqa: ANN401 - a module
    """Per prompt with its answer, ln P(answer | prompt): the sum over the answer's tokens. Every answer has a token."""
    torch = _need.torch()
    device = next(net.parameters()).device
    order = sorted(range(len(prompts)), key=lambda n: len(prompts[n]) + len(answers[n]))
    found = [0.0] * len(prompts)
    with torch.no_grad():
        for start in range(0, len(order), ROWS):
            rows = order[start : start + ROWS]
            longest = max(len(prompts[n]) + len(answers[n]) for n in rows)
            most = max(len(answers[n]) for n in rows)
            ids_B_T = torch.full((len(rows), longest), pad)
            seen_B_T = torch.zeros((len(rows), longest), dtype=torch.long)
            for row, n in enumerate(rows):  # aligned at their end, so that the answers are the last columns
                whole = [*prompts[n], *answers[n]]
                ids_B_T[row, longest - len(whole) :] = torch.tensor(whole)
                seen_B_T[row, longest - len(whole) :] = 1
            position = (seen_B_T.cumsum(1) - 1).clamp(min=0)
            scores = net(
                input_ids=ids_B_T.to(device), attention_mask=seen_B_T.to(device), position_ids=position.to(device),
                use_cache=False, logits_to_keep=most + 1,
            ).logits  # fmt: skip
            said_B_K = scores[:, :-1].float().log_softmax(-1)  # what each of the last columns was foretold as
            wanted_B_K = ids_B_T[:, -most:].to(device)
            each_B_K = said_B_K.gather(2, wanted_B_K[:, :, None])[:, :, 0]
            for row, n in enumerate(rows):
                found[n] = float(each_B_K[row, most - len(answers[n]) :].sum())
    return found
