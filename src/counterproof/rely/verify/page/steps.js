// The numbered steps (docs/verify.md), in the order and by the rules of `counterproof verify bundle`.

const STEPS = [
  "1 format", "2 trust", "3 checkpoint", "4 inclusion", "5 statement", "6 roles", "7 signature", "8 subject",
  "9 preregistration", "10 openings", "11 arithmetic",
];
const MAX_BUNDLE = 64000000, MAX_SUPPORT = 256, MAX_OPENED = 100000, MAX_GENERATIONS = 1000;

async function readTrust(bytes) {
  need(bytes.length <= 1 << 20, "the trust file is too large");
  const trust = readRecord(fromUtf8(bytes, "the trust file").replace(/\n$/, ""), "Trust", "the trust file");
  const policy = await readPolicy(trust.policy);
  need(policy.logs.length > 0, "the trust file knows no log");
  need(policy.quorum !== "none", "the trust file asks no witness");
  const keys = await Promise.all(trust.governance.map(readKey));
  need(keys.every((k) => k.kind === "statement"), "a governance key of another kind");
  const count = BigInt(new Set(trust.governance).size);
  need(count === BigInt(keys.length) && trust.governance_needed >= 1n && trust.governance_needed <= count && trust.max_age_s >= 0n &&
    trust.organisations_needed >= 1n,
    "the number of governance keys, or the age, means nothing");
  return {...trust, policy};
}

function readBundle(bytes) {
  need(bytes.length <= MAX_BUNDLE, "the bundle is too large");
  const bundle = readRecord(fromUtf8(bytes, "the bundle"), "Bundle", "the bundle");
  need(bundle.support.length <= MAX_SUPPORT && bundle.opened.length <= MAX_OPENED, "the bundle holds too much");
  const all = [bundle.entry, ...bundle.support].map((e) => ({...readReceipt(e.receipt), text: e.envelope}));
  need(all.every((e) => e.checkpoint === all[0].checkpoint), "its receipts end in different checkpoints");
  const rest = all.slice(1);
  need(rest.every((e, i) => i === 0 || rest[i - 1].index < e.index) && rest.every((e) => e.index !== all[0].index),
    "supporting entries are not in the order of the log");
  return {entry: all[0], support: rest, opened: bundle.opened};
}

async function readEntry({text, index}) {
  need(utf8(text).length <= MAX_ENTRY, "an entry that is too long");
  const envelope = unseal(text);
  const json = canonicalJson(fromUtf8(envelope.payload, "a statement"), "a statement");
  const statement = struct(json, "Statement", "a statement");
  const kind = statement.predicateType.slice(PREDICATE_PREFIX.length, -PREDICATE_SUFFIX.length);
  need(statement._type === STATEMENT_TYPE, "not an in-toto statement");
  need(Object.hasOwn(KINDS, kind) && statement.predicateType === PREDICATE_PREFIX + kind + PREDICATE_SUFFIX, "a statement of no known kind");
  const said = struct(statement.predicate, KINDS[kind], "a statement's predicate");
  await checkStatement(statement, kind, said);
  return {index, digest: await digestOf(utf8(text)), envelope, kind, said, subject: statement.subject};
}

