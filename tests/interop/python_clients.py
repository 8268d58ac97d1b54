# SPDX-License-Identifier: AGPL-3.0-or-later
"""Larder through unmodified Python clients: the protocol's official SDK, PydanticAI, OpenAI's SDK. Run by run.py inside their
environment: python_clients.py URL KEY LARDER DATA. Prints `ok NAME` or `not ok NAME: why` for each."""
import asyncio
import base64
import importlib.metadata
import json
import sys
import traceback

import httpx2
import mcp
import openai
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client
from pydantic_ai import Agent
from pydantic_ai.mcp import MCPToolset
from pydantic_ai.messages import ModelResponse, TextPart, ToolCallPart, ToolReturnPart
from pydantic_ai.models.function import FunctionModel
from pydantic_ai.models.openai import OpenAIChatModel
from pydantic_ai.models.test import TestModel
from pydantic_ai.providers.openai import OpenAIProvider

URL, KEY, LARDER, DATA = sys.argv[1:5]
HEADERS = {"Authorization": f"Bearer {KEY}"}
QUESTION = "How often should the fryer oil be filtered?"
TOOLS = {"search_knowledge", "document_read", "list_documents", "file_status", "system_status"}
VERSION = importlib.metadata.version
TESTS = []


def test(client, name):
    def add(function):
        TESTS.append((f"{client} {VERSION(client)}: {name}", function))
        return function
    return add


def http_client(**more):
    http = create_mcp_http_client(headers=HEADERS)
    return mcp.Client(streamable_http_client(URL + "/mcp", http_client=http), **more)


def stdio_client(**more):
    server = mcp.StdioServerParameters(command=LARDER, args=["mcp", "--data", DATA])
    return mcp.Client(server, **more)


async def whole_round(client):
    tools = {t.name: t for t in (await client.list_tools()).tools}
    assert TOOLS <= set(tools), sorted(tools)
    for tool in tools.values():
        assert tool.annotations.read_only_hint and tool.output_schema["type"] == "object", tool
    seen = []

    async def on_progress(done, total, message):
        seen.append((done, total))

    found = await client.call_tool("search_knowledge", {"query": "filter the fryer oil", "limit": 3}, progress_callback=on_progress)
    assert not found.is_error and found.structured_content["results"], found
    assert json.loads(found.content[0].text) == found.structured_content
    assert seen and seen[-1][0] == seen[-1][1], seen
    wrong = await client.call_tool("search_knowledge", {"query": "oil", "limit": "many"})
    assert wrong.is_error and "limit" in wrong.content[0].text, wrong
    try:
        await client.call_tool("no_such_tool", {})
        raise AssertionError("an unknown tool was called")
    except mcp.MCPError as error:
        assert error.code == -32602, error
    resources = (await client.list_resources()).resources
    manual = next(r for r in resources if r.name == "fryer-manual.pdf")
    text = (await client.read_resource(manual.uri)).contents[0]
    assert text.mime_type == "text/markdown" and "Filtering a vat" in text.text
    page = (await client.read_resource(f"{manual.uri}/pages/8")).contents
    picture = next(c for c in page if getattr(c, "blob", None))
    assert base64.b64decode(picture.blob).startswith(b"\x89PNG") and any("ilter" in getattr(c, "text", "") for c in page)
    try:
        await client.read_resource("larder://documents/nothing")
        raise AssertionError("a resource that is not there was read")
    except mcp.MCPError as error:
        assert error.code in (-32002, -32602), error
    templates = (await client.list_resource_templates()).resource_templates
    assert any("{page}" in t.uri_template for t in templates)
    prompts = {p.name for p in (await client.list_prompts()).prompts}
    assert {"troubleshoot", "ask_equipment"} <= prompts, prompts
    prompt = await client.get_prompt("troubleshoot", {"equipment": "FX-200", "issue": "E-12"})
    assert "FX-200" in prompt.messages[0].content.text and "E-12" in prompt.messages[0].content.text


@test("mcp", "Streamable HTTP, negotiating as it likes, which gives revision 2026-07-28")
async def _():
    async with http_client() as client:
        assert client.protocol_version == "2026-07-28", client.protocol_version
        await whole_round(client)


@test("mcp", "revision 2026-07-28 tells of a changed document on subscriptions/listen")
async def _():
    async with http_client() as client:
        manual = next(r for r in (await client.list_resources()).resources if r.name == "closing-checklist.docx")
        async with client.listen(resources_list_changed=True, resource_subscriptions=[str(manual.uri)], tools_list_changed=True) as told:
            assert told.honored.resources_list_changed and not told.honored.tools_list_changed, told.honored
            async with httpx2.AsyncClient(headers=HEADERS) as http:
                await http.post(f"{URL}/v1/documents/{str(manual.uri).rsplit('/')[-1]}/reread")
            seen = set()
            async with asyncio.timeout(20):
                async for event in told:
                    seen.add(type(event).__name__)
                    if len(seen) == 2:
                        break
            assert seen == {"ResourcesListChanged", "ResourceUpdated"}, seen


@test("mcp", "Streamable HTTP by handshake, with ping, log level and subscription")
async def _():
    async with http_client(mode="legacy") as client:
        await whole_round(client)
        await client.send_ping()
        await client.set_logging_level("debug")


@test("mcp", "larder mcp over standard input and output, in revision 2026-07-28")
async def _():
    async with stdio_client() as client:
        assert client.protocol_version == "2026-07-28", client.protocol_version
        await whole_round(client)


