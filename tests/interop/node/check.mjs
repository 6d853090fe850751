// Verifies what Counterproof signs with the curves of @noble and with Node's own (OpenSSL's).
//
// Reads one JSON request a line (`data` in base64) and writes one JSON answer a line: {ok, why, ...}.
import { createHash, createPublicKey, verify as nodeVerify } from 'node:crypto';
import { createInterface } from 'node:readline';
import { ed25519 } from '@noble/curves/ed25519.js';
import { ml_dsa44 } from '@noble/post-quantum/ml-dsa.js';

const OWN_TYPE = Buffer.from('\xffurn:counterproof:dsse-ed25519:1', 'latin1');
const TYPES = { ed25519: Buffer.of(1), cosignature: Buffer.of(4), 'ml-dsa-44': Buffer.of(6), statement: OWN_TYPE };
const PAYLOAD_TYPE = 'application/vnd.in-toto+json';

class Refused extends Error {}
const refuse = (why) => {
  throw new Refused(why);
};
const sha256 = (...parts) => createHash('sha256').update(Buffer.concat(parts)).digest();
const utf8 = (data) => {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(data);
  } catch {
    return refuse('not UTF-8');
  }
};

function base64(text) {
  if (typeof text !== 'string') refuse('not a text');
  const data = Buffer.from(text, 'base64');
  if (data.toString('base64') !== text) refuse('not base64 in its one form');
  return data;
}

// A name in a note may hold what cannot be seen; a key's may not (spec/keys.md).
const isKeyName = (name) => isName(name) && !/[\p{Cc}\p{Cf}\p{Cs}]/u.test(name) && Buffer.byteLength(name) <= 255;
const isName = (name) => name !== '' && !/[\p{White_Space}+\x00-\x1f]/u.test(name);

// --- keys ---------------------------------------------------------------------------------------------------------------

function readKey(text) {
  const [name, id, ...rest] = text.split('+');
  const data = base64(rest.join('+'));
  if (!isKeyName(name) || !/^[0-9a-f]{8}$/.test(id ?? '')) refuse('not a verifier key');
  const kind = Object.keys(TYPES).find((k) => data.subarray(0, TYPES[k].length).equals(TYPES[k]));
  if (!kind) refuse('a key of a type that is not read here');
  const key = { name, kind, id: sha256(Buffer.from(name + '\n'), data).subarray(0, 4) };
  key.public = data.subarray(TYPES[kind].length);
  if (key.id.toString('hex') !== id) refuse('an identifier that does not fit');
  if (key.public.length !== (kind === 'ml-dsa-44' ? 1312 : 32)) refuse('a key of another length');
  if (kind !== 'ml-dsa-44') registered(key.public);
  return key;
}

function registered(key) {
  let point;
  try {
    point = ed25519.Point.fromBytes(key, false);
  } catch {
    return refuse('no point in canonical form');
  }
  if (point.isSmallOrder()) refuse('small order');
  if (!point.isTorsionFree()) refuse('not of the prime-order group');
  return point;
}

const SPKI = Buffer.from('302a300506032b6570032100', 'hex');

function opensslHolds(signature, message, key) {
  try {
    return nodeVerify(null, message, createPublicKey({ key: Buffer.concat([SPKI, key]), format: 'der', type: 'spki' }), signature);
  } catch {
    return false;
  }
}

function nobleHolds(signature, message, key, zip215) {
  try {
    return ed25519.verify(signature, message, key, { zip215 });
  } catch {
    return false;
  }
}

// Both libraries, and they must say the same.
function ed25519Holds(signature, message, key) {
  if (signature.length !== 64) return false;
  const holds = opensslHolds(signature, message, key);
  if (nobleHolds(signature, message, key, false) !== holds) throw new Error('the libraries disagree');
  return holds;
}

// --- notes ------------------------------------------------------------------------------------------------------------

const u64 = (n) => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(n));
  return bytes;
};
const short = (text) => Buffer.concat([Buffer.of(Buffer.byteLength(text)), Buffer.from(text)]);

