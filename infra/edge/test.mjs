// Tests of viewer-request.js: `node --test infra/edge/test.mjs`. vectors.json is made by the Rust mirror's own test.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import crypto from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';

const source = readFileSync(new URL('viewer-request.js', import.meta.url), 'utf8');
const vectors = JSON.parse(readFileSync(new URL('vectors.json', import.meta.url), 'utf8'));

const IMPORTS = /^import \w+ from '(\w+)';$/gm;

// The function as CloudFront would load it, with stand-ins for its modules and its clock.
function load(keyValueStore) {
  const clock = class extends Date {
    static now() {
      return vectors.now;
    }
  };
  const body = `'use strict'; ${source.replace(IMPORTS, '')}; return handler;`;
  return new Function('cf', 'crypto', 'Date', body)({ kvs: keyValueStore }, crypto, clock);
}

function storeOf(keys) {
  return () => ({
    async get(name) {
      if (!Object.hasOwn(keys, name)) {
        throw new Error('KeyNotFound');
      }
      return keys[name];
    },
  });
}

// One field each, with `multiValue` where a name comes twice: headers, and parameters of a query.
function collapsed(pairs) {
  const fields = {};
  for (const [name, value] of pairs) {
    if (!Object.hasOwn(fields, name)) {
      Object.defineProperty(fields, name, { value: { value }, enumerable: true, configurable: true, writable: true });
    } else {
      fields[name].multiValue ??= [{ value: fields[name].value }];
      fields[name].multiValue.push({ value });
    }
  }
  return fields;
}

// The event that CloudFront makes of a request: everything as it was sent, nothing decoded.
function eventOf({ method, path, query, headers, https }) {
  const parameters = query.split('&').filter(pair => pair !== '').map(pair => {
    const at = pair.indexOf('=');
    return at < 0 ? [pair, ''] : [pair.slice(0, at), pair.slice(at + 1)];
  });
  const proto = ['cloudfront-forwarded-proto', https ? 'https' : 'http'];
  return {
    version: '1.0',
    context: { distributionId: 'E0', eventType: 'viewer-request', requestId: vectors.requestId },
    viewer: { ip: '198.51.100.11' },
    request: {
      method,
      uri: path,
      querystring: collapsed(parameters),
      headers: collapsed([...headers, proto, ['host', 'ota.example.com']]),
      cookies: {},
    },
  };
}

// What a result comes to, in the words of the vectors.
function told(result) {
  const pairs = Object.entries(result.headers).flatMap(([name, { value, multiValue }]) =>
    (multiValue ?? [{ value }]).map(each => [name, each.value.trim()]));
  const headers = pairs.filter(([name]) => !['host', 'cloudfront-forwarded-proto'].includes(name)).sort();
  if (result.statusCode) {
    assert.equal(result.body.encoding, 'text');
    return { answer: { status: result.statusCode, headers, body: JSON.parse(result.body.data) } };
  }
  return { forward: { path: result.uri, query: result.querystring, headers } };
}

function expected({ answer, forward }) {
  const trimmed = headers => headers.map(([name, value]) => [name, value.trim()]).sort();
  return answer
    ? { answer: { ...answer, headers: trimmed(answer.headers) } }
    : { forward: { ...forward, headers: trimmed(forward.headers) } };
}

test('it does what the mirror does', async () => {
  const handler = load(storeOf(vectors.keys));
  for (const vector of vectors.cases) {
    const result = await handler(eventOf(vector.request));
    assert.deepEqual(told(result), expected(vector), JSON.stringify(vector.request));
  }
  assert.ok(vectors.cases.length > 300, `${vectors.cases.length} cases`);
});

const good = vectors.cases.find(each => each.forward?.path.startsWith('/repository/'));

test('a key value store that does not answer, or holds no key, opens nothing and breaks nothing else', async () => {
  const id = good.request.path.split('/')[3].split('.')[0];
  const filled = value => storeOf({ [id]: value });
  const broken = () => {
    throw new Error('no store');
  };
  const signed = key => {
    const [, sha256, signature] = /([0-9a-f]{64})\/([^/]+)/.exec(good.request.path);
    const [, expiry] = signature.split('.');
    const mac = crypto.createHmac('sha256', key).update(`dl1${sha256}${expiry}`).digest().subarray(0, 16);
    return `/repository/${sha256}/${id}.${expiry}.${mac.toString('base64url')}/f`;
  };
  for (const [store, path] of [
    [broken, good.request.path],
    [storeOf({}), good.request.path],
    [filled(undefined), good.request.path],
    [filled(''), signed('')],
    [filled('change me'), signed('change me')],
    [filled('change me'), signed(Buffer.from('change me', 'hex'))],
    [filled('00'), signed(Buffer.from('00', 'hex'))],
    [filled('z'.repeat(64)), signed(Buffer.from('z'.repeat(64), 'hex'))],
  ]) {
    const handler = load(store);
    assert.equal((await handler(eventOf({ ...good.request, path }))).statusCode, 403, path);
    const feed = await handler(eventOf({ ...good.request, path: '/release/dev1' }));
    assert.equal(feed.uri, '/release/dev1');
  }
});

