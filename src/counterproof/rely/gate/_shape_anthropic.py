"""Anthropic's words: messages, requests and replies.

Source: Anthropic API reference (Messages), as of November 2026.
"""

from __future__ import annotations

from collections.abc import Mapping

from counterproof.record import PieceRole
from counterproof.rely.gate._walk_rules import (
    Part,
    Rule,
    Vocabulary,
    blob,
    details,
    fault,
    flag,
    given,
    kind,
    number,
    quiet,
    read,
    reference,
    schema,
    sealed,
    url,
    word,
)


def _all(rule: Rule, names: str) -> dict[str, Rule]:
    return dict.fromkeys(names.split(), rule)


def _same(names: str, part: Part) -> dict[str, Part]:
    return dict.fromkeys(names.split(), part)


_MEMBERS: Mapping[str, Rule] = {
    **_all(
        read,
        """messages content system text thinking name description title source context citations cited_text
        document_title url tools tool_choice stop_sequences stop_sequence output_config output_format format skills
        cache_control user_location city country region timezone tool_references tool_name stdout stderr lines
        error_message page_age retrieved_at tabs state_changes allowed_domains blocked_domains mcp_servers
        authorization_token tool_configuration allowed_tools server_name mcp_server_name caller
        context_management edits trigger keep clear_at_least exclude_tools instructions stop_details explanation
        path filename toolset_name url_sources transformations allowed_callers applied_edits file
        task_budget tool mcp_server_names fallback""",
    ),
    **_all(
        number,
        """max_tokens temperature top_p top_k return_code start_line num_lines total_lines new_lines new_start old_lines
        old_start document_index search_result_index start_char_index end_char_index start_page_number end_page_number
        start_block_index end_block_index budget_tokens max_uses max_content_tokens max_characters display_width_px
        display_height_px display_number value size_bytes tab_id active_tab_id cleared_input_tokens
        cleared_tool_uses total remaining""",
    ),
    **_all(
        flag,
        """stream is_error is_file_update enabled disable_parallel_tool_use strict defer_loading
        eager_input_streaming use_cache enable_zoom clear_tool_inputs pause_after_compaction is_active active""",
    ),
    **_all(
        word,
        """role service_tier speed inference_geo effort stop_reason ttl media_type display error_code file_type category
        response_inclusion""",
    ),
    **_all(quiet, "id model tool_use_id user_profile_id workspace_id signature encrypted_index version download_id"),
    **_all(sealed, "encrypted_content encrypted_stdout"),
    **_all(reference, "file_id skill_id container"),
    **_all(given, "input input_examples"),
    **_all(
        details,
        """usage cache_creation ephemeral_1h_input_tokens ephemeral_5m_input_tokens cache_creation_input_tokens
        cache_read_input_tokens input_tokens output_tokens output_tokens_details thinking_tokens server_tool_use
        web_fetch_requests web_search_requests cache_miss_reason cache_missed_input_tokens previous_message_id user_id
        oversized_image tool_id iterations""",
    ),
    "expires_at": quiet,
    "error": fault,
    "request_id": quiet,
    "configs": given,
    "default_config": given,
    "diagnostics": details,
    "metadata": details,
    "client_tool_results": details,
    "server_tool_results": details,
    "user_input": details,
    "input_schema": schema,
    "schema": schema,
    "data": blob,
    "type": kind,
}
_CALL = Part(role="assistant", is_call=True)
_RESULT = Part(role="tool")
_PARTS: Mapping[str, Part] = {
    **_same(
        """message error document model_changed system_changed tools_changed messages_changed
        previous_message_not_found unavailable base64 content ephemeral char_location page_location
        content_block_location search_result_location web_search_result_location custom auto any tool none
        enabled disabled adaptive between_tools json_schema direct object approximate tool_reference fallback
        tool_uses input_tokens
        clear_tool_uses_20250919 clear_thinking_20251015 compact_20260112 thinking_turns all only except tab_opened
        download_started download_completed download_failed anthropic refusal mcp_toolset tokens
        bash_20241022 bash_20250124 computer_20241022 computer_20250124 computer_20251124 computer_toolset_20260801
        browser_toolset_20260801 text_editor_20241022 text_editor_20250124 text_editor_20250429 text_editor_20250728
        code_execution_20250522 code_execution_20250825 code_execution_20260120 code_execution_20260521
        web_search_20250305 web_search_20260209 web_search_20260318 web_fetch_20250910 web_fetch_20260209
        web_fetch_20260309 web_fetch_20260318 memory_20250818 tool_search_tool_regex_20251119 tool_search_tool_regex
        tool_search_tool_bm25_20251119 tool_search_tool_bm25""",
        Part(),
    ),
    "text": Part(own={"data": read}),
    "url": Part(own={"url": url}),
    "file": Part(own={"file_id": reference}),
    "image": Part(unread="an image"),
    "container_upload": Part(unread="a file"),
    **_same("thinking compaction", Part(role="assistant")),
    "redacted_thinking": Part(role="assistant", own={"data": sealed}),
    **_same("tool_use server_tool_use mcp_tool_use", _CALL),
    **_same(
        """tool_result mcp_tool_result search_result browser_state web_search_tool_result web_search_result
        web_search_tool_result_error web_fetch_tool_result web_fetch_result web_fetch_tool_result_error
        code_execution_tool_result code_execution_result encrypted_code_execution_result code_execution_output
        code_execution_tool_result_error bash_code_execution_tool_result bash_code_execution_result
        bash_code_execution_output bash_code_execution_tool_result_error text_editor_code_execution_tool_result
        text_editor_code_execution_view_result text_editor_code_execution_create_result
        text_editor_code_execution_str_replace_result text_editor_code_execution_tool_result_error
        tool_search_tool_result tool_search_tool_search_result tool_search_tool_result_error""",
        _RESULT,
    ),
}
_WORDS = """output_file_too_large execution_time_exceeded max_uses_exceeded url_not_in_prior_context
invalid_tool_input content_too_large too_many_requests query_too_long unsupported_content_type
url_too_long file_not_found unavailable url_not_allowed request_too_large url_not_accessible
frontier_llm reasoning_extraction bio general_harms cyber user assistant system auto standard_only
standard fast priority batch us global low medium high xhigh max end_turn max_tokens stop_sequence
tool_use pause_turn refusal model_context_window_exceeded 5m 1h text/plain image/jpeg image/png
image/gif image/webp application/pdf summarized omitted text image pdf full excluded"""
_ROLES: Mapping[str, PieceRole] = {"user": "user", "assistant": "assistant", "system": "system"}

MESSAGES = Vocabulary(_MEMBERS, _PARTS, frozenset(_WORDS.split()), _ROLES)
