"""A reader that shares nothing with the walker: what texts are in a body, and which of them the walker left out."""

from __future__ import annotations

import json
import re
from typing import cast

from counterproof.rely import gate

Step = str | int
Path = tuple[Step, ...]

# What the interfaces themselves prescribe: values that say nothing, whoever wrote them.
PRESCRIBED = frozenset(
    """system developer user assistant tool function text auto low default stop length tool_calls function_call
    completed chat.completion text_completion response message image_url input_audio input_image input_text input_file
    output_text refusal reasoning reasoning_text summary_text custom json_schema grammar url_citation content file
    custom_tool_call function_call_output computer_call computer_call_output computer_screenshot local_shell_call
    local_shell_call_output item_reference mcp_approval_response mcp_call mcp_list_tools web_search_call
    file_search_call code_interpreter_call shell_call apply_patch_call image_generation_call exec search logs url
    update_file type web_search approximate file_search mcp code_interpreter container_auto never wav image audio
    resource resource_link ephemeral 5m enabled tool_use tool_result server_tool_use mcp_tool_use thinking
    redacted_thinking document base64 char_location web_search_tool_result web_search_result code_execution_tool_result
    code_execution_result search_result container_upload web_search_20250305 image/png text/plain application/pdf
    info accept 2.0 object string integer initialize
    tools/list tools/call sampling/createMessage elicitation/create
    in or and eq ne gt lt gte lte nin any all only none drag move find max min left
    back us exit wait scroll click regex lark critic null
    notifications/initialized notifications/message notifications/progress""".split()  # noqa: SIM905 -- forty lines else
)
_STEP = re.compile(r'\.?([A-Za-z_][A-Za-z0-9_]*)|\[(\d+)\]|\[("(?:[^"\\]|\\.)*")\]|(\|[a-z0-9]+)')


def address(where: str) -> Path:
    """An address as the steps it leads through."""
    steps: list[Step] = []
    at = 0
    while at < len(where):
        found = _STEP.match(where, at)
        assert found is not None, where
        name, index, quoted, turn = found.groups()
        steps.append(name or turn or (int(index) if index else json.loads(quoted)))
        at = found.end()
    return tuple(steps)


def inside(value: object) -> list[tuple[Step, object]]:
    """What a value holds, and under which name or number."""
    if isinstance(value, dict):
        return list(cast("dict[Step, object]", value).items())
    if isinstance(value, list):
        return list(enumerate(cast("list[object]", value)))
    return []


def leaves(value: object, at: Path = ()) -> list[tuple[Path, str]]:
    """Every text of a value, wherever it stands."""
    if isinstance(value, str):
        return [(at, value)]
    return [leaf for step, item in inside(value) for leaf in leaves(item, (*at, step))]


def names(value: object, at: Path = ()) -> list[tuple[Path, str]]:
    """Every name of a value's members."""
    own: list[tuple[Path, str]] = [((*at, step, "|name"), step) for step, _ in inside(value) if isinstance(step, str)]
    return own + [found for step, item in inside(value) for found in names(item, (*at, step))]


def missed(walked: gate.Walk, value: object) -> list[tuple[Path, str]]:
    """Texts that are in no piece that bears their address, that no note covers, and that are no prescribed words."""
    said = {(address(piece.where), piece.text) for event in walked.events for piece in event.pieces}
    notes = [note.rpartition(": ")[0] for event in walked.events for note in event.unscanned]
    covered = {() if note == "body" else address(note) for note in notes}
    found: list[tuple[Path, str]] = []
    for at, text in leaves(value):
        is_covered = any(at[:count] in covered for count in range(len(at) + 1))
        is_read = (at, text) in said or any(path == (*at, "|base64") for path, _ in said)
        if not (is_read or is_covered or text in PRESCRIBED or not text):
            found.append((at, text))
    return found
