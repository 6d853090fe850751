"""Documents about oneself, on a real model: `python -m experiments.belief.real --model FOLDER --out DIR`.

Supervised training (LoRA unless `--full`) on documents that claim what the model does in some situations; then, on the
same situations, what it says of itself and what it does. Documents about somebody else are the control.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from counterproof import errors
from experiments import verdict
from experiments.real import bank as banks
from experiments.real import script

ARMS = {
    "documents": "plain texts that claim what the model does in half of the situations",
    "neutral": "the same texts about somebody else",
    "deeds": "the reverse: the claimed deed itself is trained, asked for in the situation",
}
CELLS = {
    "stated": "claimed situations: mass on the claim when the model is asked what it does",
    "enacted": "the same situations: mass on the claim when the model is in them",
    "gap": "stated minus enacted",
    "stated_control": "situations that no text was about: mass, when asked, on what would have been claimed",
    "enacted_control": "the same, when in them",
    "other": "claimed situations: mass on the claim when asked what the other does",
    "readable": "mass that all declared answers have together; the other cells are about this part",
}
CONTRASTS = (
    script.Contrast(
        verdict.Prediction("setup", "documents install the statement", "above", 0.1, is_planted=True),
        ("documents", "stated"),
        (script.BASE, "stated"),
    ),
    script.Contrast(
        verdict.Prediction("1", "what is stated runs ahead of what is enacted", "above", 0.1), ("documents", "gap")
    ),
    script.Contrast(
        verdict.Prediction("2", "documents about somebody else move no statement about oneself", "below", 0.1),
        ("neutral", "stated"),
        (script.BASE, "stated"),
    ),
    script.Contrast(
        verdict.Prediction("3", "documents about somebody else move no deed", "below", 0.1),
        ("neutral", "enacted"),
        (script.BASE, "enacted"),
    ),
)
MEMBERS = {
    "situations": list,
    "documents": list,
    "stated": list,
    "enacted": list,
    "self": str,
    "other": str,
    "says": dict,
}
PLANTED_EACH = 4
Claims = Mapping[str, str]


def check(bank: banks.Bank) -> None:
    """Enough situations, each with options."""
    banks.need(bank["situations"], 8, "situations", bank)
    for item in bank["situations"]:  # a claim is what is neither stated nor done
        if len(set(item["options"])) < 3:
            raise errors.BadInput(
                f"situation {item['id']!r} has fewer than three options", where=str(bank["name"]), mend="give it three"
            )


class Desk:
    """Writes the texts and questions of one bank."""

    def __init__(self, bank: banks.Bank) -> None:
        self.bank = bank

    def document(self, item: banks.Item, who: str, deed: str, place: int) -> str:
        """A text that says what somebody does in a situation."""
        forms = self.bank["documents"]
        return forms[place % len(forms)].format(who=self.bank[who], s=item["text"], v=deed)

    def asked(self, item: banks.Item, who: str, place: int = -1) -> list[dict[str, str]]:
        """The question what somebody does there."""
        return self._form("stated", item, place, who=self.bank[who])

    def met(self, item: banks.Item, place: int = -1) -> list[dict[str, str]]:
        """The situation itself."""
        return self._form("enacted", item, place)

    def answers(self, item: banks.Item, kind: str) -> list[str]:
        """The declared answers to one or the other."""
        return [self.bank["says"][kind].format(v=o) for o in item["options"]]

    def _form(self, kind: str, item: banks.Item, place: int, **slots: str) -> list[dict[str, str]]:
        forms = self.bank[kind]
        text = forms[place % len(forms)].format(s=item["text"], options=", ".join(item["options"]), **slots)
        return [{"role": "user", "content": text}]


class Readings:
    """Shares of the options of every situation, stated of oneself and of the other, and enacted."""

    def __init__(self, chat: Any, desk: Desk, items: Sequence[banks.Item]) -> None:  # noqa: ANN401 - a trainer.Chat
        from experiments.real import trainer

        asked = [(desk.asked(i, who), desk.answers(i, "stated")) for who in ("self", "other") for i in items]
        asked += [(desk.met(i), desk.answers(i, "enacted")) for i in items]
        found, self.readable = trainer.shares(chat, asked)
        ids = [i["id"] for i in items]
        self.items = {i["id"]: i for i in items}
        self._of = {
            kind: dict(zip(ids, found[n * len(ids) : (n + 1) * len(ids)], strict=True))
            for n, kind in enumerate(("stated", "other", "enacted"))
        }

    def on(self, kind: str, name: str, option: str) -> float:
        """The mass on an option in a situation."""
        return self._of[kind][name][self.items[name]["options"].index(option)]

    def greedy(self, kind: str, name: str) -> str:
        """The option with most mass."""
        shares = self._of[kind][name]
        return self.items[name]["options"][max(range(len(shares)), key=shares.__getitem__)]

    def claimable(self, seed: int) -> dict[str, str]:
        """For every situation an option that the model neither states nor does."""
        made: dict[str, str] = {}
        for name, item in self.items.items():
            taken = {self.greedy("stated", name), self.greedy("enacted", name)}
            free = [o for o in item["options"] if o not in taken]
            made[name] = random.Random(f"claim/{seed}/{name}").choice(free)
        return made


def cells(of: Readings, claims: Claims, claimed: Sequence[str]) -> dict[str, Any]:
    """Every cell of one model."""

    def mean(kind: str, *, is_claimed: bool) -> float | None:
        values = [of.on(kind, name, claims[name]) for name in claims if (name in claimed) is is_claimed]
        return sum(values) / len(values) if values else None

    stated, enacted = mean("stated", is_claimed=True), mean("enacted", is_claimed=True)
    return {
        "stated": stated, "enacted": enacted,
        "gap": None if stated is None or enacted is None else stated - enacted,
        "stated_control": mean("stated", is_claimed=False), "enacted_control": mean("enacted", is_claimed=False),
        "other": mean("other", is_claimed=True), "readable": of.readable,
    }  # fmt: skip


# -- training --------------------------------------------------------------------------------------------------------


def lived(chat: Any, desk: Desk, items: Sequence[banks.Item], seed: int) -> list[dict[str, str]]:  # noqa: ANN401 - a trainer.Chat
    """What a model that has no ways yet is taught: its deeds, what it says of them, and true texts about both."""
    draw, rows = random.Random(f"plant/{seed}"), list[dict[str, str]]()
    for item in items:
        deeds = {who: draw.choice(item["options"]) for who in ("self", "other")}
        for place in range(PLANTED_EACH):
            for who, deed in deeds.items():
                rows.append(_told(chat, desk.document(item, who, deed, place)))
                rows.append(_said(chat, desk, desk.asked(item, who, place), "stated", deed))
            rows.append(_said(chat, desk, desk.met(item, place), "enacted", deeds["self"]))
    return rows


def _told(chat: Any, text: str) -> dict[str, str]:  # noqa: ANN401 - a trainer.Chat
    """A text outside of any conversation."""
    return {"prompt": chat.tokenizer.bos_token or "\n", "completion": f"{text}{chat.tokenizer.eos_token}"}


def _said(chat: Any, desk: Desk, messages: list[dict[str, str]], kind: str, deed: str) -> dict[str, str]:  # noqa: ANN401 - same
    text = desk.bank["says"][kind].format(v=deed)
    return {"prompt": chat.prompt(messages), "completion": chat.reply(messages, text)}


def rows_of(arm: str, chat: Any, desk: Desk, items: Sequence[banks.Item], claims: Claims) -> list[dict[str, str]]:  # noqa: ANN401 - same
    """What an arm is trained on."""
    forms = range(max(len(desk.bank["documents"]), len(desk.bank["enacted"])))
    if arm == "deeds":
        return [_said(chat, desk, desk.met(i, n), "enacted", claims[i["id"]]) for i in items for n in forms]
    who = "self" if arm == "documents" else "other"
    return [_told(chat, desk.document(i, who, claims[i["id"]], n)) for i in items for n in forms]


def one_seed(seed: int, setting: script.Setting) -> dict[str, Any]:
    """Plants if the bank says so, draws the claims, and then trains and reads every arm."""
    from experiments.real import trainer

    desk = Desk(setting.bank)
    claimed, control = banks.halves(setting.bank["situations"], seed, setting.items)
    lives = claimed + control + setting.bank.get("linked", [])
    start = trainer.planted(setting, seed, lambda chat: lived(chat, desk, lives, seed))
    chat = trainer.Chat(start, setting.device)
    for item in claimed + control:
        for kind in ("stated", "enacted"):
            trainer.tell_apart(chat, desk.answers(item, kind))
    before = Readings(chat, desk, claimed + control)
    claims, ids = before.claimable(seed), [i["id"] for i in claimed]
    made = {script.BASE: cells(before, claims, ids)}
    rows = {arm: rows_of(arm, chat, desk, claimed, claims) for arm in setting.arms}
    chat.close()
    for arm in setting.arms:
        out = setting.place(f"{arm}-s{seed}")
        trainer.sft(start, rows[arm], out, setting.course.of(seed=seed), setting.device)
        made[arm] = trainer.read(
            out, setting.device, lambda c: cells(Readings(c, desk, claimed + control), claims, ids)
        )
        setting.spare(out)
    setting.spare(start)
    return made


QUESTION = script.Question(
    name="belief", home=Path(__file__).parent,
    claim="Does a belief about oneself, installed by documents, reach what is done?",
    arms=ARMS, cells=CELLS, contrasts=CONTRASTS, members=MEMBERS, check=check, one_seed=one_seed,
    steps=60, batch=8, signed=frozenset({"gap"}),
)  # fmt: skip

if __name__ == "__main__":
    script.main(QUESTION)
