// What each field of a statement may hold (spec/statement.md); a sentence where it does not, else nothing.

const MAX_COUNT = 2n ** 53n - 1n, MAX_ITEMS = 64, MAX_ENTRY = 16384;
const long = (text) => [...text].length;
const DECIMAL = /^(?:0|-?(?:0\.[0-9]{0,17}[1-9]|[1-9][0-9]{0,17}(?:\.[0-9]{0,17}[1-9])?))$/;

const free = () => "";
const digest = (v) => (/^sha256:[0-9a-f]{64}$/.test(v) ? "" : "is no digest");
const hexadecimal = (v) => (/^[0-9a-f]{64}$/.test(v) ? "" : "is not 64 hexadecimal digits");
const decimalForm = (v) => (DECIMAL.test(v) ? "" : "is no decimal string");
const maybe = (check) => (v) => (v === "" ? "" : check(v));
const textUpTo = (limit) => (v) => (long(v) > limit ? "is too long" : /[\x00-\x1f\x7f-\x9f]/.test(v) ? "holds a control character" : "");
const text = textUpTo(400);
const quote = (v) => (v === "" ? "is empty" : textUpTo(4000)(v.replaceAll("\n", "")));
const edge = /^(?!\ufeff)\s|(?!\ufeff)\s$/;
const nameForm = (v) => (v === "" || edge.test(v) ? "is empty, or begins or ends with a space" : text(v));
const count = (v) => (v >= 0n && v <= MAX_COUNT ? "" : "is no count");
const bar = (v) => (/^(?:at least|at most) (\S+)$/.test(v) ? decimalForm(v.split(" ")[2]) : "is no bar");
function when(v) {
  const found = /^(20[0-9]{2})-([01][0-9])-([0-3][0-9])T([0-2][0-9]):([0-5][0-9]):([0-5][0-9])Z$/.test(v);
  const time = found ? new Date(v) : null;
  return found && !Number.isNaN(time.getTime()) && time.toISOString() === v.replace("Z", ".000Z") ? "" : "is no time";
}
const host = (v) => (/^[!-+\-.-~]{1,255}$/.test(v) ? "" : "is not visible ASCII without commas");
// RFC 9578, section 6.5: 2,048 bits and the exponent 65537; all but the modulus is the same for every key.
const TOKEN_KEY = /^MIIBUjA9BgkqhkiG9w0BAQowMKANMAsGCWCGSAFlAwQCAqEaMBgGCSqGSIb3DQEBCDALBglghkgBZQMEAgKiAwIBMAOCAQ8AMIIBCgKCAQEA[A-Za-z0-9+/]{341}[AQgw]IDAQAB$/;
function tokenKey(v) {
  if (!TOKEN_KEY.test(v)) return "is no token key";
  const modulus = base64(v, "a token key").subarray(81, 337).reduce((sum, b) => (sum << 8n) | BigInt(b), 0n);
  for (let n = 2n; n < 1000n; n += 1n) if (modulus % n === 0n) return "is a token key with a small divisor";
  let root = 1n << 1024n, next = (root + modulus / root) >> 1n;
  while (next < root) [root, next] = [next, (next + modulus / next) >> 1n];
  return modulus >> 2047n && root * root !== modulus ? "" : "is a token key that is too short, or a square";
}
const first = async (checks) => { for (const check of checks) { const why = await check(); if (why) return why; } return ""; };
async function keyForm(v) {
  try { return (await readKey(v)).kind === "statement" ? "" : "is a key that signs no statements"; }
  catch (error) { if (error instanceof Refused) return "is no key that can be used"; throw error; }
}
const each = (check, {least = 0, sorted = false} = {}) => async (values) => {
  if (values.length < least || values.length > MAX_ITEMS) return "has too few parts, or too many";
  if (new Set(values).size !== values.length) return "says the same twice";
  if (sorted && values.some((v, i) => i && !before(values[i - 1], v))) return "is not sorted";
  return first(values.map((v) => () => check(v)));
};
const mapOf = (check) => (values) =>
  values.size > MAX_ITEMS ? "has too many parts" : first([...values].map(([k, v]) => () => nameForm(k) || check(v)));
function numbersForm(values) {
  if (values.length > MAX_ITEMS || new Set(values.map((v) => v.name)).size !== values.length) return "has two parts of one name";
  return first(values.map((v) => () => (v.kind === "interval"
    ? nameForm(v.name) || maybe(decimalForm)(v.value) || decimalForm(v.low) || maybe(decimalForm)(v.high) || decimalForm(v.level) ||
      count(v.n) || count(v.clusters) || text(v.method)
    : nameForm(v.name) || text(v.reason))));
}
function criteriaForm(values) {
  if (values.length > MAX_ITEMS || new Set(values.map((v) => v.metric)).size !== values.length) return "has two parts of one metric";
  return first(values.map((v) => () => nameForm(v.metric) || decimalForm(v.threshold)));
}