function holds(key, text, signature) {
  if (key.kind === 'ed25519') return ed25519Holds(signature, text, key.public);
  if (signature.length < 8) return false;
  const time = signature.readBigUInt64BE(0);
  if (time === 0n || time >= 1n << 63n) return false;
  if (key.kind === 'cosignature') {
    const message = Buffer.concat([Buffer.from(`cosignature/v1\ntime ${time}\n`), text]);
    return ed25519Holds(signature.subarray(8), message, key.public);
  }
  const { origin, size, root } = readCheckpoint(text);
  const message = Buffer.concat([
    Buffer.from('subtree/v1\n\0'), short(key.name), u64(time), short(origin), u64(0), u64(size), root,
  ]);
  return signature.length === 8 + 2420 && ml_dsa44.verify(signature.subarray(8), message, key.public);
}

function split(data) {
  if (data.length > 1_000_000) refuse('too long');
  const whole = utf8(data);
  if (/[\x00-\x09\x0b-\x1f]/.test(whole)) refuse('a control character');
  const cut = whole.lastIndexOf('\n\n');
  if (cut < 0 || !whole.endsWith('\n') || cut + 2 === whole.length) refuse('not a signed note');
  const lines = whole.slice(cut + 2, -1).split('\n');
  if (lines.length > 100) refuse('too many signatures');
  const signatures = lines.map((line) => {
    const found = /^\u2014 ([^ ]+) ([A-Za-z0-9+/=]+)$/.exec(line) ?? refuse('not a signature line');
    const bytes = base64(found[2]);
    if (!isName(found[1]) || bytes.length < 5) refuse('not a signature line');
    return { name: found[1], id: bytes.subarray(0, 4), signature: bytes.subarray(4) };
  });
  return { text: Buffer.from(whole.slice(0, cut + 1)), signatures };
}

function openNote(data, keys) {
  const { text, signatures } = split(data);
  const held = new Set();
  for (const line of signatures) {
    const key = keys.find((k) => k.name === line.name && k.id.equals(line.id));
    if (!key) continue;
    if (held.has(key)) refuse('one key signed twice');
    if (!holds(key, text, line.signature)) refuse(`the signature by ${key.name} does not hold`);
    held.add(key);
  }
  if (held.size === 0) refuse('nobody known signed');
  return { text, signers: [...held].map((key) => key.name).sort() };
}

function number(text) {
  if (!/^(0|[1-9][0-9]{0,18})$/.test(text) || BigInt(text) >= 1n << 63n) refuse('not a number');
  return BigInt(text);
}

function hash(text) {
  const bytes = base64(text);
  return bytes.length === 32 ? bytes : refuse('not a hash');
}

function readCheckpoint(text) {
  const lines = utf8(text).split('\n');
  if (lines.length !== 4 || lines[3] !== '' || lines[0] === '') refuse('not three lines');
  const [origin, size, root] = [lines[0], number(lines[1]), hash(lines[2])];
  if (size === 0n && !root.equals(sha256())) refuse('an empty tree with another root');
  return { origin, size, root };
}

function openCheckpoint(data, keys) {
  const opened = openNote(data, keys);
  if (opened.signers.length < keys.length) refuse('not all signed');
  const checkpoint = readCheckpoint(opened.text);
  return checkpoint.origin === keys[0].name ? checkpoint : refuse('a checkpoint of another log');
}

// --- receipts (C2SP tlog-proof; RFC 9162, section 2.1.3.2) ------------------------------------------------------------

function checkReceipt(data, entry, keys) {
  const cut = data.indexOf('\n\n');
  if (cut < 0) refuse('no checkpoint');
  const lines = utf8(data.subarray(0, cut)).split('\n');
  if (lines.shift() !== 'c2sp.org/tlog-proof@v1') refuse('not a tlog-proof');
  if (lines[0]?.startsWith('extra ')) base64(lines.shift().slice(6));
  const place = /^index (.*)$/.exec(lines.shift() ?? '') ?? refuse('no index');
  const { size, root } = openCheckpoint(data.subarray(cut + 2), keys);
  let [at, last] = [number(place[1]), size - 1n];
  if (at > last) refuse('an index beyond the tree');
  let current = sha256(Buffer.of(0), entry);
  for (const next of lines.map(hash)) {
    if (last === 0n) refuse('a path too long');
    if (at & 1n || at === last) {
      current = sha256(Buffer.of(1), next, current);
      while (!(at & 1n) && at) [at, last] = [at >> 1n, last >> 1n];
    } else {
      current = sha256(Buffer.of(1), current, next);
    }
    [at, last] = [at >> 1n, last >> 1n];
  }
  if (last !== 0n || !current.equals(root)) refuse('not in the tree');
}