// Step 6.
class Standings {
  constructor(trust) { this.trust = trust; this.keys = new Map(); this.gone = new Map(); this.said = new Set(); }
  of(key, index) {
    return (this.keys.get(key) ?? []).filter((s) => s.since < index && (s.until === null || index < s.until)).at(-1);
  }
  isGone(key, index) { return this.gone.has(key) && this.gone.get(key) < index; }
  ofOrganisation(organisation, index) {
    return [...this.keys.keys()].map((key) => this.of(key, index)?.role).filter((role) => role && role.organisation === organisation);
  }
  async signers(entry) {
    const inForce = [...this.keys.keys()].filter((key) => this.of(key, entry.index));
    return (await signedBy(entry, inForce)).map((key) => ({key, role: this.of(key, entry.index).role}));
  }
  async lost(entry) {
    const gone = [...this.keys.keys()].filter((key) => this.isGone(key, entry.index));
    return (await signedBy(entry, gone)).map((key) => this.keys.get(key).at(-1).role);
  }
  async governors(entry) {
    const held = await signedBy(entry, this.trust.governance.filter((key) => !this.isGone(key, entry.index)));
    return BigInt(held.length) >= this.trust.governance_needed ? held : [];
  }
  begin(role, index) {
    const held = (this.keys.get(role.key) ?? []).map((s) => (s.until === null ? {...s, until: index} : s));
    this.keys.set(role.key, [...held, {role, since: index, until: null}]);
  }
  end(key, index) {
    if (this.gone.has(key)) return;
    this.gone.set(key, index);
    if (this.keys.has(key)) this.keys.set(key, this.keys.get(key).map((s) => (s.until === null ? {...s, until: index} : s)));
  }
  async admit(entry) {
    const {kind, said, index} = entry;
    const payload = hex(entry.envelope.payload), isRepeated = this.said.has(payload);
    if (kind === "role") {
      need((await this.governors(entry)).length, `the role of ${said.organisation} at index ${index} is not signed by governance`);
      if (isRepeated) return; // nobody says anything by logging an old role once more
      need(!this.isGone(said.key, index), "a key that was handed on or lost is given a role");
      this.said.add(payload);
      this.begin(said, index);
    }
    if (kind === "key-rotate") {
      const held = await signedBy(entry, [said.old, said.new]);
      need(held.includes(said.old) && held.includes(said.new), "the change of keys is not signed by both");
      if (isRepeated) return;
      const standing = this.of(said.old, index), taken = this.of(said.new, index);
      need(standing && standing.role.organisation === said.organisation, `a key is replaced that ${said.organisation} does not hold`);
      need(await keysDigest([said.new]) === standing.role.next_key, "the key that takes over is not the one committed to");
      need(!this.isGone(said.new, index) && !(taken && taken.role.organisation !== said.organisation),
        "the key that takes over was given up, or is somebody else's");
      this.said.add(payload);
      this.end(said.old, index);
      this.begin({...standing.role, key: said.new, next_key: said.next_key}, index);
    }
    if (kind === "key-compromise") {
      const may = (await this.governors(entry)).length || (await signedBy(entry, [said.key])).length;
      need(may, "the loss of a key is signed by nobody who may say so");
      this.end(said.key, index);
    }
  }
}
const keysDigest = (keys) => digestOf(utf8([...keys].sort(byCodePoint).map((key) => key + "\n").join("")));
const byCodePoint = (a, b) => (a === b ? 0 : before(a, b) ? -1 : 1);

// Step 7.
function maySay(kind, said) {
  switch (kind) {
    case "subject-genesis": return [["lab"], said.lab];
    case "generation": return [["lab"], ""];
    case "behaviour": case "prereg": case "abandon": return [["evaluator"], said.evaluator];
    case "continuity": return [["evaluator"], ""];
    case "verifier-audit": return [["evaluator", "monitor"], said.auditor];
    case "dispute": case "retract": case "token-key": return [[], said.organisation];
    case "gate-policy": case "gate-head": return [["lab", "relying"], said.organisation];
    case "heads": return [["log"], ""];
    default: return [[], ""];
  }
}
async function checkSigners(entry, standings) {
  const {kind, said} = entry;
  if (["role", "key-rotate", "key-compromise"].includes(kind)) {
    await standings.admit(entry);
    const governors = (await standings.governors(entry)).map((key) => ({key, role: {organisation: "", role: "governance"}}));
    return [...governors, ...await standings.signers(entry)];
  }
  const [roles, organisation] = maySay(kind, said);
  const fits = (role) => (!roles.length || roles.includes(role.role)) && (!organisation || role.organisation === organisation);
  if (kind !== "generation") need(!(await standings.lost(entry)).some(fits), "signed by a key whose word had ended");
  const held = (await standings.signers(entry)).filter(({role}) => fits(role));
  need(held.length, `not signed by a key that was named ${roles.join(" or ") || "anything"}${organisation && ` of ${organisation}`} before`);
  return held;
}

