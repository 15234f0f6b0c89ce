// SPDX-License-Identifier: MIT
// The pages that the test looks at, made of what the command recorded itself: pages.mjs knows apipie, not the browser.
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';

const DAY = 86400000;
export const HOSTILE = '"><script>window.hit = 1</script><img src=x onerror="window.hit = 1">';

let apipie;
const run = (...words) => {
  try {
    execFileSync(apipie, words, { stdio: ['ignore', 'ignore', 'ignore'], timeout: 30000 });
  } catch (error) {
    if (error.status === null || words[0] !== 'generate') throw error; // a batch with faults does not end with 0
  }
};

// What is drawn: [provider, model, how it goes, how often].
const orders = [
  ['prodia', 'sd_xl_base_1.0', 'stall:40', 14], ['prodia', 'sd_xl_base_1.0', 'stall:150', 5],
  ['bedrock', 'stable-diffusion-xl-v1', 'stall:20', 9], ['prodia', 'dreamshaper_8', 'stall:90', 7],
  ['prodia', 'dreamshaper_8', 'status:503', 3], ['prodia', 'dreamshaper_8', 'status:429', 1],
  ['deepinfra', 'stable-diffusion-v1-5', 'stall:10', 6], [HOSTILE, HOSTILE, 'status:500', 1],
];

function record() {
  const lines = [];
  for (const [provider, model, fault, times] of orders)
    for (let n = 0; n < times; n++)
      lines.push(JSON.stringify({ prompt: `${model} ${fault} ${n}`, provider, model, size: '64x64', extra: { sandbox: { fault } } }));
  writeFileSync('lines', lines.join('\n') + '\n');
  mkdirSync('out');
  for (const jobs of ['8', '3']) {
    rmSync('lines.done', { force: true });
    run('generate', '--batch', 'lines', '--sandbox', '--stats', 'figures', '--ledger', 'ledger', '--health', 'health',
      '--jobs', jobs, '--retries', '0', '-o', 'out/');
  }
}

// As `apipie models --prices` would have written it, had it been asked for two months.
function remember(now) {
  const models = [['prodia', 'sd_xl_base_1.0', 8000, 2800], ['bedrock', 'stable-diffusion-xl-v1', 36000, 3900],
    ['deepinfra', 'stable-diffusion-2-1', 4000, 3000], [HOSTILE, HOSTILE, 9000, 1000]];
  const lines = [];
  for (const [provider, model, micro, ms] of models)
    for (let day = 60; day > 0; day -= 4) {
      const price = (micro + (day % 12) * micro / 40) / 1e6;
      lines.push({ wall_ms: now - day * DAY, type: 'image', provider, model, price_usd: price.toFixed(6), input_usd: null,
        output_usd: null, average_usd: null, latency_ms: [null, null, null, null, null, ms + 37 * (day % 7)],
        available: day % 20 ? 1 : 0 });
    }
  lines.sort((a, b) => a.wall_ms - b.wall_ms);
  writeFileSync('prices', lines.map((line) => JSON.stringify(line) + '\n').join(''));
}

function list(name, count) {
  const data = [];
  for (let n = 0; n < count; n++)
    data.push({ provider: `provider-${n % 9}`, model: n === 5 ? HOSTILE : `a-model-with-quite-a-long-name-${n}`, type: 'image',
      price_type: 'image', img_price: ((n * 37) % 100 + 1) / 1000, latency: String(900 + (n * 131) % 9000), enabled: 1,
      available: n % 11 ? 1 : 0 });
  writeFileSync(name, JSON.stringify({ data }));
}

// In a folder that is new: {page: bytes}.
export function makePages(command) {
  apipie = command;
  record();
  remember(Date.now());
  list('thousand.json', 1000);
  run('dashboard', '--sandbox', '--stats', 'figures', '--ledger', 'ledger', '--health', 'health', '--prices', 'prices', '-o', 'full.html');
  run('dashboard', '--models', 'thousand.json', '--stats', 'figures', '-o', 'thousand.html');
  run('dashboard', '--builtin', '-o', 'empty.html');
  return Object.fromEntries(['full', 'thousand', 'empty'].map((name) => [name, statSync(`${name}.html`).size]));
}
