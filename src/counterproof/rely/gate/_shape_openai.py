"""OpenAI's words: chat completions, responses and legacy completions, requests and replies.

Source: OpenAI API reference (Chat, Responses, Completions), as of November 2026.
"""

from __future__ import annotations

from collections.abc import Mapping

from counterproof.record import PieceRole
from counterproof.rely.gate._walk_rules import (
    Part,
    Rule,
    Vocabulary,
    a_call,
    arguments,
    blob,
    calls,
    details,
    echoed,
    fault,
    flag,
    given,
    kind,
    number,
    picture,
    prompts,
    quiet,
    read,
    reference,
    schema,
    sealed,
    spoken,
    stored,
    url,
    word,
)


def _all(rule: Rule, names: str) -> dict[str, Rule]:
    return dict.fromkeys(names.split(), rule)


_TEXTS = """url actions pattern domain misalignment detailed_explanation review_target steer messages input
choices message content text refusal reasoning_content reasoning thinking name description title
instructions prompt suffix stop prediction transcript annotations url_citation output tools tool
functions function custom json_schema response_format allowed_tools grammar definition file filename
input_audio audio web_search_options user_location approximate city country region timezone query
queries results command commands code logs outputs diff path operation user_agent reason
server_label server_description tool_names server_url headers authorization always never skills
domains allowed_domains blocked_domains filters key value sources keys env working_directory
pending_safety_checks acknowledged_safety_checks stdout stderr outcome ranking_options hybrid_search
revised_prompt tokens token incomplete_details details data_sources documents warnings namespace
input_image_mask svg policy categories caller url_citations citations container network_policy
context_management prompt_cache_options prompt_cache_breakpoint stream_options access_programs
input_transformations prompt_cache_diagnostics svg_usage moderation_details options source
conversation image result domain_secrets reasoning_details additional_tools script patch logger"""
_NUMBERS = """temperature top_p n seed max_tokens max_completion_tokens max_output_tokens max_tool_calls
presence_penalty frequency_penalty best_of created created_at completed_at expires_at index
start_index end_index score score_threshold embedding_weight text_weight max_num_results max_results
timeout_ms max_output_length exit_code x y scroll_x scroll_y display_width display_height
partial_images output_compression frame_count frame_duration_ms compact_threshold logprob
output_index content_index sequence_number num_requests cache_missed_tokens
comparison_reusable_tokens input_tokens output_tokens total_tokens prompt_tokens completion_tokens
reasoning_tokens top_k min_p repetition_penalty top_logprobs"""
_FLAGS = """async stream store parallel_tool_calls strict echo background defer_loading include_usage
include_obfuscation read_only external_web_access approve prewarm flagged has_image"""
_WORDS = """action moderation summary allowed_callers environment connector_id ranker require_approval phase
media_type param error_type role object finish_reason status service_tier reasoning_effort verbosity
effort generate_summary detail prompt_cache_retention truncation search_context_size
search_content_types memory_limit execution mode ttl syntax quality size background output_format
input_fidelity complexity context_compression include modalities context button moderation_stage
cyber generate tool_choice format voice"""
_QUIET = """created_by id model user safety_identifier prompt_cache_key tool_call_id call_id approval_request_id
caller_id system_fingerprint fingerprint version response_id"""

_OWN_DETAILS: Mapping[str, Rule] = {
    **_all(
        details,
        """usage tool_usage image_gen web_search logprobs logit_bias bytes token_logprobs text_offset coordinate
        category_scores prompt_tokens_details completion_tokens_details input_tokens_details output_tokens_details
        cached_tokens_details accepted_prediction_tokens rejected_prediction_tokens audio_tokens text_tokens
        cache_write_tokens cached_tokens image_tokens cached_image_tokens cached_text_tokens
        cache_write_tokens_details ttl_12h_tokens ttl_30m_tokens service_usage timings x_groq stop_reason
        native_finish_reason provider prompt_logprobs token_ids prompt_token_ids kv_transfer_params
        content_filter_results prompt_filter_results""",
    ),
    **_all(given, "metadata headers env variables categories category_applied_input_types attributes"),
    **_all(schema, "parameters schema output_schema input_schema"),
    **_all(sealed, "encrypted_content"),
    **_all(
        reference,
        """previous_response_id file_id file_ids vector_store_ids container_id comparison_response_id tunnel_id
        skill_id""",
    ),
    **_all(blob, "data file_data b64_json partial_image_b64"),
    **_all(url, "file_url"),
    "image_url": picture,
    "error": fault,
    "arguments": arguments,
    "tool_calls": calls,
    "type": kind,
}

_MEMBERS: Mapping[str, Rule] = {
    **_all(read, _TEXTS),
    **_all(number, _NUMBERS),
    **_all(flag, _FLAGS),
    **_all(word, _WORDS),
    **_all(quiet, _QUIET),
    **_OWN_DETAILS,
}

