// Keys, notes, envelopes and policies: C2SP signed-note, tlog-checkpoint, tlog-cosignature, tlog-policy; DSSE 1.0.

const TYPES = [
  ["ed25519", Uint8Array.of(1)], ["cosignature", Uint8Array.of(4)], ["ml-dsa-44", Uint8Array.of(6)],
  ["statement", joined([255], utf8("urn:counterproof:dsse-ed25519:1"))],
];
const PREFIXES = {cosignature: "cosignature/v1\n", "ml-dsa-44": "subtree/v1\n\0", statement: "DSSEv1 "};
const MAX_NUMBER = 2n ** 63n - 1n;
const startsWith = (bytes, prefix) => bytes.length >= prefix.length && prefix.every((b, i) => bytes[i] === b);

const isName = (text) => text !== "" && !/[+\s\u0085\ufeff\x00-\x1f]/.test(text);
const isKeyName = (text) => isName(text) && !/[\x7f-\x9f]/.test(text) && utf8(text).length <= 255;

const keysRead = new Map();
async function readKey(text) {
  if (!keysRead.has(text)) keysRead.set(text, await parsedKey(text));
  return keysRead.get(text);
}
async function parsedKey(text) {
  const [, name, id, encoded] = /^([^+]*)\+([^+]*)\+([^]*)$/.exec(text) ?? refuse("not a verifier key");
  need(isKeyName(name), "a key's name that is none");
  const data = base64(encoded, "a key");
  const found = TYPES.find(([, prefix]) => startsWith(data, prefix));
  need(found, "a key of a type that is not read here");
  const [kind, prefix] = found;
  const key = data.subarray(prefix.length);
  need(kind === "ml-dsa-44" ? isUsableMlDsa44(key) : isUsableEd25519(key), `the key of ${name} must not be used`);
  const own = hex((await sha256(joined(utf8(name + "\n"), data))).subarray(0, 4));
  need(own === id, `the identifier of ${name}'s key does not fit`);
  return {text, name, kind, key, id, keyid: `${name}+${id}`};
}
async function holds(verifier, message, signature) {
  const starts = (prefix) => startsWith(message, utf8(prefix));
  const may = verifier.kind === "ed25519" ? !Object.values(PREFIXES).some(starts) : starts(PREFIXES[verifier.kind]);
  return may && holdsEd25519(verifier.key, message, signature);
}

// Envelopes.
const KEYID = '(?:[^"\\\\\\x00-\\x1f]|\\\\["\\\\])+';
const ONE = new RegExp(`\\{"keyid":"(${KEYID})","sig":"([A-Za-z0-9+/]{86}==)"\\}`, "g");
const ANY = `\\{"keyid":"${KEYID}","sig":"[A-Za-z0-9+/]{86}=="\\}`;
const WHOLE = new RegExp(
  `^\\{"payload":"([A-Za-z0-9+/]*={0,2})","payloadType":"${PAYLOAD_TYPE.replace(/[.+]/g, "\\$&")}","signatures":` +
  `\\[(${ANY}(?:,${ANY}){0,15})\\]\\}$`);
function unseal(text) {
  need(utf8(text).length <= 65535, "an entry larger than a log takes");
  const found = WHOLE.exec(text);
  need(found, "not an envelope in canonical form");
  const signatures = [...found[2].matchAll(ONE)].map(([, quoted, sig]) => {
    const keyid = quoted.replace(/\\(.)/g, "$1"), cut = keyid.lastIndexOf("+");
    need(cut >= 0 && isKeyName(keyid.slice(0, cut)) && /^[0-9a-f]{8}$/.test(keyid.slice(cut + 1)), "a signature that names no key");
    return {keyid, signature: base64(sig, "a signature")};
  });
  need(new Set(signatures.map((s) => s.keyid)).size === signatures.length, "an envelope that one key signed twice");
  const payload = base64(found[1], "an envelope's payload");
  const message = joined(utf8(`DSSEv1 ${PAYLOAD_TYPE.length} ${PAYLOAD_TYPE} ${payload.length} `), payload);
  return {payload, signatures, message};
}
// Those of the keys (their texts) that signed; one of them whose signature does not hold refuses the entry.
async function signedBy(entry, texts) {
  const known = new Map();
  for (const text of texts) {
    const key = await readKey(text);
    need(key.kind === "statement", "a key of another kind does not sign statements");
    need((known.get(key.keyid)?.text ?? text) === text, "two keys share a name and an identifier");
    known.set(key.keyid, key);
  }
  const held = [];
  for (const {keyid, signature} of entry.envelope.signatures) {
    const key = known.get(keyid);
    if (!key) continue;
    need(await holds(key, entry.envelope.message, signature), `the signature by ${keyid} does not hold`);
    held.push(key.text);
  }
  return held;
}