// --- envelopes (DSSE) ---------------------------------------------------------------------------------------------------

function openEnvelope(data, keys) {
  let said;
  try {
    said = JSON.parse(utf8(data));
  } catch {
    return refuse('not JSON');
  }
  const written = JSON.stringify({
    payload: said?.payload,
    payloadType: said?.payloadType,
    signatures: said?.signatures?.map?.(({ keyid, sig }) => ({ keyid, sig })),
  });
  if (!Buffer.from(written).equals(data) || said.payloadType !== PAYLOAD_TYPE) refuse('not in canonical form');
  const payload = base64(said.payload);
  const head = `DSSEv1 ${PAYLOAD_TYPE.length} ${PAYLOAD_TYPE} ${payload.length} `;
  const count = said.signatures.length;
  if (count > 16 || new Set(said.signatures.map(({ keyid }) => keyid)).size !== count) refuse('too many signatures');
  const signers = said.signatures.flatMap(({ keyid, sig }) => {
    const [name, id] = String(keyid).split(/\+(?=[^+]*$)/);
    if (!isKeyName(name) || !/^[0-9a-f]{8}$/.test(id ?? '') || base64(sig).length !== 64) refuse('not a signature');
    const key = keys.find((k) => `${k.name}+${k.id.toString('hex')}` === keyid);
    if (!key) return [];
    if (key.kind !== 'statement') refuse('a key of another kind');
    if (!ed25519Holds(base64(sig), Buffer.concat([Buffer.from(head), payload]), key.public)) refuse('does not hold');
    return [key.name];
  });
  if (!signers.length) refuse('nobody known signed');
  return { text: payload.toString(), signers };
}

// --- requests -----------------------------------------------------------------------------------------------------------

function flip(data, bits, check) {
  check(data);
  const accepted = (bits ?? Array.from({ length: data.length * 8 }, (_, bit) => bit)).filter((bit) => {
    const changed = Buffer.from(data);
    changed[bit >> 3] ^= 1 << (bit & 7);
    try {
      check(changed);
      return true;
    } catch (error) {
      if (error instanceof Refused) return false;
      throw error;
    }
  });
  return { accepted, tried: bits?.length ?? data.length * 8 };
}

function edge({ key, message, signature }) {
  const [k, m, s] = [key, message, signature].map((text) => Buffer.from(text, 'base64'));
  let isRegistered = true;
  try {
    registered(k);
  } catch {
    isRegistered = false;
  }
  return {
    registered: isRegistered,
    openssl: opensslHolds(s, m, k),
    noble: nobleHolds(s, m, k, false),
    zip215: nobleHolds(s, m, k, true),
  };
}

function answer(request) {
  const data = Buffer.from(request.data ?? '', 'base64');
  const entry = Buffer.from(request.entry ?? '', 'base64');
  if (request.op === 'edge') return edge(request);
  const keys = (request.keys ?? []).map(readKey);
  const checks = {
    key: () => undefined,
    note: (d) => openNote(d, keys),
    checkpoint: (d) => void openCheckpoint(d, keys),
    receipt: (d) => checkReceipt(d, entry, keys),
    envelope: (d) => openEnvelope(d, keys),
  };
  const [, isFlip, name] = /^(flip )?(.*)$/.exec(request.op);
  if (isFlip) return flip(data, request.bits, checks[name]);
  const result = checks[name](data) ?? {};
  return { ...result, text: result.text?.toString() };
}

for await (const line of createInterface({ input: process.stdin })) {
  let reply;
  try {
    reply = { ok: true, ...answer(JSON.parse(line)) };
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    reply = { ok: false, why: error.message };
  }
  process.stdout.write(`${JSON.stringify(reply)}\n`);
}