_IMAGE = Part(unread="an image")
_CALL = Part(role="assistant", is_call=True)
_RESULT = Part(role="tool")


def _same(names: str, part: Part) -> dict[str, Part]:
    return dict.fromkeys(names.split(), part)


_PARTS: Mapping[str, Part] = {
    **_same(
        """text input_text output_text refusal message function custom content json_object json_schema grammar
        allowed_tools approximate url_citation file_citation container_file_citation file_path exec click double_click
        drag keypress move screenshot scroll type wait search open_page find_in_page find logs direct program url
        eq ne gt gte lt lte in nin and or exit timeout create_file delete_file update_file explicit auto
        compaction_trigger moderation_result moderation_results error compact response configuration_update
        container_auto base64 mcp_protocol_error mcp_tool_execution_error http_error computer_use
        comparison_response_not_found cache_hit cache_miss unavailable disabled allowlist regex lark local""",
        Part(),
    ),
    **_same("reasoning reasoning_text summary_text thinking", Part(role="assistant")),
    **_same(
        """file_search web_search web_search_2025_08_26 web_search_preview web_search_preview_2025_03_11 mcp
        computer computer_use_preview code_interpreter image_generation local_shell shell apply_patch namespace
        tool_search programmatic_tool_calling""",
        Part(),
    ),
    **_same("additional_tools", Part(role="system")),
    "image_url": Part(unread="an image"),
    "input_image": _IMAGE,
    "computer_screenshot": _IMAGE,
    "image": Part(unread="an image", own={"url": url}),
    "input_audio": Part(unread="audio"),
    **_same("file input_file", Part()),
    "container_reference": Part(unread="a container"),
    "skill_reference": Part(unread="a skill"),
    "inline": Part(unread="a skill"),
    "item_reference": Part(unread="stands for what only the upstream holds"),
    "compaction": Part(role="assistant"),
    **_same(
        """function_call custom_tool_call computer_call web_search_call file_search_call mcp_call mcp_approval_request
        local_shell_call shell_call apply_patch_call tool_search_call""",
        _CALL,
    ),
    "program": Part(role="assistant", is_call=True),
    "code_interpreter_call": Part(role="assistant", is_call=True, own={"container_id": quiet}),
    "image_generation_call": Part(role="assistant", is_call=True, own={"result": blob}),
    **_same(
        """function_call_output custom_tool_call_output local_shell_call_output shell_call_output
        apply_patch_call_output mcp_list_tools program_output tool_search_output""",
        Part(role="tool", own={"input_schema": schema, "annotations": given}),
    ),
    "computer_call_output": Part(role="tool", unread="a screenshot"),
    "mcp_approval_response": Part(role="user"),
}
_WORDS_OF_OPENAI = """wav flac pcm16 aac opus mp3 lark regex enabled ultrafast daybreak_blue daybreak_red
message.input_image.image_url message.output_text.logprobs web_search_call.action.sources
file_search_call.results code_interpreter_call.outputs computer_call_output.output.image_url
reasoning.encrypted_content web_search_call.results 1g 4g 16g 64g opaque transparent svg gif png
webp jpeg 1024x1024 1024x1536 1536x1024 all_turns current_turn direct programmatic browser windows
linux mac ubuntu never always generate edit removed exec alloy ash ballad coral echo fable nova onyx
sage shimmer verse marin cedar system developer user assistant tool function chat.completion
text_completion response stop length tool_calls content_filter function_call auto none required
default flex scale priority fast standard pro low medium high xhigh max minimal concise detailed
in_memory 24h 30m 12h implicit explicit completed in_progress incomplete failed queued cancelled
searching interpreting generating calling disabled text image audio client server commentary
final_answer left right wheel back forward input output unknown original score block"""

_PARTS_CHAT = {**_PARTS, "function": Part(own={"arguments": arguments})}
_CHAT_MEMBERS: Mapping[str, Rule] = {**_MEMBERS, "function_call": a_call, "audio": spoken}

_ROLES: Mapping[str, PieceRole] = {
    "system": "system",
    "developer": "system",
    "user": "user",
    "assistant": "assistant",
    "tool": "tool",
    "function": "tool",
}

CHAT = Vocabulary(_CHAT_MEMBERS, _PARTS_CHAT, frozenset(_WORDS_OF_OPENAI.split()), _ROLES)
RESPONSES = Vocabulary(
    {**_MEMBERS, "conversation": reference, "prompt": stored}, _PARTS, frozenset(_WORDS_OF_OPENAI.split()), _ROLES
)
COMPLETIONS = Vocabulary({**_MEMBERS, "prompt": prompts}, _PARTS, frozenset(_WORDS_OF_OPENAI.split()), _ROLES)
ECHOED: Mapping[str, Rule] = _all(
    echoed, "instructions tools prompt metadata text tool_choice reasoning previous_response_id conversation input"
)
"""What the reply to a request for a response says again of that request."""
