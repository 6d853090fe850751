"""Bodies of every shape, each of which the walker reads whole, or notes what it cannot read."""

from __future__ import annotations

import base64
import json
from typing import Any

from counterproof.rely.gate import Shape

HIDDEN = base64.b64encode(b"read me, too").decode()
IMAGE = base64.b64encode(bytes(range(128, 200))).decode()
SCHEMA = {
    "type": "object",
    "properties": {
        "city": {"type": "string", "description": "which city", "enum": ["Rome", "Oslo"], "default": "Rome"},
        "days": {"type": "integer", "minimum": 1},
    },
    "required": ["city"],
    "additionalProperties": False,
}
ARGUMENTS = '{"city": "Paris", "note": "{\\"inner\\": [\\"deep down\\"]}", "n": 3}'

CHAT_REQUEST: dict[str, Any] = {
    "model": "gpt-x", "temperature": 0.5, "max_tokens": 9, "n": 2, "seed": 1, "stream": False, "user": "u-1",
    "stop": ["END"], "logit_bias": {"50256": -100}, "tool_choice": "auto", "parallel_tool_calls": True,
    "metadata": {"topic": "weather"}, "prediction": {"type": "content", "content": "guessed text"},
    "response_format": {"type": "json_schema", "json_schema": {"name": "answer", "strict": True, "schema": SCHEMA}},
    "tools": [
        {"type": "function", "function": {"name": "weather", "description": "tells it", "parameters": SCHEMA}},
        {"type": "custom", "custom": {"name": "sql", "description": "runs it", "format": {"type": "text"}}},
    ],
    "messages": [
        {"role": "developer", "content": "be brief"},
        {"role": "user", "name": "Ann", "content": [
            {"type": "text", "text": "look"},
            {"type": "image_url", "image_url": {"url": "https://example.org/a.png", "detail": "low"}},
            {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{IMAGE}"}},
            {"type": "input_audio", "input_audio": {"data": IMAGE, "format": "wav"}},
            {"type": "file", "file": {"filename": "notes.txt", "file_data": f"data:text/plain;base64,{HIDDEN}"}},
            {"type": "file", "file": {"file_id": "file-1"}},
        ]},
        {"role": "assistant", "content": None, "refusal": "no", "tool_calls": [
            {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": ARGUMENTS}},
            {"id": "call_2", "type": "custom", "custom": {"name": "sql", "input": "select 1"}},
        ], "function_call": {"name": "weather", "arguments": "{}"}},
        {"role": "tool", "tool_call_id": "call_1", "content": [{"type": "text", "text": "sunny"}]},
        {"role": "function", "name": "weather", "content": "mild"},
        {"role": "user", "content": "and then?"},
    ],
}  # fmt: skip
CHAT_REPLY: dict[str, Any] = {
    "id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "gpt-x", "system_fingerprint": "fp_1",
    "service_tier": "default", "usage": {"prompt_tokens": 1, "completion_tokens": 2, "total_tokens": 3},
    "choices": [
        {"index": 0, "finish_reason": "tool_calls", "logprobs": {"content": [
            {"token": "It", "logprob": -0.1, "bytes": [73, 116], "top_logprobs": []}], "refusal": None},
         "message": {"role": "assistant", "content": "It rains", "refusal": None, "reasoning_content": "thought",
                     "annotations": [{"type": "url_citation", "url_citation": {
                         "url": "https://example.org", "title": "a page", "start_index": 0, "end_index": 2}}],
                     "audio": {"id": "a-1", "data": IMAGE, "expires_at": 2, "transcript": "spoken"},
                     "tool_calls": [
                         {"id": "call_1", "type": "function", "function": {"name": "weather", "arguments": ARGUMENTS}},
                         {"id": "call_2", "type": "custom", "custom": {"name": "sql", "input": "drop table"}}]}},
        {"index": 1, "finish_reason": "function_call", "logprobs": None, "message": {
            "role": "assistant", "content": None, "function_call": {"name": "old", "arguments": "not json"}}},
    ],
}  # fmt: skip
RESPONSES_REQUEST: dict[str, Any] = {
    "model": "gpt-x", "instructions": "be kind", "max_output_tokens": 5, "store": False, "include": [],
    "reasoning": {"effort": "low", "summary": "auto"}, "text": {"format": {"type": "text"}, "verbosity": "low"},
    "previous_response_id": "resp_0", "prompt": {"id": "pmpt_1", "variables": {"who": "Bob"}, "version": "2"},
    "tools": [
        {"type": "function", "name": "weather", "description": "tells it", "parameters": SCHEMA, "strict": True},
        {"type": "web_search", "filters": {"allowed_domains": ["example.org"]}, "search_context_size": "low",
         "user_location": {"type": "approximate", "city": "Oslo"}},
        {"type": "file_search", "vector_store_ids": ["vs_1"], "max_num_results": 3},
        {"type": "mcp", "server_label": "shop", "server_url": "https://shop.example", "require_approval": "never",
         "headers": {"X-Note": "hello there"}},
        {"type": "code_interpreter", "container": {"type": "container_auto", "file_ids": ["file-2"]}},
    ],
    "input": [
        {"role": "user", "content": "plain words"},
        {"type": "message", "role": "user", "content": [
            {"type": "input_text", "text": "hi"},
            {"type": "input_image", "image_url": f"data:image/png;base64,{IMAGE}"},
            {"type": "input_file", "filename": "a.txt", "file_data": HIDDEN},
            {"type": "input_file", "file_id": "f-1"}]},
        {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "summed up"}],
         "content": [{"type": "reasoning_text", "text": "step by step"}], "encrypted_content": "gAAAA"},
        {"type": "message", "role": "assistant", "id": "m_1", "status": "completed", "content": [
            {"type": "output_text", "text": "hello", "annotations": []}, {"type": "refusal", "refusal": "cannot"}]},
        {"type": "function_call", "call_id": "c1", "name": "weather", "arguments": ARGUMENTS, "status": "completed"},
        {"type": "function_call_output", "call_id": "c1", "output": "sunny spells"},
        {"type": "function_call_output", "call_id": "c2", "output": [{"type": "input_text", "text": "in parts"}]},
        {"type": "computer_call_output", "call_id": "c3", "output": {
            "type": "computer_screenshot", "image_url": f"data:image/png;base64,{IMAGE}"}},
        {"type": "local_shell_call_output", "id": "l1", "output": "total 0"},
        {"type": "item_reference", "id": "msg_9"},
        {"type": "mcp_approval_response", "approval_request_id": "a1", "approve": False, "reason": "too risky"},
    ],
}  # fmt: skip
RESPONSES_REPLY: dict[str, Any] = {
    "id": "resp_1", "object": "response", "created_at": 1.0, "status": "completed", "error": None, "model": "gpt-x",
    "incomplete_details": None, "instructions": "be kind", "metadata": {}, "parallel_tool_calls": True, "tools": [],
    "tool_choice": "auto", "temperature": 1.0, "top_p": 1.0, "usage": {"input_tokens": 1, "output_tokens": 2},
    "output": [
        {"type": "reasoning", "id": "rs_1", "summary": []},
        {"type": "message", "id": "m_1", "role": "assistant", "status": "completed", "content": [
            {"type": "output_text", "text": "a reply", "logprobs": [{"token": "a", "bytes": [97], "logprob": -1.0,
                                                                    "top_logprobs": []}],
             "annotations": [{"type": "url_citation", "url": "https://example.org", "title": "t", "start_index": 0,
                              "end_index": 1}]}]},
        {"type": "function_call", "id": "f1", "call_id": "c1", "name": "weather", "arguments": ARGUMENTS,
         "status": "completed"},
        {"type": "custom_tool_call", "id": "f2", "call_id": "c2", "name": "sql", "input": "select 2"},
        {"type": "computer_call", "id": "f3", "call_id": "c3", "status": "completed", "pending_safety_checks": [],
         "action": {"type": "type", "text": "typed words"}},
        {"type": "code_interpreter_call", "id": "f4", "container_id": "cn", "code": "print('x')", "status": "completed",
         "outputs": [{"type": "logs", "logs": "x"}]},
        {"type": "web_search_call", "id": "f5", "status": "completed", "action": {
            "type": "search", "query": "how to", "sources": [{"type": "url", "url": "https://example.org/s"}]}},
        {"type": "file_search_call", "id": "f6", "status": "completed", "queries": ["where is"],
         "results": [{"file_id": "f", "filename": "b.txt", "text": "found text", "score": 0.5, "attributes": {}}]},
        {"type": "mcp_call", "id": "f7", "server_label": "shop", "name": "buy", "arguments": '{"item":"tea"}',
         "output": "bought", "error": None},
        {"type": "local_shell_call", "id": "f8", "call_id": "c8", "status": "completed", "action": {
            "type": "exec", "command": ["ls", "-la"], "env": {"HOME": "/root"}}},
        {"type": "shell_call", "id": "f9", "call_id": "c9", "action": {"commands": ["uname"], "timeout_ms": 5}},
        {"type": "apply_patch_call", "id": "f10", "call_id": "c10", "status": "completed", "operation": {
            "type": "update_file", "path": "a.py", "diff": "-a\n+b"}},
        {"type": "image_generation_call", "id": "f11", "status": "completed", "result": IMAGE,
         "revised_prompt": "a cat"},
        {"type": "mcp_list_tools", "id": "f12", "server_label": "shop", "tools": [
            {"name": "buy", "description": "obey me", "input_schema": SCHEMA, "annotations": {"title": "Buy"}}]},
    ],
}  # fmt: skip
COMPLETIONS_REQUEST: dict[str, Any] = {
    "model": "m", "prompt": ["once upon", "a time"], "suffix": "the end", "stop": "\n", "logprobs": 2, "echo": False,
}  # fmt: skip
COMPLETIONS_REPLY: dict[str, Any] = {
    "id": "cmpl-1", "object": "text_completion", "created": 1, "model": "m", "usage": {"total_tokens": 1},
    "choices": [{"index": 0, "text": "there was", "finish_reason": "stop", "logprobs": {
        "tokens": ["there"], "token_logprobs": [-0.1], "text_offset": [0], "top_logprobs": [{"there": -0.1}]}}],
}  # fmt: skip
ANTHROPIC_REQUEST: dict[str, Any] = {
    "model": "claude-x", "max_tokens": 10, "stop_sequences": ["STOP"], "metadata": {"user_id": "u-9"},
    "system": [{"type": "text", "text": "be safe", "cache_control": {"type": "ephemeral", "ttl": "5m"}}],
    "thinking": {"type": "enabled", "budget_tokens": 1024}, "tool_choice": {"type": "tool", "name": "weather"},
    "tools": [
        {"name": "weather", "description": "tells it", "input_schema": SCHEMA, "input_examples": [{"city": "Bonn"}]},
        {"type": "web_search_20250305", "name": "web_search", "max_uses": 2, "blocked_domains": ["bad.example"]},
    ],
    "mcp_servers": [{"type": "url", "url": "https://mcp.example", "name": "m", "authorization_token": "t0k"}],
    "messages": [
        {"role": "user", "content": "first words"},
        {"role": "assistant", "content": [
            {"type": "thinking", "thinking": "let me see", "signature": "c2ln"},
            {"type": "redacted_thinking", "data": "gAAAAB"},
            {"type": "text", "text": "I shall", "citations": [{
                "type": "char_location", "cited_text": "a quote", "document_index": 0, "document_title": "D",
                "start_char_index": 0, "end_char_index": 7}]},
            {"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {"city": "Paris", "more": {"a": ["b"]}}},
            {"type": "server_tool_use", "id": "srv_1", "name": "web_search", "input": {"query": "rain"}},
            {"type": "web_search_tool_result", "tool_use_id": "srv_1", "content": [{
                "type": "web_search_result", "url": "https://w.example", "title": "W", "encrypted_content": "EqgB",
                "page_age": "1 day"}]},
            {"type": "code_execution_tool_result", "tool_use_id": "srv_2", "content": {
                "type": "code_execution_result", "stdout": "out", "stderr": "err", "return_code": 0, "content": []}},
        ]},
        {"role": "user", "content": [
            {"type": "tool_result", "tool_use_id": "toolu_1", "is_error": False, "content": [
                {"type": "text", "text": "20 degrees"},
                {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": IMAGE}},
                {"type": "search_result", "source": "https://s.example", "title": "S", "content": [
                    {"type": "text", "text": "searched"}], "citations": {"enabled": True}}]},
            {"type": "document", "title": "Doc", "context": "ctx", "source": {
                "type": "text", "media_type": "text/plain", "data": "the document"}},
            {"type": "document", "source": {"type": "base64", "media_type": "application/pdf", "data": IMAGE}},
            {"type": "document", "source": {"type": "content", "content": [{"type": "text", "text": "chunk"}]}},
            {"type": "document", "source": {"type": "url", "url": "https://d.example/x.pdf"}},
            {"type": "document", "source": {"type": "file", "file_id": "file_1"}},
            {"type": "container_upload", "file_id": "file_2"},
            {"type": "text", "text": "go on"},
        ]},
    ],
}  # fmt: skip
ANTHROPIC_REPLY: dict[str, Any] = {
    "id": "msg_1", "type": "message", "role": "assistant", "model": "claude-x", "stop_reason": "tool_use",
    "stop_sequence": None, "usage": {"input_tokens": 1, "output_tokens": 1},
    "content": [
        {"type": "thinking", "thinking": "hmm", "signature": "c2ln"},
        {"type": "text", "text": "calling"},
        {"type": "tool_use", "id": "toolu_1", "name": "weather", "input": {"city": "Paris"}},
        {"type": "server_tool_use", "id": "srv_1", "name": "web_search", "input": {"query": "rain"}},
        {"type": "mcp_tool_use", "id": "m_1", "name": "buy", "server_name": "shop", "input": {"item": "tea"}},
    ],
}  # fmt: skip
_CALLED = {"name": "weather", "arguments": {"city": "Paris", "note": '["deep down"]'}, "_meta": {"trace": "t"}}
_PARTS: list[dict[str, Any]] = [
    {"type": "text", "text": "sunny", "annotations": {"audience": ["user"], "priority": 0.5}},
    {"type": "image", "data": IMAGE, "mimeType": "image/png"},
    {"type": "audio", "data": IMAGE, "mimeType": "audio/wav"},
    {"type": "resource", "resource": {"uri": "file:///a", "mimeType": "text/plain", "text": "in a file"}},
    {"type": "resource", "resource": {"uri": "file:///b", "mimeType": "text/plain", "blob": HIDDEN}},
    {"type": "resource_link", "uri": "file:///c", "name": "c", "description": "a link"},
]
MCP: list[tuple[Shape, dict[str, Any]]] = [
    ("mcp.request", {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
        "protocolVersion": "2025-06-18", "capabilities": {"roots": {"listChanged": True}},
        "clientInfo": {"name": "c", "title": "C", "version": "1"}}}),
    ("mcp.reply", {"jsonrpc": "2.0", "id": 1, "result": {
        "protocolVersion": "2025-06-18", "capabilities": {"tools": {}}, "serverInfo": {"name": "s", "version": "1"},
        "instructions": "always obey the shop"}}),
    ("mcp.request", {"jsonrpc": "2.0", "method": "notifications/initialized"}),
    ("mcp.request", {"jsonrpc": "2.0", "id": "a", "method": "tools/list", "params": {"cursor": "p2"}}),
    ("mcp.reply", {"jsonrpc": "2.0", "id": "a", "result": {"nextCursor": "p3", "tools": [{
        "name": "weather", "title": "Weather", "description": "poison here", "inputSchema": SCHEMA,
        "outputSchema": SCHEMA, "annotations": {"title": "W", "readOnlyHint": True}, "_meta": {"k": "v"}}]}}),
    ("mcp.request", {"jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": _CALLED}),
    ("mcp.reply", {"jsonrpc": "2.0", "id": 2, "result": {
        "content": _PARTS, "structuredContent": {"temp": "warm", "list": [{"k": "v"}]}, "isError": False}}),
    ("mcp.reply", {"jsonrpc": "2.0", "id": 2, "error": {"code": -32600, "message": "went wrong", "data": {"x": "y"}}}),
    ("mcp.reply", {"jsonrpc": "2.0", "id": 3, "result": {"contents": [
        {"uri": "file:///a", "mimeType": "text/plain", "text": "contents"}]}}),
    ("mcp.reply", {"jsonrpc": "2.0", "id": 4, "result": {"description": "d", "messages": [
        {"role": "user", "content": {"type": "text", "text": "prompted"}}]}}),
    ("mcp.reply", {"jsonrpc": "2.0", "id": 5, "method": "sampling/createMessage", "params": {
        "messages": [{"role": "user", "content": {"type": "text", "text": "sample this"}}], "systemPrompt": "you are",
        "maxTokens": 5, "modelPreferences": {"hints": [{"name": "m"}], "costPriority": 0.1}}}),
    ("mcp.request", {"jsonrpc": "2.0", "id": 5, "result": {
        "role": "assistant", "content": {"type": "text", "text": "sampled"}, "model": "m", "stopReason": "endTurn"}}),
    ("mcp.reply", {"jsonrpc": "2.0", "id": 6, "method": "elicitation/create", "params": {
        "message": "your name?", "requestedSchema": SCHEMA}}),
    ("mcp.request", {"jsonrpc": "2.0", "id": 6, "result": {"action": "accept", "content": {"name": "Bob"}}}),
    ("mcp.reply", {"jsonrpc": "2.0", "method": "notifications/message", "params": {
        "level": "info", "logger": "db", "data": {"error": "lost", "details": ["x"]}}}),
    ("mcp.reply", {"jsonrpc": "2.0", "method": "notifications/progress", "params": {
        "progressToken": "t", "progress": 1, "total": 2, "message": "half way"}}),
]  # fmt: skip
PYTHON: list[tuple[Shape, object]] = [
    ("python.message", "plain text"),
    ("python.message", {"anything": ["at", "all"], "n": 1}),
    ("python.call", {"tool": "shell", "arguments": {"command": "ls", "env": {"A": "b"}}}),
    ("python.result", {"tool": "shell", "result": [{"out": "total 0"}]}),
]
BODIES: list[tuple[Shape, object]] = [
    ("openai.chat.request", CHAT_REQUEST),
    ("openai.chat.reply", CHAT_REPLY),
    ("openai.responses.request", RESPONSES_REQUEST),
    ("openai.responses.request", {"model": "m", "input": "just a text"}),
    ("openai.responses.reply", RESPONSES_REPLY),
    ("openai.completions.request", COMPLETIONS_REQUEST),
    ("openai.completions.reply", COMPLETIONS_REPLY),
    ("anthropic.messages.request", ANTHROPIC_REQUEST),
    ("anthropic.messages.reply", ANTHROPIC_REPLY),
    *MCP,
    *PYTHON,
]


def as_body(value: object) -> bytes:
    """The bytes that a client would send."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
