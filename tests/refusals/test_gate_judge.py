"""One test per way a judge refuses to be made."""

from __future__ import annotations

import pytest

from counterproof.errors import BadGate, BadOption
from counterproof.record import SafetyModel
from counterproof.rely import judge


@pytest.mark.parametrize(
    "endpoint",
    [
        "",
        "127.0.0.1:8000/v1",
        "file:///etc/passwd",
        "http://",
        "http://user:word@127.0.0.1/v1",
        "http://127.0.0.1/v1?key=1",
        "http://127.0.0.1:99999/v1",
        "http://[::1/v1",
    ],
)
def test_an_endpoint_that_is_no_address(endpoint: str) -> None:
    with pytest.raises(BadGate, match="not the address of a safety model"):
        judge.Judge({"m": SafetyModel(endpoint=endpoint, model="x")})


def test_a_model_without_a_place() -> None:
    with pytest.raises(BadGate, match="no question could ever go out"):
        judge.Judge({"m": SafetyModel(endpoint="http://127.0.0.1/v1", model="x", max_at_once=0)})


@pytest.mark.parametrize("value", [None, "", "a b", "a\nb", "ключ"])
def test_a_key_that_is_not_there_or_none(value: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MARBLE_KEY", raising=False)
    if value is not None:
        monkeypatch.setenv("MARBLE_KEY", value)
    with pytest.raises(BadGate, match="no usable key in 'MARBLE_KEY'"):
        judge.Judge({"m": SafetyModel(endpoint="http://127.0.0.1/v1", model="x", key_env="MARBLE_KEY")})


def test_windows_that_do_not_advance() -> None:
    with pytest.raises(BadOption, match="windows would not advance"):
        judge.Limits(window_chars=100, overlap_chars=60)


def test_a_longest_rest_shorter_than_the_first() -> None:
    with pytest.raises(BadOption, match="shorter than the first rest"):
        judge.Limits(rest_ms=100, longest_rest_ms=50)
