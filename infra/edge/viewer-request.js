// What CloudFront does to a device's request before it looks into its cache. tools/devserver/src/front/edge.rs is the
// same in Rust, vectors.json holds the two together, and docs/API.md says what devices see of it.
//
// JavaScript runtime 2.0 of CloudFront Functions: ES 5.1 and little more (see test.mjs), 10 KB, no network. It sees no
// behaviour and no origin. CloudFront chose them by the path in normal form, but here it is as it was sent: what has
// another normal form is refused, so that no origin gets what was checked as something else.
import cf from 'cloudfront';
import crypto from 'crypto';

const RESERVED = ['v1', 'oauth', 'repository', 'console', 'docs', 'health', 'by-hash'];
const CHECK = /^\/v1\/ota\/deviceTypes\/[^/]+\/eligibility$/;
const FEED = /^\/([a-z0-9-]+)(\/|$)/;
const DOWNLOAD =
  /^\/repository\/([0-9a-f]{64})\/([A-Za-z0-9]+)\.(0|[1-9][0-9]{0,17})\.([A-Za-z0-9_-]{22})\/[^/]*$/;

async function handler(event) {
  const request = event.request;
  const headers = request.headers;
  const id = event.context.requestId;
  const reads = request.method === 'GET' || request.method === 'HEAD';

  if (CHECK.test(request.uri)) {
    return check(request, id);
  }
  request.querystring = '';
  if (request.uri.indexOf('/repository/') === 0) {
    return reads ? download(request, id, request.uri) : bare(id, 405, 'Method Not Allowed', { allow: 'GET, HEAD' });
  }
  const feed = FEED.exec(request.uri);
  if (!feed || RESERVED.indexOf(feed[1]) >= 0) {
    return problem(id, 404, 'not_found', 'Not found', 'there is no such path');
  }
  const raw = request.uri.split('/');
  const dots = raw.some(text => ['.', '..'].indexOf(decoded(text)) >= 0);
  if (dots || /[\x00-\x1f\x7f-\x9f\\?#]/.test(request.uri)) {
    return unreadable(id, 'path', 'must hold no control characters, none of ? # \\, and no segment of dots');
  }
  if (!reads) {
    return problem(id, 501, 'not_implemented', 'Not implemented',
      'feeds are read with GET and HEAD, and nothing else', { allow: 'GET, HEAD' });
  }
  const restricted = isRestricted(feed[1]);
  const refusal = restricted && refuse(id, headers);
  if (refusal) {
    return refusal;
  }

  const segments = raw.filter(text => text !== '');
  // CloudFront asks the bucket for whatever has something behind `by-hash`, however that is spelled.
  if (decoded(request.uri).indexOf('/by-hash/') >= 0) {
    const place = segments.length - 4;
    const fits = place >= 2 && place <= 4 && segments[place] === 'by-hash';
    return download(request, id, fits ? '/repository/' + segments.slice(place + 1).join('/') : '');
  }

  if (segments.length > 1) {
    segments[1] = deviceType(segments[1]);
  }
  request.uri = '/' + segments.join('/');
  // A part of an index answers this very question, which is therefore in the cache key. If-Modified-Since itself gives
  // no parts: the cache sends it on its own to renew what it has, and would keep a part as the whole.
  const since = one(headers, 'if-modified-since');
  const other = headers['if-none-match'] || headers['if-match'] || headers['if-unmodified-since'];
  const last = decoded(segments[segments.length - 1]);
  const index = segments.length < 5 && last !== 'Packages' && last.indexOf('Packages.') !== 0;
  const partly = index && !other && /^[ -~]{1,64}$/.test(since);
  const listed = prefersJson(headers) ? 'application/json' : 'text/plain';
  return forward(request, restricted, partly ? since : '', segments.length === 1 ? listed : '*/*');
}

// A check keeps what it asks, in one spelling: the origin reads what was decided upon here.
function check(request, id) {
  const segments = request.uri.split('/');
  segments[4] = deviceType(segments[4]);
  request.uri = segments.join('/');
  const kept = [];
  let restricted = false;
  Object.keys(request.querystring).forEach(key => {
    const name = formDecoded(key);
    const asked = request.querystring[key];
    if (name === 'feed' || (name !== '' && !/[^0-9]/.test(name))) {
      (asked.multiValue || [asked]).forEach(each => {
        const value = formDecoded(each.value);
        restricted = restricted || (name === 'feed' && isRestricted(value));
        kept.push(name + '=' + encodeURIComponent(value));
      });
    }
  });
  request.querystring = kept.sort().join('&');
  // Plain HTTP comes in here, for open feeds; for others, only what is surely HTTPS.
  if (restricted && one(request.headers, 'cloudfront-forwarded-proto') !== 'https') {
    return bare(id, 403, 'Forbidden');
  }
  return (restricted && refuse(id, request.headers)) || forward(request, restricted, '', form(request.headers));
}

// The digest in a download path, if its signature is good, becomes the bucket's key.
async function download(request, id, path) {
  const parts = DOWNLOAD.exec(path);
  let mac = '';
  try {
    const keys = cf.kvs();
    const key = await keys.get(parts[2]);
    // A key that nobody has filled in yet is one that everybody knows.
    if (key.length >= 32 && !/[^0-9a-f]/.test(key)) {
      const hmac = crypto.createHmac('sha256', Buffer.from(key, 'hex')).update('dl1' + parts[1] + parts[3]);
      mac = hmac.digest().slice(0, 16).toString('base64url');
    }
  } catch (none) {
    // No such key, or no such path.
  }
  let wrong = mac === '';
  for (let i = 0; i < mac.length; i++) {
    wrong |= mac.charCodeAt(i) ^ parts[4].charCodeAt(i);
  }
  if (wrong || (parts[3] !== '0' && Date.now() / 1000 >= Number(parts[3]))) {
    return bare(id, 403, 'Forbidden');
  }
  request.uri = '/repository/' + parts[1];
  return forward(request, false, '', '*/*');
}

// The origins' answer to a credential that can open no restricted feed; a real number is not even passed on to them.
function refuse(id, headers) {
  const credential = one(headers, 'authorization');
  const basic = /^basic (.*)$/i.exec(credential);
  let candidates = [credential];
  if (basic) {
    const encoded = basic[1].trim();
    const text = Buffer.from(encoded, 'base64').toString();
    const colon = text.indexOf(':');
    candidates = colon < 0 ? [text] : [text.slice(0, colon), text.slice(colon + 1)];
    // Decoding skips what is no base64, and replaces what is no text.
    if (Buffer.from(text).toString('base64') !== encoded) {
      candidates = [];
    }
  }
  // By length, since `$` matches before a line feed here.
  const isHash = text => text.length === 40 && !/[^0-9a-fA-F]/.test(text);
  const isNumber = text => text.length >= 14 && text.length <= 16 && !/[^0-9]/.test(text);
  const found = candidates.filter(text => isHash(text) || isNumber(text))[0];
  if (!found) {
    return problem(id, 401, 'credential_required', 'This feed is restricted',
      'this feed is restricted to devices that have been granted access',
      { 'cache-control': 'private, no-store', 'www-authenticate': 'Basic realm="restricted feed"' });
  }
  const why = 'must be the SHA-1 of the IMEI or NDUID, never the number itself';
  return isHash(found) ? null : unreadable(id, 'Authorization', why);
}

function isRestricted(feed) {
  return feed === 'dev' || feed.indexOf('dev-') === 0;
}

// Percent-decoded as far as ASCII goes.
function decoded(text) {
  return text.replace(/%[0-7][0-9a-f]/gi, code => String.fromCharCode(parseInt(code.slice(1), 16)));
}

// The CDN purges `/release/kettle*`, and would keep what it had been asked for as `/release/%6bettle`.
function deviceType(segment) {
  const plain = decoded(segment);
  return /[^a-z0-9-]/.test(plain) ? segment : plain;
}

// As in a form; what cannot be decoded stays as it is, and means nothing to an origin.
function formDecoded(text) {
  try {
    return decodeURIComponent(text.replace(/\+/g, ' '));
  } catch (malformed) {
    return text;
  }
}

// What `Accept` says of media ranges; of one that is named twice the greater weight counts.
function weights(headers) {
  const accept = headers.accept || { value: '' };
  const best = {};
  (accept.multiValue || [accept]).forEach(line => line.value.toLowerCase().split(',').forEach(range => {
    const parts = range.split(';').map(part => part.trim());
    const given = parts.filter(part => /^q=[01](\.[0-9]{0,3})?$/.test(part))[0];
    best[parts[0]] = Math.max(best[parts[0]] || 0, given ? Number(given.slice(2)) : 1);
  }));
  return best;
}

function prefersJson(headers) {
  const best = weights(headers);
  const text = Math.max(best['text/plain'] || 0, best['text/*'] || 0, best['*/*'] || 0);
  return best['application/json'] > 0 && best['application/json'] >= text;
}

// The form in which a check is answered, JSON where there is nothing better. One of three, so that a cache keeps no more.
function form(headers) {
  const best = weights(headers);
  const weight = ranges => ranges.map(range => best[range]).filter(given => given !== undefined)[0] || 0;
  const json = weight(['application/json', 'application/*', '*/*']);
  const cbor = weight(['application/cbor', 'application/*', '*/*']);
  const text = weight(['text/plain', 'text/*', '*/*']);
  if (json >= cbor && json >= text) {
    return '*/*';
  }
  return cbor >= text ? 'application/cbor' : 'text/plain';
}

// A header that was sent once; sent twice, it says nothing.
function one(headers, name) {
  const header = headers[name];
  return !header || (header.multiValue && header.multiValue.length > 1) ? '' : header.value.trim();
}

// The edge's own words to an origin, whatever a client wrote there. Only a restricted feed sees a credential, and not
// under its name, under which origin access control signs; with others it would only split the cache.
function forward(request, restricted, since, accept) {
  const headers = request.headers;
  put(headers, 'accept', accept);
  put(headers, 'x-device-authorization', restricted ? one(headers, 'authorization') : '');
  put(headers, 'x-device-modified-since', since);
  delete headers.authorization;
  return request;
}

// Of a header that was sent twice, CloudFront reads `multiValue`.
function put(headers, name, value) {
  const twice = headers[name] && headers[name].multiValue;
  headers[name] = twice ? { value: value, multiValue: [{ value: value }] } : { value: value };
  if (!value) {
    delete headers[name];
  }
}

function unreadable(id, name, why) {
  return problem(id, 400, 'invalid_parameter', 'A parameter cannot be read', name + ' ' + why, {},
    [{ message: why, pointer: name }]);
}

function problem(id, status, code, title, detail, more, errors) {
  const body = {
    code: code, detail: detail, error: code, error_description: detail, errors: errors, requestId: id, status: status,
    timestamp: Date.now(), title: title, trace: code + ' in request ' + id, type: 'urn:ota:error:' + code,
  };
  return answer(id, status, 'application/problem+json', body, more);
}

function bare(id, status, message, more) {
  return answer(id, status, 'application/json', { message: message }, more);
}

function answer(id, status, type, body, more) {
  const all = Object.assign({ 'cache-control': 'no-store', 'content-type': type, 'x-request-id': id }, more);
  const headers = {};
  Object.keys(all).forEach(name => {
    headers[name] = { value: all[name] };
  });
  return { statusCode: status, headers: headers, body: { encoding: 'text', data: JSON.stringify(body) } };
}
