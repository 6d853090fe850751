// The steps one after another, and what a reader sees of them.

async function verify(bundleBytes, trustBytes, nowS) {
  const steps = [];
  const step = async (n, work) => {
    STEP = STEPS[n - 1];
    const [value, said] = await work();
    steps.push({name: STEPS[n - 1], said});
    return value;
  };
  try {
    // The trust file is the reader's own: it is read before anything that a stranger made.
    STEP = STEPS[1];
    const trust = await readTrust(trustBytes);
    const bundle = await step(1, async () => {
      const read = readBundle(bundleBytes);
      return [read, `${1 + read.support.length} entries, each in its one form`];
    });
    steps.push({name: STEPS[1], said: "a log, a quorum of witnesses and governance keys are named"});
    const head = await step(3, async () => {
      const seen = await checkCheckpoint(bundle.entry.checkpoint, trust.policy, nowS, trust.max_age_s);
      return [seen, `${seen.origin} at size ${seen.size}, seen by ${seen.seen.map(([name]) => name).join(", ")}`];
    });
    await step(4, async () => {
      for (const one of [bundle.entry, ...bundle.support]) {
        const root = await rootFrom(one.proof, one.index, head.size, await leafHash(utf8(one.text)));
        need(same(root, head.root), `the path from entry ${one.index} does not lead to the root of the tree`);
      }
      return [null, `entry ${bundle.entry.index} and those it rests on are in that tree`];
    });
    const [entry, support] = await step(5, async () => {
      const first = await readEntry(bundle.entry), rest = [];
      for (const one of bundle.support) rest.push(await readEntry(one));
      return [[first, rest], `a statement of kind ${first.kind}`];
    });
    const standings = new Standings(trust), byDigest = new Map(support.map((e) => [e.digest, e]));
    await step(6, async () => {
      for (const one of support) await standings.admit(one);
      return [null, "governance signed every role that is shown"];
    });
    const signers = await step(7, async () => {
      const held = await checkSigners(entry, standings);
      for (const one of support)
        if (one.kind === "retract" && one.said.entry === entry.digest && held.some(({role}) => role.organisation === one.said.organisation)) {
          await checkSigners(one, standings);
          refuse(`its signer retracted it at index ${one.index}`);
        }
      return [held, held.map(({role}) => `${role.organisation || "governance"} (${role.role})`).join(", ")];
    });
    await step(8, async () => [null, await checkSubject(entry, byDigest, standings)]);
    const isBehaviour = entry.kind === "behaviour";
    await step(9, async () => [null, isBehaviour ? await checkPrereg(entry, byDigest, standings) : "nothing to declare for this kind"]);
    await step(10, async () => {
      need(isBehaviour || !bundle.opened.length, "there is nothing to open in an entry of this kind");
      return [null, isBehaviour ? await checkOpenings(entry, bundle.opened) : "nothing to open"];
    });
    await step(11, async () => [null, isBehaviour ? checkCriteria(entry.said) : "nothing to compute"]);
    return {ok: true, steps, unchecked: unchecked(entry, bundle, head, trust), entry, signers, head};
  } catch (error) {
    const step = error instanceof Refused ? error.step : STEP;
    const said = error instanceof Refused ? error.message : `the browser could not go on: ${error.message}`;
    return {ok: false, step, said, steps, unchecked: [], isFault: !(error instanceof Refused)};
  }
}

function unchecked(entry, bundle, head, trust) {
  const said = [...ALWAYS_UNCHECKED];
  if (head.notChecked.length) said.push(`ML-DSA cosignatures are not checked by this page (${head.notChecked.join(", ")}): the quorum was judged on the Ed25519 ones alone`);
  if (entry.kind === "behaviour") said.push("the numbers were not computed again from the grades: this page does not do that arithmetic, the command counterproof verify bundle does");
  if (entry.kind === "behaviour" && BigInt(bundle.opened.length) < entry.said.count) said.push(`${entry.said.count - BigInt(bundle.opened.length)} of ${entry.said.count} graded transcripts stay closed`, "that a declared beacon chose what is open: this page does not know its value");
  if (trust.organisations_needed > 1n) said.push(`that ${trust.organisations_needed} organisations say so, as the trust file wants: this is one statement`);
  return said;
}

const TITLES = {
  "1 format": "The file is a bundle", "2 trust": "You trust somebody", "3 checkpoint": "The log's head is signed and witnessed",
  "4 inclusion": "The entry is in the log", "5 statement": "The entry is a statement", "6 roles": "Who may say what",
  "7 signature": "Who signed", "8 subject": "Which system it is about", "9 preregistration": "What was said before",
  "10 openings": "What was opened", "11 arithmetic": "The numbers",
};
const $ = (id) => document.getElementById(id);
function element(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}
const chosen = {bundle: null, trust: null};

