// Bedrock's runtime with the AWS SDK for JavaScript: an answer, its stream, and the stream of a native body.
import assert from "node:assert/strict";
import { BedrockRuntimeClient, ConverseCommand, ConverseStreamCommand, InvokeModelWithResponseStreamCommand } from "@aws-sdk/client-bedrock-runtime";

const client = new BedrockRuntimeClient({});
const ask = {
  modelId: process.env.BEDROCK_MODEL,
  messages: [{ role: "user", content: [{ text: "Name three colors." }] }],
  inferenceConfig: { temperature: 0, maxTokens: 24 },
};
const whole = await client.send(new ConverseCommand(ask));
const text = whole.output.message.content[0].text;
assert.match(text, /Red/);
assert.equal(whole.stopReason, "end_turn");

let streamed = "", stop, usage;
for await (const e of (await client.send(new ConverseStreamCommand(ask))).stream) {
  streamed += e.contentBlockDelta?.delta.text ?? "";
  stop ??= e.messageStop?.stopReason;
  usage ??= e.metadata?.usage;
}
assert.equal(streamed, text);
assert.equal(stop, "end_turn");
assert.deepEqual(usage, whole.usage);

let generated = "", metrics;
const body = JSON.stringify({ prompt: "Once upon a time", max_gen_len: 10, temperature: 0 });
for await (const e of (await client.send(new InvokeModelWithResponseStreamCommand({ modelId: ask.modelId, body }))).body) {
  const v = JSON.parse(new TextDecoder().decode(e.chunk.bytes));
  generated += v.generation;
  metrics ??= v["amazon-bedrock-invocationMetrics"];
}
assert.ok(generated.length > 5);
assert.equal(metrics.outputTokenCount, 10);
await assert.rejects(client.send(new ConverseCommand({ ...ask, modelId: "no.such-model" })), (e) => e.name === "ValidationException");
console.log("the story is told");