// Notes and checkpoints.
function splitNote(text) {
  need(utf8(text).length <= 1000000, "a note that is too long");
  need(!/[\x00-\x09\x0b-\x1f]/.test(text), "a note with a control character");
  const gap = text.lastIndexOf("\n\n");
  need(gap >= 0 && text.endsWith("\n") && gap + 2 < text.length, "not a signed note");
  const lines = text.slice(gap + 2, -1).split("\n");
  need(lines.length <= 100, "a note with over 100 signatures");
  return {text: text.slice(0, gap + 1), lines: lines.map((line) => {
    const [, name, encoded] = /^\u2014 ([^ ]*) ([^]*)$/.exec(line) ?? refuse("not a signature line");
    const data = base64(encoded, "a signature line");
    need(isName(name) && data.length >= 5, "not a signature line");
    return {name, id: hex(data.subarray(0, 4)), signature: data.subarray(4)};
  })};
}
function number(text, what) {
  need(/^(?:0|[1-9][0-9]{0,18})$/.test(text) && BigInt(text) <= MAX_NUMBER, `${what} is no number in its one form`);
  return BigInt(text);
}
function hash(text, what) {
  const data = base64(text, what);
  need(data.length === 32, `${what} has not 32 bytes`);
  return data;
}
async function readCheckpoint(text) {
  const lines = text.split("\n");
  need(lines.length === 4 && lines[3] === "", "a checkpoint has three lines");
  const [origin, size, root] = [lines[0], number(lines[1], "the tree's size"), hash(lines[2], "the root")];
  const long = utf8(origin).length;
  need(long > 0 && long <= 255 && !/[\x00-\x1f]/.test(origin), "an origin that is none");
  need(size > 0n || same(root, await sha256(new Uint8Array())), "a tree without leaves has another root");
  return {origin, size, root, body: text};
}
function readReceipt(text) {
  const gap = text.indexOf("\n\n");
  const lines = text.slice(0, Math.max(gap, 0)).split("\n");
  need(gap >= 0 && lines[0] === "c2sp.org/tlog-proof@v1", "a receipt that is none");
  need(lines.length > 1 && lines[1].startsWith("index "), "a receipt without an index, or that says more than its place");
  const index = number(lines[1].slice(6), "the index");
  need(index < MAX_NUMBER && lines.length - 2 <= 63, "no log has such an entry");
  const proof = lines.slice(2).map((line) => hash(line, "a hash of the path"));
  const checkpoint = text.slice(gap + 2);
  need(checkpoint.endsWith("\n") && utf8(text).length <= 1000000, "a receipt without a checkpoint");
  need(utf8(checkpoint).length <= 996000, "a receipt that is too long");
  return {index, proof, checkpoint};
}