const OUTCOMES = ["allow", "modify", "escalate", "hold", "reject", "terminate"], EVENTS = ["message", "span", "call", "result"];
const above = (v) => (v.rule === "threshold" ? decimalForm(v.above) : v.above === "" ? "" : "lies above something and is no threshold");
function rulesForm(values) {
  if (values.length > MAX_ITEMS || new Set(values.map((v) => v.name)).size !== values.length) return "has two parts of one name";
  return first(values.map((v) => () => nameForm(v.name) || above(v)));
}
function workersForm(values) {
  const fits = values.length >= 1 && values.length <= MAX_ITEMS && values.every((v, i) => !i || before(values[i - 1].worker, v.worker));
  return fits ? first(values.map((v) => () => nameForm(v.worker) || count(v.n) || hexadecimal(v.hash))) : "is not sorted by worker";
}
const only = (keys, does) => (values) => ([...values].every(([k, v]) => keys.includes(k) && does(v)) ? "" : "is no such map");

const FORMS = {
  after: digest, asked: digest, assurance: free, auditor: nameForm, beacon: text, before: digest, break_at: decimalForm,
  budget: nameForm, categories: each(nameForm, {least: 1}), category: nameForm, changed: nameForm, claimant: nameForm,
  closes_by: when, commitments: mapOf(digest), compares: free, conditions: mapOf(text), conflicts: each(nameForm, {sorted: true}),
  count, criteria: criteriaForm, direction: free, document: digest, ends: when, entry: digest, epoch: nameForm,
  evaluator: nameForm, evidence: maybe(digest),
  generation: digest, grader: nameForm, instrument: nameForm, issuer: host, key: keyForm, keys: each(keyForm, {least: 1}), lab: nameForm,
  level: decimalForm, locator: text, model_signing: maybe(digest), n: count, new: keyForm, next_key: maybe(digest),
  next_keys: digest, number: count, numbers: numbersForm, old: keyForm, opens: count, organisation: nameForm, origin: nameForm,
  origins: each(host, {least: 1, sorted: true}),
  p: decimalForm, planted: count, planted_right: count, prereg: digest, prev: maybe(digest), previous: digest, property: nameForm,
  questions: count, quote, reason: nameForm, relies_on: each(digest, {sorted: true}), repeated: count, repeated_agreeing: count,
  report: digest, role: free, root: hexadecimal, seed: count, seq: count, size: count, starts: when, statistic: decimalForm, subject: digest,
  suite: digest, target: digest, test: nameForm, threshold: decimalForm, transcripts: hexadecimal, verdict: text, version: nameForm,
  allowed: count, modified: count, escalated: count, held: count, rejected: count, terminated: count, overrides: count, sheds: count,
  timeouts: count, failures: count, faults: count, appeals: count, upheld: count, denied: count, gate: nameForm, policy: digest,
  policies: each(digest, {sorted: true}), rules: rulesForm, workers: workersForm,
  fails: only(OUTCOMES, (v) => /^[1-9][0-9]{0,14}$/.test(v)), unscanned: only(EVENTS, (v) => OUTCOMES.includes(v)),
};
const OF_ITS_OWN = {
  "behaviour.categories": count, "claim.category": text, "generation.target": maybe(digest), "prereg.criteria": mapOf(bar),
  "subject-genesis.subject": nameForm, "token-key.key": tokenKey,
};

async function spokenOf(kind, said) {
  switch (kind) {
    case "behaviour": return ["target", said.target];
    case "subject-genesis": return [said.subject, said.next_keys];
    case "abandon": return ["preregistration", said.prereg];
    case "dispute": case "retract": return ["entry", said.entry];
    case "claim": return ["document", said.document];
    case "key-rotate": return ["key", await digestOf(utf8(said.old))];
    case "key-compromise": case "role": return ["key", await digestOf(utf8(said.key))];
    case "verifier-audit": return [said.evaluator, await digestOf(utf8(said.evaluator))];
    case "heads": return [said.origin, said.root];
    case "token-key": return [said.epoch, await digestOf(utf8(said.key))];
    case "gate-policy": return ["policy", said.policy];
    case "gate-head": return [said.gate, await digestOf(utf8(said.gate))];
    default: return ["subject", said.subject];
  }
}

async function checkStatement(statement, kind, said) {
  for (const [field, value] of Object.entries(said)) {
    const check = OF_ITS_OWN[`${kind}.${field}`] ?? FORMS[field];
    const why = check ? await check(value) : "is not known to this page";
    need(!why, `its ${field} ${why}`);
  }
  const [name, about] = await spokenOf(kind, said);
  const [thing] = statement.subject;
  need(statement.subject.length === 1 && thing.name === name && thing.digest.size === 1 &&
    thing.digest.get("sha256") === about.replace("sha256:", ""), "it speaks of something else than what is said in it");
  const together = {
    behaviour: () => (said.seq === 0n) === (said.prev === ""),
    generation: () => said.number > 0n,
    "verifier-audit": () => said.planted_right <= said.planted && said.repeated_agreeing <= said.repeated,
    "key-rotate": () => said.old !== said.new,
    prereg: () => said.opens === 0n || said.beacon !== "",
    "gate-policy": () => said.rules.length === Number(said.count > 64n ? 64n : said.count) &&
      [...said.fails.values()].reduce((sum, v) => sum + BigInt(v), 0n) === said.count,
    "gate-head": () => (said.seq === 0n) === (said.prev === "") && said.starts <= said.ends,
    "token-key": () => { const days = (Date.parse(said.ends) - Date.parse(said.starts)) / 86_400_000; return days >= 1 && days <= 400; },
  }[kind];
  need(!together || together(), "its parts do not fit together");
}
