// SPDX-License-Identifier: AGPL-3.0-or-later
// Larder through unmodified Node clients: the protocol's official TypeScript SDK and OpenAI's SDK. Run by run.py:
// node_clients.mjs URL KEY LARDER DATA. Prints `ok NAME` or `not ok NAME: why` for each.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import path from "node:path";
import { pathToFileURL } from "node:url";

const [url, key, larder, data, modules] = process.argv.slice(2);
const require = createRequire(path.join(modules, "node_modules", "x.js"));
const load = (name) => import(pathToFileURL(require.resolve(name)).href);
const version = (name) => {
  const folder = path.join(modules, "node_modules", name, "package.json");
  return require(folder).version;
};
const { Client } = await load("@modelcontextprotocol/sdk/client/index.js");
const { StreamableHTTPClientTransport } = await load("@modelcontextprotocol/sdk/client/streamableHttp.js");
const { StdioClientTransport } = await load("@modelcontextprotocol/sdk/client/stdio.js");
const { ResourceListChangedNotificationSchema, ResourceUpdatedNotificationSchema } = await load("@modelcontextprotocol/sdk/types.js");
const modern = await load("@modelcontextprotocol/client");
const modernStdio = await load("@modelcontextprotocol/client/stdio");
const { default: OpenAI } = await load("openai");

const question = "How often should the fryer oil be filtered?";
const tools = ["search_knowledge", "document_read", "list_documents", "file_status", "system_status"];
const headers = { Authorization: `Bearer ${key}` };
const http = () => new StreamableHTTPClientTransport(new URL(url + "/mcp"), { requestInit: { headers } });
const sdk = `@modelcontextprotocol/sdk ${version("@modelcontextprotocol/sdk")}`;

async function withClient(transport, use) {
  const client = new Client({ name: "larder-interop", version: "1.0.0" });
  await client.connect(transport);
  try {
    await use(client, transport);
  } finally {
    if (transport.terminateSession) await transport.terminateSession();
    await client.close();
  }
}

const modernSdk = `@modelcontextprotocol/client ${version("@modelcontextprotocol/client")}`;

// The SDK of revision 2026-07-28, with the same server.
async function withModern(transport, use) {
  const client = new modern.Client({ name: "larder-interop", version: "1.0.0" }, { versionNegotiation: { mode: "auto" } });
  await client.connect(transport);
  try {
    assert.equal(client.getNegotiatedProtocolVersion(), "2026-07-28");
    await use(client);
  } finally {
    await client.close();
  }
}

async function modernRound(client) {
  const listed = (await client.listTools()).tools;
  for (const name of tools) assert.equal(listed.find((t) => t.name === name).annotations.readOnlyHint, true);
  const found = await client.callTool({ name: "search_knowledge", arguments: { query: "filter the fryer oil", limit: 3 } });
  assert.ok(!found.isError && found.structuredContent.results.length > 0);
  const wrong = await client.callTool({ name: "search_knowledge", arguments: { query: "oil", limit: "many" } });
  assert.ok(wrong.isError && wrong.content[0].text.includes("limit"));
  await assert.rejects(client.callTool({ name: "no_such_tool", arguments: {} }), (e) => e.code === -32602);
  const manual = (await client.listResources()).resources.find((r) => r.name === "fryer-manual.pdf");
  assert.match((await client.readResource({ uri: manual.uri })).contents[0].text, /Filtering a vat/);
  await assert.rejects(client.readResource({ uri: "larder://documents/nothing" }), (e) => e.code === -32602);
  const prompt = await client.getPrompt({ name: "ask_equipment", arguments: { question } });
  assert.ok(prompt.messages[0].content.text.includes(question));
}

async function wholeRound(client) {
  assert.equal(client.getServerVersion().name, "larder");
  assert.match(client.getInstructions(), /search_knowledge/);
  const listed = (await client.listTools()).tools;
  for (const name of tools) {
    const tool = listed.find((t) => t.name === name);
    assert.equal(tool.annotations.readOnlyHint, true);
    assert.equal(tool.outputSchema.type, "object");
  }
  const progress = [];
  // The SDK checks structuredContent against the tool's outputSchema. It drops a notification that comes in the same read as
  // the answer, so one call may show no progress; twenty would be no accident.
  for (let i = 0; i < 20 && progress.length === 0; i++) {
    const found = await client.callTool({ name: "search_knowledge", arguments: { query: "filter the fryer oil", limit: 3 } }, undefined,
      { onprogress: (p) => progress.push(p.progress) });
    assert.ok(!found.isError && found.structuredContent.results.length > 0);
    assert.deepEqual(JSON.parse(found.content[0].text), found.structuredContent);
  }
  assert.equal(progress[0], 0);
  for (const name of ["list_documents", "file_status", "system_status"]) {
    assert.ok(!(await client.callTool({ name, arguments: {} })).isError, name);
  }
  const wrong = await client.callTool({ name: "search_knowledge", arguments: { query: "oil", limit: "many" } });
  assert.ok(wrong.isError && wrong.content[0].text.includes("limit"));
  await assert.rejects(client.callTool({ name: "no_such_tool", arguments: {} }), (e) => e.code === -32602);
  const manual = (await client.listResources()).resources.find((r) => r.name === "fryer-manual.pdf");
  const whole = await client.readResource({ uri: manual.uri });
  assert.match(whole.contents[0].text, /Filtering a vat/);
  const page = await client.readResource({ uri: `${manual.uri}/pages/8` });
  assert.ok(Buffer.from(page.contents.find((c) => c.blob).blob, "base64").subarray(1, 4).equals(Buffer.from("PNG")));
  await assert.rejects(client.readResource({ uri: "larder://documents/nothing" }), (e) => e.code === -32002);
  const { resourceTemplates } = await client.listResourceTemplates();
  assert.ok(resourceTemplates.some((t) => t.uriTemplate.includes("{page}")));
  const completed = await client.complete({ ref: { type: "ref/resource", uri: "larder://documents/{id}" },
    argument: { name: "id", value: "fryer" } });
  assert.ok(manual.uri.endsWith(completed.completion.values[0]));
  const prompt = await client.getPrompt({ name: "ask_equipment", arguments: { question } });
  assert.ok(prompt.messages[0].content.text.includes(question));
  await client.setLoggingLevel("warning");
  await client.ping();
}