// Policies.
async function readPolicy(text) {
  need([...text].length <= 1000000 && !/[\x00-\x08\x0b-\x1f\x7f]/.test(text) && text.endsWith("\n"), "a policy that is none");
  const policy = {logs: [], witnesses: new Map(), groups: [], quorum: null};
  const defined = new Set(), used = new Set(), publics = new Set(), keyids = new Set();
  const define = (name) => { need(!defined.has(name) && name !== "none", `the name ${name} is taken`); defined.add(name); };
  const key = async (given, kinds) => {
    const read = await readKey(given), own = hex(read.key);
    need(kinds.includes(read.kind) && !publics.has(own) && !keyids.has(read.keyid), `the key of ${read.name} cannot stand here`);
    publics.add(own); keyids.add(read.keyid);
    return read;
  };
  for (const raw of text.slice(0, -1).split("\n")) {
    const line = raw.replace(/^[ \t]+|[ \t]+$/g, "");
    if (line === "" || line.startsWith("#")) continue;
    const [word, ...rest] = line.split(/[ \t]+/);
    const [least, most] = {log: [1, 2], witness: [2, 3], group: [3, 10000], quorum: [1, 1]}[word] ?? refuse(`${word} begins no line`);
    need(rest.length >= least && rest.length <= most, `a line ${word} with ${rest.length} fields`);
    if (word === "log") policy.logs.push(await key(rest[0], ["ed25519"]));
    if (word === "witness") { define(rest[0]); policy.witnesses.set(rest[0], await key(rest[1], ["cosignature", "ml-dsa-44"])); }
    if (word === "group") {
      const [name, count, ...members] = rest;
      for (const member of members) {
        need(defined.has(member), `nothing is called ${member} above`);
        need(!used.has(member), `${member} is a member already`);
        used.add(member);
      }
      define(name);
      const wanted = {any: 1, all: members.length}[count] ?? (/^[1-9][0-9]{0,3}$/.test(count) ? Number(count) : 0);
      need(wanted >= 1 && wanted <= members.length, `${count} of ${members.length} members`);
      policy.groups.push({name, wanted, members});
    }
    if (word === "quorum") {
      need(rest[0] === "none" || defined.has(rest[0]), `nothing is called ${rest[0]} above`);
      need(policy.quorum === null, "a second quorum");
      policy.quorum = rest[0];
    }
  }
  need(policy.quorum !== null, "a policy without a quorum");
  return policy;
}
function isMet(policy, cosigners) {
  const have = new Set(cosigners);
  for (const {name, wanted, members} of policy.groups)
    if (members.filter((m) => have.has(m)).length >= wanted) have.add(name);
  return have.has(policy.quorum);
}
const bigEndian = (n, bytes) => Uint8Array.from({length: bytes}, (_, i) => Number((n >> BigInt(8 * (bytes - 1 - i))) & 255n));

// The checkpoint, if a log of the policy signed it about itself and the policy's quorum of witnesses saw it in time.
async function checkCheckpoint(data, policy, nowS, maxAgeS) {
  const {text, lines} = splitNote(data);
  const origin = text.split("\n", 1)[0];
  need(policy.logs.some((log) => log.name === origin), `no log called ${origin} is trusted`);
  const signedLogs = new Set();
  for (const line of lines) {
    const log = policy.logs.find((v) => v.name === line.name && v.id === line.id);
    if (!log) continue;
    need(!signedLogs.has(log), "one key signed twice");
    need(await holds(log, utf8(text), line.signature), `the signature by ${log.keyid} does not hold`);
    signedLogs.add(log);
  }
  need([...signedLogs].some((log) => log.name === origin), `not signed by the log ${origin} itself`);
  const head = await readCheckpoint(text);
  const seen = new Map();
  const notChecked = [];
  for (const line of lines) {
    const [name, witness] = [...policy.witnesses].find(([, v]) => v.name === line.name && v.id === line.id) ?? [];
    if (!witness) continue;
    need(!seen.has(name) && !notChecked.includes(name), "one witness cosigned twice");
    const at = littleEndian(line.signature.slice(0, 8).reverse()), signature = line.signature.subarray(8);
    need(line.signature.length >= 8 && at > 0n && at <= MAX_NUMBER, `the cosignature by ${name} does not hold`);
    if (witness.kind === "ml-dsa-44") { notChecked.push(name); continue; }
    const message = utf8(`cosignature/v1\ntime ${at}\n${head.body}`);
    need(await holds(witness, message, signature), `the cosignature by ${name} does not hold`);
    seen.set(name, at);
  }
  const timely = [...seen].filter(([, at]) => at <= nowS + 300n && (maxAgeS === 0n || at >= nowS - maxAgeS));
  const rest = notChecked.length ? `; ML-DSA cosignatures, not checked here, count for nothing: ${notChecked.join(", ")}` : "";
  need(isMet(policy, timely.map(([name]) => name)), `the quorum ${policy.quorum} is not met${rest}`);
  return {...head, seen: timely, notChecked};
}