@test("mcp", "larder mcp over standard input and output by handshake")
async def _():
    async with stdio_client(mode="legacy") as client:
        assert client.protocol_version == "2025-11-25", client.protocol_version
        await whole_round(client)


@test("mcp", "many calls at once in one session")
async def _():
    async with http_client() as client:
        answers = await asyncio.gather(*[client.call_tool("search_knowledge", {"query": f"oil {i}"}) for i in range(24)])
        assert all(not a.is_error for a in answers)


@test("pydantic-ai-slim", "an agent calls every tool of the server (TestModel)")
async def _():
    toolset = MCPToolset(URL + "/mcp", headers=HEADERS, tool_error_behavior="failed")
    agent = Agent(TestModel(), toolsets=[toolset])
    async with agent:
        result = await agent.run("Look around.")
    called = {p.tool_name for m in result.all_messages() if isinstance(m, ModelResponse) for p in m.parts if isinstance(p, ToolCallPart)}
    assert TOOLS <= called, called


@test("pydantic-ai-slim", "an agent searches, is corrected once, and cites (FunctionModel)")
async def _():
    steps = []

    def play(messages, info):
        steps.append(messages[-1])
        assert TOOLS <= {t.name for t in info.function_tools}
        if len(steps) == 1:
            return ModelResponse(parts=[ToolCallPart("search_knowledge", {"query": "filter fryer oil", "limit": 4000})])
        if len(steps) == 2:
            told = messages[-1].parts[0]
            assert "limit must be a whole number" in str(told.content) and told.outcome == "retried", told
            return ModelResponse(parts=[ToolCallPart("search_knowledge", {"query": "filter fryer oil", "limit": 3})])
        back = next(p for p in messages[-1].parts if isinstance(p, ToolReturnPart))
        passage = back.content["results"][0]["passages"][0]
        return ModelResponse(parts=[TextPart(f"{passage['document_name']}, {passage['place_words']}")])

    agent = Agent(FunctionModel(play), toolsets=[MCPToolset(URL + "/mcp", headers=HEADERS)])
    async with agent:
        result = await agent.run(QUESTION)
    assert "page 8" in result.output, result.output
    assert len(steps) == 3


def chat_model():
    return OpenAIChatModel("larder", provider=OpenAIProvider(base_url=URL + "/v1", api_key=KEY))


@test("pydantic-ai-slim", "an agent whose model is our OpenAI face, whole and streamed")
async def _():
    agent = Agent(chat_model(), instructions="Be short.")
    result = await agent.run(QUESTION)
    assert "[1]" in result.output and "Sources:" in result.output, result.output
    more = await agent.run("And who signs for it?", message_history=result.all_messages())
    assert more.output
    async with agent.run_stream(QUESTION) as stream:
        pieces = [p async for p in stream.stream_text(delta=True, debounce_by=None)]
    assert "".join(pieces) == result.output and len(pieces) > 1, pieces


@test("openai", "models, completions whole and streamed, usage, errors")
async def _():
    client = openai.AsyncOpenAI(base_url=URL + "/v1", api_key=KEY)
    assert [m.id async for m in client.models.list()] == ["larder"]
    assert (await client.models.retrieve("larder")).owned_by == "larder"
    messages = [{"role": "system", "content": "You help."}, {"role": "user", "content": [{"type": "text", "text": QUESTION}]}]
    whole = await client.chat.completions.create(model="larder", messages=messages, temperature=0)
    choice = whole.choices[0]
    assert choice.finish_reason == "stop" and "[1]" in choice.message.content and whole.usage.total_tokens >= 0
    assert choice.message.citations[0]["document_name"] and whole.larder["run_id"]
    text, usage, roles, cited = "", None, set(), []
    stream = await client.chat.completions.create(model="larder", messages=messages, stream=True, stream_options={"include_usage": True})
    async for chunk in stream:
        usage = chunk.usage or usage
        for c in chunk.choices:
            text += c.delta.content or ""
            roles |= {c.delta.role} - {None}
            cited += getattr(c.delta, "citations", None) or []
    assert text == choice.message.content and usage is not None and roles == {"assistant"} and cited
    for model, expected in (("gpt", openai.NotFoundError), ("larder", openai.BadRequestError)):
        try:
            await client.chat.completions.create(model=model, messages=[] if model == "larder" else messages)
            raise AssertionError("a wrong request was answered")
        except expected:
            pass
    try:
        await openai.AsyncOpenAI(base_url=URL + "/v1", api_key="wrong").models.list()
        raise AssertionError("a wrong key was taken")
    except openai.AuthenticationError:
        pass


@test("mcp", "a wrong key is refused")
async def _():
    async with httpx2.AsyncClient() as http:
        reply = await http.post(URL + "/mcp", json={"jsonrpc": "2.0", "id": 1, "method": "ping"},
                                headers={"Accept": "application/json, text/event-stream", "Authorization": "Bearer wrong"})
    assert reply.status_code == 401


def main():
    failed = 0
    for name, function in TESTS:
        try:
            asyncio.run(asyncio.wait_for(function(), 60))
            print(f"ok {name.replace(': ', ', ')}", flush=True)
        except BaseException as error:  # noqa: BLE001 - every fault of a test is its result
            failed += 1
            while isinstance(error, BaseExceptionGroup):
                error = error.exceptions[0]
            place = traceback.extract_tb(error.__traceback__)[-1]
            text = f"{type(error).__name__}: {error} ({place.filename.rsplit('/')[-1]}:{place.lineno})".replace("\n", " | ")
            print(f"not ok {name.replace(': ', ', ')}: {text[:1200]}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