function instant() {
  const given = $("time").value;
  return BigInt(Math.floor((given ? Date.parse(given + "Z") : Date.now()) / 1000));
}
async function show() {
  if (!chosen.bundle || !chosen.trust) return;
  $("result").hidden = false;
  $("result").setAttribute("aria-busy", "true");
  const nowS = instant();
  const found = await verify(chosen.bundle, chosen.trust, nowS);
  $("verdict").className = found.ok ? "verdict good" : "verdict bad";
  $("verdict").replaceChildren(
    element("p", {class: "word"}, found.ok ? "Verified" : "Refused"),
    element("p", {class: "lede"}, found.ok ? sentence(found) : `At step ${found.step}: ${found.said}.`));
  $("steps").replaceChildren(...STEPS.map((name) => stepLine(name, found)));
  $("statement").replaceChildren(...(found.ok ? statement(found) : []));
  $("statement").hidden = !found.ok;
  $("limits").hidden = !found.ok;
  $("unchecked").replaceChildren(...found.unchecked.map((said) => element("li", {}, said)));
  $("when").textContent = `Checked as of ${new Date(Number(nowS) * 1000).toISOString().replace(".000", "")}, in this browser, with nothing sent anywhere.`;
  $("result").setAttribute("aria-busy", "false");
  $("verdict").focus({preventScroll: true});
  $("verdict").scrollIntoView({block: "start"});
}
function sentence({entry, signers, head}) {
  const who = [...new Set(signers.map(({role}) => role.organisation || "governance"))].join(" and ");
  const seen = head.seen.length;
  return `${who} signed this ${entry.kind} statement. It is entry ${entry.index} of the log ${head.origin}, and ${seen} ${seen === 1 ? "witness" : "witnesses"} that you trust saw it there.`;
}
function stepLine(name, found) {
  const taken = found.steps.find((s) => s.name === name);
  const refused = !found.ok && found.step === name;
  const [number] = name.split(" ");
  const isPartly = name === "11 arithmetic" && taken && found.entry?.kind === "behaviour";
  const state = isPartly ? "in part" : taken ? "passed" : refused ? "refused" : "not reached";
  const said = taken ? taken.said : refused ? found.said : "";
  return element("li", {class: isPartly ? "partly" : taken ? "passed" : refused ? "refused" : "idle"},
    element("span", {class: "number"}, number), element("span", {class: "title"}, TITLES[name]),
    element("span", {class: "state"}, state), element("span", {class: "said"}, said));
}
function row(name, ...value) { return element("div", {}, element("dt", {}, name), element("dd", {}, ...value)); }
function shown(value) {
  if (value?.comparator) return `${value.metric} ${value.comparator} ${value.threshold}: ${value.passed || "not measured"}`;
  if (value instanceof Map) return [...value].map(([k, v]) => `${k}: ${shown(v)}`).join("\n");
  if (Array.isArray(value)) return value.map(shown).join("\n");
  if (value !== null && typeof value === "object") return Object.entries(value).map(([k, v]) => `${k}: ${shown(v)}`).join(", ");
  return String(value);
}
function statement({entry, head}) {
  const {said, kind} = entry, parts = [element("h2", {id: "said"}, `What it says: ${kind}`)];
  if (kind === "behaviour") parts.push(numbers(said));
  const facts = element("dl", {class: "facts"});
  for (const [name, value] of Object.entries(said))
    if (!(kind === "behaviour" && name === "numbers")) facts.append(row(name.replaceAll("_", " "), element(/^(?:sha256:)?[0-9a-f]{64}$/.test(value) ? "code" : "span", {}, shown(value) || "\u2013")));
  parts.push(facts, element("h2", {}, "Where it stands"), element("dl", {class: "facts"},
    row("log", head.origin), row("entry", `${entry.index}, counted from 0, of ${head.size}`), row("digest of the entry", element("code", {}, entry.digest)),
    row("root", element("code", {}, hex(head.root))),
    row("seen by", head.seen.map(([name, at]) => `${name}, ${new Date(Number(at) * 1000).toISOString().replace(".000", "")}`).join("\n"))));
  return parts;
}
function numbers(said) {
  const rows = said.numbers.map((n) => n.kind === "interval"
    ? element("tr", {}, element("th", {scope: "row"}, n.name), element("td", {}, n.value || "undefined"),
      element("td", {}, `${n.low} to ${n.high || "\u221e"}`), element("td", {}, n.level), element("td", {}, `${n.n}`), element("td", {}, n.method))
    : element("tr", {class: "none"}, element("th", {scope: "row"}, n.name), element("td", {colspan: "5"}, `not measured: ${n.reason}`)));
  const head = ["", "value", "interval", "level", "n", "method"].map((t) => element("th", {scope: "col"}, t));
  return element("div", {class: "scroll", tabindex: "0", role: "region", "aria-label": "numbers"}, element("table", {},
    element("caption", {}, `Category ${said.category}: ${said.verdict}`),
    element("thead", {}, element("tr", {}, ...head)), element("tbody", {}, ...rows)));
}

async function take(files) {
  for (const file of files) {
    const bytes = new Uint8Array(await file.arrayBuffer());
    const head = new TextDecoder().decode(bytes.subarray(0, 1 << 20));
    const kind = /"format":"counterproof-trust\//.test(head) && !head.startsWith('{"entry"') ? "trust" : "bundle";
    chosen[kind] = bytes;
    const held = new DataTransfer();
    held.items.add(file);
    $(`${kind}-file`).files = held.files;
  }
  await show();
}
function begin() {
  for (const kind of ["bundle", "trust"])
    $(`${kind}-file`).addEventListener("change", async (event) => {
      const [file] = event.target.files;
      if (!file) return;
      chosen[kind] = new Uint8Array(await file.arrayBuffer());
      await show();
    });
  $("time").addEventListener("change", show);
  for (const name of ["dragover", "drop"])
    document.addEventListener(name, (event) => {
      event.preventDefault();
      document.body.classList.toggle("over", name === "dragover");
      if (name === "drop") take(event.dataTransfer.files);
    });
  document.addEventListener("dragleave", () => document.body.classList.remove("over"));
  if (!globalThis.crypto?.subtle) $("unable").hidden = false;
}
begin();
