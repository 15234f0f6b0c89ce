// SPDX-License-Identifier: MIT
// A mock of OpenAI that others wrote, the library's client in C before it (argv[2]), and what the mock saw afterwards.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { LLMock } from '@copilotkit/aimock';

const png =
  'iVBORw0KGgoAAAANSUhEUgAAAAMAAAACCAIAAAASFvFNAAAAHUlEQVR42mNQdYqPKp/Sv+YkQ8PcXVsvvX/FrgIAV+8Jkhdl86AAAAAASUVORK5CYII=';
const picture = { image: { b64Json: png, revisedPrompt: 'a wide lake' } };
const failure = (status, code, message) => ({ status, error: { message, type: 'mock', code } });

const mock = new LLMock({ port: 0, auth: { apiKeys: ['sk-aimock-0123456789'] } });
const on = (userMessage, response, sequenceIndex) =>
  mock.on({ userMessage, endpoint: 'image', ...(sequenceIndex !== undefined && { sequenceIndex }) }, response);
on('a lake', picture);
on('two lakes', { images: [{ b64Json: png }, { b64Json: png }] });
on('with a boat', picture);
on('slow down', { ...failure(429, 'rate_limit_exceeded', 'Rate limit reached'), retryAfter: 1 });
on('no money', failure(429, 'insufficient_quota', 'You exceeded your current quota'));
on('not allowed', failure(400, 'moderation_blocked', 'Your request was rejected by the safety system.'));
on('come back', failure(503, 'overloaded', 'The engine is currently overloaded'), 0);
on('come back', picture, 1);
on('fails', failure(500, 'server_error', 'The server had an error'));

const url = await mock.start();
const child = spawn(process.argv[2], [`${url}/v1`], { stdio: 'inherit' });
const code = await new Promise((resolve) => child.on('exit', (c, signal) => resolve(signal ?? c)));
assert.equal(code, 0, `the client ended with ${code}`);

const seen = mock.getRequests();
const at = (path) => seen.filter((r) => r.path === path);
const prompts = seen.map((r) => r.body?.messages?.[0]?.content);
assert.equal(prompts.filter((p) => p === 'come back').length, 2, 'a 503 is asked again once');
assert.equal(prompts.filter((p) => p === 'slow down').length, 1);
assert.equal(prompts.filter((p) => p === 'no money').length, 1);
assert.equal(prompts.filter((p) => p === 'fails').length, 1, 'what may have been billed is not sent twice');
// The mock reads the text fields of a form: that they came is that our form is one.
assert.equal(at('/v1/images/edits').length, 2);
assert.ok(at('/v1/images/edits').every((r) => r.body.model === 'gpt-image-1' && r.body.messages[0].content === 'with a boat'));
assert.ok(at('/v1/images/edits').every((r) => r.headers['content-type'].startsWith('multipart/form-data; boundary=')));
assert.equal(at('/v1/images/variations').length, 1);
await mock.stop();
console.log(`tests/openai/aimock: passed, ${seen.length} requests`);