// Step 8.
async function checkSubject(entry, byDigest, standings) {
  const {kind, said} = entry;
  if (kind === "subject-genesis") { await checkGenesis(entry, standings); return `a subject of ${said.lab} begins`; }
  if (kind === "verifier-audit") need(said.auditor !== said.evaluator, `${said.auditor} audits itself`);
  if (!said.subject) return "it speaks of no subject";
  const genesis = byDigest.get(said.subject);
  need(genesis, "the bundle lacks the genesis");
  need(genesis.kind === "subject-genesis" && genesis.index < entry.index, "no genesis logged before it");
  await checkGenesis(genesis, standings);
  const last = {generation: [entry], behaviour: [said.generation], prereg: [said.generation], continuity: [said.before, said.after]}[kind] ?? [];
  let count = 0;
  for (const one of last) count += await checkGeneration(one, genesis, byDigest, standings);
  if (kind === "continuity")
    need((said.compares === "generations") !== (said.before === said.after), "it names the wrong number of generations");
  if (["behaviour", "prereg", "continuity"].includes(kind))
    for (const {role} of (await standings.signers(entry)).filter((s) => s.role.role === "evaluator")) {
      const roles = standings.ofOrganisation(role.organisation, entry.index);
      const inConflict = roles.some((r) => r.conflicts.includes(genesis.said.lab) || r.relies_on.includes(said.subject));
      need(role.organisation !== genesis.said.lab && !inConflict, `${role.organisation} may not judge a system of ${genesis.said.lab}`);
    }
  return `a subject of ${genesis.said.lab}, generations after its genesis: ${count}`;
}
async function checkGenesis(genesis, standings) {
  const own = (await signedBy(genesis, genesis.said.keys)).filter((key) => !standings.isGone(key, genesis.index));
  need(own.length, "the genesis is not signed with one of its own keys");
  await checkLab(genesis, genesis.said.lab, standings);
  const lost = (await standings.lost(genesis)).some((role) => role.role === "lab" && role.organisation === genesis.said.lab);
  need(!lost, "the genesis is signed by a key whose word had ended");
}
async function checkLab(one, lab, standings) {
  const named = (await standings.signers(one)).some(({role}) => role.role === "lab" && role.organisation === lab);
  need(named, `entry ${one.index} is not signed by a key that was named lab of ${lab}`);
}
async function checkGeneration(last, genesis, byDigest, standings) {
  let at = typeof last === "string" ? byDigest.get(last) : last;
  need(at, "the bundle lacks the generation");
  for (let count = 0; count < MAX_GENERATIONS; count++) {
    if (at.digest === genesis.digest) return count;
    need(at.kind === "generation" && at.said.subject === genesis.digest, "no generation of this subject");
    const older = byDigest.get(at.said.previous);
    need(older, "the bundle lacks the generation before");
    await checkGenerationStep(at, older, standings);
    await checkLab(at, genesis.said.lab, standings);
    at = older;
  }
  return refuse("too many generations");
}
async function checkGenerationStep(at, older, standings) {
  const {said} = at, old = older.said;
  need(["subject-genesis", "generation"].includes(older.kind) && older.index < at.index, "a generation that does not follow one before it");
  need(said.number === (older.kind === "generation" ? old.number : 0n) + 1n, "a generation is missing between two");
  const held = [...await signedBy(at, old.keys), ...await signedBy(at, said.keys)];
  const there = held.filter((key) => !standings.isGone(key, at.index));
  const allLost = old.keys.every((key) => standings.isGone(key, at.index)), areSame = sameSet(said.keys, old.keys);
  need(!(allLost && areSame) && (allLost || old.keys.some((key) => there.includes(key))),
    "a generation that is not signed by the lab's keys in force");
  if (areSame) return;
  need(await keysDigest(said.keys) === old.next_keys, "a generation with keys that were not committed to");
  need(said.keys.every((key) => there.includes(key)), "a generation that is not signed by each of its new keys");
}
const sameSet = (a, b) => new Set(a).size === new Set(b).size && a.every((v) => b.includes(v));