test('a header that was sent twice leaves nothing of what the client wrote', async () => {
  const handler = load(storeOf(vectors.keys));
  const hash = '2fd4e1c67a2d28fced849ee1bb76e7391b93eb12';
  const forged = ['x-device-authorization', 'x-device-modified-since', 'accept'].flatMap(name => [[name, 'a'], [name, 'b']]);
  const date = ['if-modified-since', 'Sun, 06 Nov 1994 08:49:37 GMT'];
  for (const headers of [forged, [...forged, date, ['authorization', hash]]]) {
    for (const path of ['/release', '/dev/dev1', good.request.path]) {
      const result = await handler(eventOf({ ...good.request, path, headers }));
      for (const name of ['x-device-authorization', 'x-device-modified-since', 'accept']) {
        const { value, multiValue } = result.headers[name] ?? {};
        assert.ok(!['a', 'b'].includes(value), `${path} ${name}`);
        assert.deepEqual(multiValue, value && [{ value }], `${path} ${name}`);
      }
    }
  }
});

test('a check of a restricted feed needs to know that it came over HTTPS', async () => {
  const handler = load(storeOf(vectors.keys));
  const check = vectors.cases.find(each => each.request.query === 'feed=dev&2105=0' && each.forward);
  for (const [proto, status] of [['https', undefined], ['http', 403], ['HTTPS', 403], [undefined, 403]]) {
    const event = eventOf(check.request);
    event.request.headers['cloudfront-forwarded-proto'] = { value: proto };
    if (!proto) {
      delete event.request.headers['cloudfront-forwarded-proto'];
    }
    assert.equal((await handler(event)).statusCode, status, proto);
  }
});

// The source without comments, and with every literal text and pattern emptied.
const code = source
  .replace(/\/\/.*$/gm, '')
  .replace(/'(?:\\.|[^'\\])*'/g, "''")
  .replace(/(^|[=(,:!&|]\s*|\breturn\s+)\/(?:\\.|\[(?:\\.|[^\]\\])*\]|[^/\\\n])+\/[a-z]*/gm, '$1/p/');

// JavaScript runtime 2.0 of CloudFront Functions is ES 5.1 with `const`, `let`, arrow functions, `async` and `await`
// (the developer guide's page on the runtime). What the function uses must stand here; what the runtime is known to
// refuse must not be in it.
const GLOBALS = ['Buffer', 'Date', 'JSON', 'Math', 'Number', 'Object', 'String', 'decodeURIComponent', 'encodeURIComponent',
  'parseInt', 'cf', 'crypto'];
const MEMBERS = ['exec', 'test', 'charCodeAt', 'fromCharCode', 'indexOf', 'replace', 'slice', 'split', 'toLowerCase', 'trim', 'concat',
  'filter', 'forEach', 'join', 'map', 'push', 'some', 'sort', 'assign', 'keys', 'max', 'now', 'stringify', 'from', 'toString',
  'createHmac', 'update', 'digest', 'kvs', 'get', 'length'];
