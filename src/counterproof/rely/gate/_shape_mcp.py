"""The words of the Model Context Protocol, both ways.

Source: its specification, revisions 2025-06-18 and 2025-11-25, with the members that 2026-07-28 adds.
"""

from __future__ import annotations

from collections.abc import Mapping

from counterproof.record import PieceRole
from counterproof.rely.gate._walk_rules import (
    Part,
    Rule,
    Vocabulary,
    arguments,
    blob,
    details,
    fault,
    flag,
    given,
    kind,
    link,
    number,
    quiet,
    read,
    schema,
    word,
)


def _all(rule: Rule, names: str) -> dict[str, Rule]:
    return dict.fromkeys(names.split(), rule)


_MEMBERS: Mapping[str, Rule] = {
    **_all(
        read,
        """params result content text name title description messages prompts tools resources contents resource
        resourceTemplates uri uriTemplate instructions serverInfo clientInfo websiteUrl icons systemPrompt
        stopSequences message logger ref argument values completion roots hints modelPreferences url elicitations task
        tasks statusMessage annotations reason stopReason value context toolChoice execution""",
    ),
    **_all(given, "structuredContent _meta metadata input data inputRequests inputResponses notifications"),
    **_all(schema, "inputSchema outputSchema requestedSchema"),
    **_all(
        quiet,
        """id model version protocolVersion mimeType toolUseId requestId progressToken cursor nextCursor taskId
        elicitationId lastModified createdAt lastUpdatedAt sizes requestState supportedVersions""",
    ),
    **_all(
        number,
        """progress total size priority maxTokens temperature costPriority speedPriority intelligencePriority ttl
        pollInterval ttlMs""",
    ),
    **_all(
        flag,
        """isError required hasMore listChanged readOnlyHint destructiveHint idempotentHint openWorldHint
        subscribe""",
    ),
    **_all(word, "jsonrpc method role level action includeContext status audience mode taskSupport theme resultType"),
    "capabilities": details,
    "cacheScope": word,
    "arguments": arguments,
    "blob": blob,
    "src": link,
    "error": fault,
    "code": number,
    "type": kind,
}
_DATA: Mapping[str, Rule] = {"data": blob}
_PARTS: Mapping[str, Part] = {
    "text": Part(),
    "image": Part(unread="an image", own=_DATA),
    "audio": Part(unread="audio", own=_DATA),
    "resource": Part(),
    "resource_link": Part(unread="what stands at an address"),
    "tool_use": Part(role="assistant", is_call=True),
    "tool_result": Part(role="tool"),
    "ref/resource": Part(),
    "ref/prompt": Part(),
}
_METHODS = """initialize ping tools/list tools/call resources/list resources/templates/list resources/read
resources/subscribe resources/unsubscribe prompts/list prompts/get logging/setLevel
completion/complete sampling/createMessage elicitation/create roots/list tasks/get tasks/result
tasks/list tasks/cancel server/discover subscriptions/listen notifications/initialized
notifications/cancelled notifications/progress notifications/message notifications/resources/updated
notifications/resources/list_changed notifications/tools/list_changed
notifications/prompts/list_changed notifications/roots/list_changed notifications/tasks/status
notifications/elicitation/complete notifications/subscriptions/acknowledged"""
METHODS = frozenset(_METHODS.split())
_WORDS = """2.0 user assistant debug info notice warning error critical alert emergency accept decline cancel
none thisServer allServers working input_required completed failed cancelled form url auto required
optional forbidden light dark complete public private"""
_ROLES: Mapping[str, PieceRole] = {"user": "user", "assistant": "assistant"}

MCP = Vocabulary(_MEMBERS, _PARTS, METHODS.union(_WORDS.split()), _ROLES)
ANSWERED: Mapping[str, Rule] = {"content": given}
"""What a person filled in for an elicitation: named as the server's schema wants it."""