const tests = [
  [`${sdk}, Streamable HTTP`, () => withClient(http(), wholeRound)],
  [`${sdk}, larder mcp over standard input and output`,
    () => withClient(new StdioClientTransport({ command: larder, args: ["mcp", "--data", data] }), wholeRound)],
  [`${sdk}, a changed document is told to the session's own stream`, () => withClient(http(), async (client) => {
    const manual = (await client.listResources()).resources.find((r) => r.name === "fryer-manual.pdf");
    await client.subscribeResource({ uri: manual.uri });
    const told = Promise.all([
      new Promise((done) => client.setNotificationHandler(ResourceListChangedNotificationSchema, done)),
      new Promise((done) => client.setNotificationHandler(ResourceUpdatedNotificationSchema, (n) => done(n.params.uri))),
    ]);
    await new Promise((done) => setTimeout(done, 700));
    const id = manual.uri.split("/").at(-1);
    await fetch(`${url}/v1/documents/${id}/metadata`, { method: "PATCH", body: '{"shelf":"2"}',
      headers: { ...headers, "Content-Type": "application/json" } });
    await fetch(`${url}/v1/documents/${id}/reread`, { method: "POST", headers });
    assert.equal((await told)[1], manual.uri);
  })],
  [`${sdk}, an ended session is refused and begun anew`, async () => {
    const transport = http();
    const client = new Client({ name: "larder-interop", version: "1.0.0" });
    await client.connect(transport);
    const id = transport.sessionId;
    assert.match(id, /^[0-9a-f]{32}$/);
    await transport.terminateSession();
    const reply = await fetch(url + "/mcp", { method: "POST", body: '{"jsonrpc":"2.0","id":1,"method":"ping"}',
      headers: { ...headers, "Content-Type": "application/json", Accept: "application/json, text/event-stream", "Mcp-Session-Id": id } });
    assert.equal(reply.status, 404);
    await client.close();
    await withClient(http(), (again) => again.ping());
  }],
  [`${modernSdk}, Streamable HTTP in revision 2026-07-28`,
    () => withModern(new modern.StreamableHTTPClientTransport(new URL(url + "/mcp"), { requestInit: { headers } }), modernRound)],
  [`${modernSdk}, larder mcp over standard input and output in revision 2026-07-28`,
    () => withModern(new modernStdio.StdioClientTransport({ command: larder, args: ["mcp", "--data", data] }), modernRound)],
  [`openai ${version("openai")} for Node, models, completions whole and streamed, errors`, async () => {
    const client = new OpenAI({ baseURL: url + "/v1", apiKey: key });
    assert.deepEqual((await client.models.list()).data.map((m) => m.id), ["larder"]);
    const messages = [{ role: "user", content: question }];
    const whole = await client.chat.completions.create({ model: "larder", messages });
    const { content, citations } = whole.choices[0].message;
    assert.match(content, /\[1\][^]*Sources:/);
    assert.ok(citations[0].document_name && whole.larder.run_id);
    let text = "", usage;
    for await (const chunk of await client.chat.completions.create({ model: "larder", messages, stream: true,
      stream_options: { include_usage: true } })) {
      text += chunk.choices[0]?.delta?.content ?? "";
      usage = chunk.usage ?? usage;
    }
    assert.equal(text, content);
    assert.ok(usage.total_tokens >= 0);
    await assert.rejects(client.chat.completions.create({ model: "other", messages }), OpenAI.NotFoundError);
    await assert.rejects(client.chat.completions.create({ model: "larder", messages, n: 2 }), OpenAI.BadRequestError);
    await assert.rejects(new OpenAI({ baseURL: url + "/v1", apiKey: "wrong", maxRetries: 0 }).models.list(), OpenAI.AuthenticationError);
  }],
];

let failed = 0;
for (const [name, run] of tests) {
  let timer;
  try {
    await Promise.race([run(), new Promise((_, no) => (timer = setTimeout(() => no(new Error("took over 60 s")), 60000)))]);
    console.log(`ok ${name}`);
  } catch (error) {
    failed++;
    console.log(`not ok ${name}: ${String(error.stack ?? error).split("\n").slice(0, 6).join(" | ").slice(0, 1200)}`);
  }
  clearTimeout(timer);
}
process.exit(failed ? 1 : 0);