const REFUSED = {
  'a class': /\bclass\b/,
  'a generator': /function\s*\*|\byield\b/,
  'for … of': /\bfor\s*\([^)]*\bof\b/,
  'spread or rest': /\.\.\./,
  'destructuring': /\b(?:const|let|var)\s*[[{]|\(\s*[[{][^()]*[\]}]\s*\)\s*=>|=>\s*\[[^\]]*\]\s*=/,
  'optional chaining': /\?\.(?!\d)/,
  'nullish coalescing': /\?\?/,
  'logical assignment': /(?:&&|\|\|)=/,
  'a default parameter': /function\s*\w*\([^)]*=|\(\w+\s*=[^=>][^)]*\)\s*=>/,
  'a method or accessor in an object': /[{,]\s*(?:async\s+|get\s+|set\s+)?(?!if|for|while|switch|catch|function)\w+\s*\([^)]*\)\s*\{/,
  'await inside of an expression': /\bawait\b(?<!(?:=|return)\s*await)/,
  'an async arrow function': /async\s*\(?\w*\)?\s*=>|=\s*async\b/,
  'a big number': /\b\d+n\b/,
  'a label, eval, or a timer': /^\s*\w+:\s*(?:for|while)|\beval\b|new\s+Function|\bset(?:Timeout|Interval)\b/m,
  'require': /\brequire\b/,
  'a catch without a name': /\bcatch\s*\{/,
};

test('it uses nothing that the runtime does not have', () => {
  for (const [what, pattern] of Object.entries(REFUSED)) {
    assert.doesNotMatch(code, pattern, what);
  }
  const modules = [...source.matchAll(IMPORTS)].map(match => match[1]);
  assert.deepEqual(modules, ['cloudfront', 'crypto']);
  const declared = new Set([...code.matchAll(/\b(?:const|let|function|catch \()\s*(\w+)/g)].map(match => match[1]));
  const called = [...code.matchAll(/(?<![.\w])([A-Za-z]\w*)\s*\(/g)].map(match => match[1]);
  const words = ['if', 'for', 'return', 'catch', 'function', 'handler', 'await'];
  for (const name of called) {
    assert.ok(declared.has(name) || GLOBALS.includes(name) || words.includes(name), `${name} is called`);
  }
  for (const [, name] of code.matchAll(/\.(\w+)\s*\(/g)) {
    assert.ok(MEMBERS.includes(name), `.${name}() is called`);
  }
  for (const [, name] of code.matchAll(/(?<![.\w])([A-Z]\w*)\./g)) {
    assert.ok(GLOBALS.includes(name) || declared.has(name), `${name} is used`);
  }
});

test('the check of the runtime sees what it is for', () => {
  for (const [what, sample] of [
    ['a class', 'class A {}'],
    ['for … of', 'for (const a of b) {}'],
    ['spread or rest', 'f(...a)'],
    ['destructuring', 'const { a } = b;'],
    ['destructuring', 'let [a] = b;'],
    ['optional chaining', 'a?.b'],
    ['nullish coalescing', 'a ?? b'],
    ['a default parameter', 'function f(a = 1) {}'],
    ['a method or accessor in an object', 'const a = { b() {} };'],
    ['await inside of an expression', 'f(await g())'],
    ['an async arrow function', 'const f = async a => a;'],
    ['a catch without a name', 'try {} catch {}'],
  ]) {
    assert.match(sample, REFUSED[what], sample);
  }
});

// CloudFront's runtime goes by the behaviour of njs, nginx's JavaScript; where that is at hand (NJS, or on the PATH), the
// vectors run through it too.
const njs = process.env.NJS ?? 'njs';
const version = spawnSync(njs, ['-v'], { encoding: 'utf8' });

test('it does the same in njs', { skip: version.error ? 'njs is not installed' : false }, t => {
  t.diagnostic(`njs ${version.stdout.trim()}`);
  const folder = mkdtempSync(join(tmpdir(), 'edge-'));
  try {
    const events = vectors.cases.map(each => eventOf(each.request));
    const found = "name => keys[name] ? Promise.resolve(keys[name]) : Promise.reject(new Error('KeyNotFound'))";
    const cf = `const keys = ${JSON.stringify(vectors.keys)}; const cf = { kvs: () => ({ get: ${found} }) };`;
    const script = `import fs from 'fs';
${source.replace(/^import cf .*$/m, () => cf)}
Date.now = () => ${vectors.now};
async function run() {
  const events = JSON.parse(fs.readFileSync('${folder}/events.json', 'utf8'));
  const results = [];
  for (let i = 0; i < events.length; i++) {
    const result = await handler(events[i]);
    results.push(result);
  }
  fs.writeFileSync('${folder}/results.json', JSON.stringify(results));
}
run().catch(error => console.log(String(error.stack || error)));
`;
    writeFileSync(join(folder, 'events.json'), JSON.stringify(events));
    writeFileSync(join(folder, 'run.js'), script);
    const run = spawnSync(njs, [join(folder, 'run.js')], { encoding: 'utf8' });
    assert.equal(run.stdout + run.stderr, '');
    const results = JSON.parse(readFileSync(join(folder, 'results.json'), 'utf8'));
    assert.equal(results.length, vectors.cases.length);
    vectors.cases.forEach((vector, at) => {
      assert.deepEqual(told(results[at]), expected(vector), JSON.stringify(vector.request));
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
});
