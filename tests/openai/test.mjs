// SPDX-License-Identifier: MIT
// OpenAI's own client draws against the sandbox, unchanged: OPENAI_BASE_URL and OPENAI_API_KEY are all it is told.
import assert from 'node:assert/strict';
import OpenAI from 'openai';

const client = new OpenAI({ maxRetries: 0 });

function checkPng(bytes, width, height) {
  assert.equal(bytes.subarray(0, 8).toString('latin1'), '\x89PNG\r\n\x1a\n');
  assert.equal(bytes.subarray(12, 16).toString('latin1'), 'IHDR');
  assert.deepEqual([bytes.readUInt32BE(16), bytes.readUInt32BE(20)], [width, height]);
  assert.equal(bytes.subarray(-8, -4).toString('latin1'), 'IEND');
}

async function download(url) {
  const response = await fetch(url);
  assert.equal(response.status, 200);
  assert.equal(response.headers.get('content-type'), 'image/png');
  return Buffer.from(await response.arrayBuffer());
}

const tests = {
  async 'draws a picture and links it'() {
    const reply = await client.images.generate({
      model: 'dall-e-3', prompt: 'A quiet harbour at dawn', size: '1024x1024', quality: 'standard', style: 'natural',
    });
    assert.ok(Math.abs(reply.created - Date.now() / 1000) < 60);
    assert.equal(reply.data.length, 1);
    checkPng(await download(reply.data[0].url), 1024, 1024);
  },
  async 'draws two pictures as base64'() {
    const reply = await client.images.generate({
      model: 'dall-e-2', prompt: 'Snow on pine trees', n: 2, size: '256x256', response_format: 'b64_json',
    });
    assert.equal(reply.data.length, 2);
    for (const image of reply.data) checkPng(Buffer.from(image.b64_json, 'base64'), 256, 256);
  },
  async 'draws with gpt-image-1, which takes no response_format'() {
    const reply = await client.images.generate({ model: 'gpt-image-1', prompt: 'A lake', size: '1024x1536', quality: 'low' });
    checkPng(Buffer.from(reply.data[0].b64_json, 'base64'), 1024, 1536);
  },
  async 'draws with a model of the gateway'() {
    const reply = await client.images.generate({ provider: 'prodia', model: 'sd_xl_base_1.0', prompt: 'x', size: '512x512' });
    checkPng(await download(reply.data[0].url), 512, 512);
    assert.equal(reply.usage.cost, 0.004);
  },
  async 'lists the models'() {
    const names = [];
    for await (const model of client.models.list()) names.push(model.model);
    assert.equal(names.length, 82);
    assert.ok(names.includes('sd_xl_base_1.0'));
  },
  async 'a wrong key is an AuthenticationError'() {
    const stranger = new OpenAI({ apiKey: 'sk-wrong', maxRetries: 0 });
    await assert.rejects(stranger.images.generate({ model: 'dall-e-2', prompt: 'x' }), (error) => {
      assert.ok(error instanceof OpenAI.AuthenticationError);
      assert.equal(error.status, 401);
      assert.equal(error.code, 'invalid_api_key');
      assert.ok(error.requestID);
      return true;
    });
  },
  async 'a bad size is a BadRequestError that names it'() {
    await assert.rejects(client.images.generate({ model: 'dall-e-2', prompt: 'x', size: '9999x1' }), (error) => {
      assert.ok(error instanceof OpenAI.BadRequestError);
      assert.equal(error.code, 'invalid_parameter');
      assert.equal(error.param, 'size');
      return true;
    });
  },
  async 'an unknown model is a NotFoundError'() {
    await assert.rejects(client.images.generate({ model: 'nosuch', prompt: 'x' }), OpenAI.NotFoundError);
  },
  async 'a fault on demand is a RateLimitError, and the next try draws'() {
    const fault = { headers: { 'X-Sandbox-Fault': 'status:429;retry-after:0.1' } };
    await assert.rejects(client.images.generate({ model: 'dall-e-2', prompt: 'x' }, fault), OpenAI.RateLimitError);
    const reply = await client.images.generate({ model: 'dall-e-2', prompt: 'x', size: '256x256' });
    assert.equal(reply.data.length, 1);
  },
  async 'a cut connection is an APIConnectionError'() {
    const fault = { headers: { 'X-Sandbox-Fault': 'cut' } };
    await assert.rejects(client.images.generate({ model: 'dall-e-2', prompt: 'x', size: '256x256' }, fault), OpenAI.APIConnectionError);
  },
};

let passed = 0;
let failed = 0;
for (const [name, test] of Object.entries(tests)) {
  try {
    await test();
    passed++;
  } catch (error) {
    failed++;
    console.log(`FAILED ${name}\n${error.stack}`);
  }
}
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;