// Step 9.
async function checkPrereg(entry, byDigest, standings) {
  const {said} = entry, found = byDigest.get(said.prereg);
  need(found && found.kind === "prereg", "the bundle lacks its preregistration");
  const declared = found.said;
  need(found.index < entry.index, "declared after the result");
  await checkSigners(found, standings);
  for (const name of ["evaluator", "subject", "generation", "instrument", "suite", "budget", "seed"])
    need(said[name] === declared[name], `its ${name} is not the one that was declared`);
  need(declared.categories.includes(said.category) && said.categories === BigInt(declared.categories.length), "a category that was not declared so");
  const stated = new Map(said.criteria.map((c) => [c.metric, `${c.comparator} ${c.threshold}`]));
  need(stated.size === declared.criteria.size && [...stated].every(([k, v]) => declared.criteria.get(k) === v),
    "its criteria are not the ones that were declared");
  return `declared at index ${found.index}, before the result at ${entry.index}`;
}

// Step 10.
async function checkOpenings(entry, opened) {
  const {said} = entry;
  need(opened.every((o, i) => i === 0 || opened[i - 1].index < o.index), "openings out of order, or twice");
  for (const one of opened) {
    const proof = one.proof.map((text) => hash(text, "a hash of a proof"));
    const root = await rootFrom(proof, one.index, said.count, await leafHash(utf8(one.leaf)));
    need(hex(root) === said.transcripts, `opening ${one.index} is not under the root that was signed`);
    const leaf = readRecord(one.leaf, "GradedLeaf", "a leaf"), grade = readRecord(leaf.grade, "Grade", "a grade");
    need(grade.category === said.category, `the grade at ${one.index} is of another category`);
    if (one.transcript === "") continue;
    need(/^[0-9a-f]{64}$/.test(leaf.salt), "no salt");
    need(await digestOf(joined(fromHex(leaf.salt), utf8(one.transcript))) === leaf.transcript, `the transcript at ${one.index} is not the one committed to`);
    const transcript = readRecord(one.transcript, "Transcript", "a transcript");
    for (const name of ["arm", "category", "item", "wording", "cluster"])
      need(transcript[name] === grade[name], `the grade at ${one.index} is not of this transcript`);
    need(transcript.budget.amount === grade.budget.amount && transcript.budget.currency === grade.budget.currency,
      `the grade at ${one.index} is not of this transcript`);
  }
  return opened.length ? `${opened.length} of ${said.count} graded transcripts opened` : `none of ${said.count} graded transcripts opened`;
}

// Step 11, the part that needs no grades: whether each bar was met follows from the numbers beside it.
function checkCriteria(said) {
  const numbers = new Map(said.numbers.map((n) => [n.name, n]));
  for (const {kind, name, low, high, level} of said.numbers)
    need(kind !== "interval" || isPossible(name, low, high, level), `${name} has an interval that no measurement gives`);
  for (const {metric, comparator, threshold, passed} of said.criteria) {
    const number = numbers.get(metric);
    const held = number?.kind !== "interval" ? "" : comparator === "at most" ? number.high : metric === "C" ? number.value : number.low;
    const order = held === "" ? 0 : compared(held, threshold);
    const wanted = held === "" ? "" : (comparator === "at least" ? order >= 0 : order <= 0) ? "yes" : "no";
    need(passed === wanted, `whether ${metric} meets its bar does not follow from the numbers`);
  }
  need(said.verdict !== "contained" || said.criteria.every(({passed}) => passed === "yes"), "contained, and not every bar is met");
  return "every bar is met or missed as the numbers say; the numbers themselves are not computed again here";
}
function isPossible(name, low, high, level) {
  const isShare = ["R", "F", "T", "C"].includes(name.split("_")[0]);
  const isOrdered = high === "" || compared(low, high) <= 0;
  return compared(level, "0") > 0 && compared(level, "1") < 0 && isOrdered
    && !(isShare && (compared(low, "0") < 0 || high === "" || compared(high, "1") > 0));
}
function compared(a, b) {
  const whole = (text) => {
    const [, sign, before, after = ""] = /^(-?)([0-9]+)(?:\.([0-9]+))?$/.exec(text);
    return BigInt(sign + before + after.padEnd(18, "0"));
  };
  return whole(a) < whole(b) ? -1 : whole(a) > whole(b) ? 1 : 0;
}
