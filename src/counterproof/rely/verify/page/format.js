// Bytes to values: only the one byte form is read (spec/bundle.md). Integers stay exact (BigInt).

class Refused extends Error {
  constructor(step, said) { super(said); this.step = step; }
}
let STEP = "1 format";
const refuse = (said) => { throw new Refused(STEP, said); };
const need = (holds, said) => { if (!holds) refuse(said); };

const encoder = new TextEncoder();
const utf8 = (text) => encoder.encode(text);
function fromUtf8(bytes, what) {
  try { return new TextDecoder("utf-8", {fatal: true, ignoreBOM: true}).decode(bytes); }
  catch { return refuse(`${what} is not UTF-8`); }
}

const ESCAPES = {'"': '"', "\\": "\\", b: "\b", f: "\f", n: "\n", r: "\r", t: "\t"};
const SHORT = new Set(["\b", "\f", "\n", "\r", "\t"]);
const DEPTH = 64;

function canonicalJson(text, what) {
  let at = 0;
  const bad = (said) => refuse(`${what}: ${said} at character ${at}`);
  function string() {
    at++;
    let out = "";
    for (;;) {
      const start = at;
      while (at < text.length && text[at] !== '"' && text[at] !== "\\" && text[at] >= " ") at++;
      out += text.slice(start, at);
      if (text[at] === '"') { at++; return out; }
      if (text[at] !== "\\") bad("a text that does not end");
      const next = text[at + 1];
      if (Object.hasOwn(ESCAPES, next ?? "")) { out += ESCAPES[next]; at += 2; continue; }
      const hex = /^u00[01][0-9a-f]/.exec(text.slice(at + 1, at + 6));
      if (!hex) bad("an escape that is not in canonical form");
      const made = String.fromCharCode(parseInt(text.slice(at + 2, at + 6), 16));
      if (SHORT.has(made)) bad("an escape that is not in canonical form");
      out += made; at += 6;
    }
  }
  function value(depth) {
    if (depth > DEPTH) bad("too deep");
    const c = text[at];
    if (c === '"') return string();
    if (c === "{") return object(depth);
    if (c === "[") return array(depth);
    for (const [word, means] of [["true", true], ["false", false], ["null", null]])
      if (text.startsWith(word, at)) { at += word.length; return means; }
    const number = /-?(?:0|[1-9][0-9]*)/y;
    number.lastIndex = at;
    const found = number.exec(text);
    if (!found || found[0] === "-0") bad("no value");
    at += found[0].length;
    if (/[.eE0-9]/.test(text[at] ?? "")) bad("a number that is no integer in canonical form");
    return BigInt(found[0]);
  }
  function array(depth) {
    const out = [];
    at++;
    if (text[at] === "]") { at++; return out; }
    for (;;) {
      out.push(value(depth + 1));
      if (text[at] === "]") { at++; return out; }
      if (text[at] !== ",") bad("no comma");
      at++;
    }
  }
  function object(depth) {
    const out = new Map();
    let last = null;
    at++;
    if (text[at] === "}") { at++; return out; }
    for (;;) {
      if (text[at] !== '"') bad("no key");
      const key = string();
      if (last !== null && !before(last, key)) bad("keys out of order, or twice");
      last = key;
      if (text[at] !== ":") bad("no colon");
      at++;
      out.set(key, value(depth + 1));
      if (text[at] === "}") { at++; return out; }
      if (text[at] !== ",") bad("no comma");
      at++;
    }
  }
  const made = value(0);
  if (at !== text.length) bad("more text");
  return made;
}

// Order of code points, which is the order of UTF-8 bytes and not that of JavaScript's own comparison.
function before(a, b) {
  const x = [...a], y = [...b];
  for (let i = 0; i < Math.min(x.length, y.length); i++)
    if (x[i] !== y[i]) return x[i].codePointAt(0) < y[i].codePointAt(0);
  return x.length < y.length;
}

// A value of a record becomes an object whose fields are all there and no others; SCHEMA is made from the records.
function shaped(value, type, where) {
  switch (type.t) {
    case "any": return value;
    case "str": need(typeof value === "string", `${where} is no text`); return value;
    case "int": need(typeof value === "bigint", `${where} is no integer`); return value;
    case "bool": need(typeof value === "boolean", `${where} is neither true nor false`); return value;
    case "none": need(value === null, `${where} is not null`); return value;
    case "enum": need(type.of.includes(value), `${where} has a value that means nothing`); return value;
    case "list":
      need(Array.isArray(value), `${where} is no list`);
      return value.map((v, i) => shaped(v, type.of, `${where}[${i}]`));
    case "map":
      need(value instanceof Map, `${where} is no object`);
      return new Map([...value].map(([k, v]) => [k, shaped(v, type.of, `${where}.${k}`)]));
    case "struct": return struct(value, type.of, where);
    case "union": return union(value, type.of, where);
    default: return refuse(`${where}: unknown`);
  }
}
function struct(value, name, where) {
  const {tag, fields} = SCHEMA[name];
  need(value instanceof Map, `${where} is no object`);
  const out = {};
  if (tag) { need(value.get(tag[0]) === tag[1], `${where} is of another kind`); out[tag[0]] = tag[1]; }
  for (const [field, type] of Object.entries(fields)) {
    need(value.has(field), `${where} lacks ${field}`);
    out[field] = shaped(value.get(field), type, `${where}.${field}`);
  }
  need(value.size === Object.keys(fields).length + (tag ? 1 : 0), `${where} has a member that is not known`);
  return out;
}
function union(value, types, where) {
  if (value === null && types.some((t) => t.t === "none")) return null;
  if (value instanceof Map)
    for (const type of types) {
      const tag = type.t === "struct" && SCHEMA[type.of].tag;
      if (tag && value.get(tag[0]) === tag[1]) return struct(value, type.of, where);
    }
  const rest = types.filter((t) => t.t !== "none" && t.t !== "struct");
  need(rest.length === 1, `${where} is of no known kind`);
  return shaped(value, rest[0], where);
}
const readRecord = (text, name, what) => struct(canonicalJson(text, what), name, what);

function base64(text, what) {
  need(/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(text), `${what} is not base64`);
  const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  need(toBase64(bytes) === text, `${what} is not base64 in canonical form`);
  return bytes;
}
function toBase64(bytes) {
  let out = "";
  for (let i = 0; i < bytes.length; i += 8192) out += String.fromCharCode(...bytes.subarray(i, i + 8192));
  return btoa(out);
}
const hex = (bytes) => Array.from(bytes, (b) => b.toString(16).padStart(2, "0")).join("");
const fromHex = (text) => Uint8Array.from(text.match(/../g) ?? [], (pair) => parseInt(pair, 16));
const same = (a, b) => a.length === b.length && a.every((v, i) => v === b[i]);
function joined(...parts) {
  const out = new Uint8Array(parts.reduce((sum, p) => sum + p.length, 0));
  let at = 0;
  for (const part of parts) { out.set(part, at); at += part.length; }
  return out;
}
