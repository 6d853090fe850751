// Digests, trees (RFC 9162, section 2.1) and signatures; the arithmetic is the browser's own.

const sha256 = async (bytes) => new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
const digestOf = async (bytes) => "sha256:" + hex(await sha256(bytes));
const leafHash = (bytes) => sha256(joined([0], bytes));
const nodeHash = (left, right) => sha256(joined([1], left, right));

// RFC 9162, section 2.1.3.2.
async function rootFrom(proof, index, size, leaf) {
  need(index >= 0n && index < size, `index ${index} is not below the size ${size}`);
  let fn = index, sn = size - 1n, r = leaf;
  for (const p of proof) {
    need(sn !== 0n, "the proof is too long");
    if ((fn & 1n) === 1n || fn === sn) {
      r = await nodeHash(p, r);
      while ((fn & 1n) === 0n && fn !== 0n) { fn >>= 1n; sn >>= 1n; }
    } else r = await nodeHash(r, p);
    fn >>= 1n; sn >>= 1n;
  }
  need(sn === 0n, "the proof is too short");
  return r;
}

// Ed25519 keys that may be used (the rules of this package's note room): canonical, on the curve, of prime order.
const FIELD = 2n ** 255n - 19n;
const ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;
const mod = (a) => { const r = a % FIELD; return r < 0n ? r + FIELD : r; };
function power(base, exponent) {
  let out = 1n, b = mod(base);
  for (let e = exponent; e > 0n; e >>= 1n) { if (e & 1n) out = mod(out * b); b = mod(b * b); }
  return out;
}
const D = mod(-121665n * power(121666n, FIELD - 2n));
const ROOT_OF_MINUS_ONE = power(2n, (FIELD - 1n) / 4n);
const littleEndian = (bytes) => bytes.reduceRight((sum, b) => (sum << 8n) | BigInt(b), 0n);
// RFC 8032, section 5.1.4: addition in extended coordinates; also doubles.
function plus(p, q) {
  const a = mod((p[1] - p[0]) * (q[1] - q[0])), b = mod((p[1] + p[0]) * (q[1] + q[0]));
  const c = mod(2n * p[3] * q[3] * D), d = mod(2n * p[2] * q[2]);
  const e = b - a, f = d - c, g = d + c, h = b + a;
  return [mod(e * f), mod(g * h), mod(f * g), mod(e * h)];
}
function times(scalar, point) {
  let total = [0n, 1n, 1n, 0n];
  for (const bit of scalar.toString(2)) { total = plus(total, total); if (bit === "1") total = plus(total, point); }
  return total;
}
const isIdentity = (p) => p[0] === 0n && p[1] === p[2];
// RFC 8032, section 5.1.3, steps 2 to 4.
function xOf(y, sign) {
  const u = mod(y * y - 1n), v = mod(D * y * y + 1n);
  let x = mod(u * power(v, 3n) * power(u * power(v, 7n), (FIELD - 5n) / 8n));
  if (mod(v * x * x - u) !== 0n) {
    x = mod(x * ROOT_OF_MINUS_ONE);
    if (mod(v * x * x - u) !== 0n) return null;
  }
  if (x === 0n && sign === 1n) return null;
  return (x & 1n) === sign ? x : mod(FIELD - x);
}
const usable = new Map();
function isUsableEd25519(bytes) {
  const name = hex(bytes);
  if (!usable.has(name)) usable.set(name, judgedEd25519(bytes));
  return usable.get(name);
}
function judgedEd25519(bytes) {
  if (bytes.length !== 32) return false;
  const number = littleEndian(bytes), y = number & ((1n << 255n) - 1n);
  if (y >= FIELD) return false;
  const x = xOf(y, number >> 255n);
  if (x === null) return false;
  const point = [x, y, 1n, mod(x * y)];
  return !isIdentity(times(8n, point)) && isIdentity(times(ORDER, point));
}
function isUsableMlDsa44(bytes) {
  if (bytes.length !== 1312) return false;
  for (let at = 32; at < 1312; at += 320) if (new Set(bytes.subarray(at, at + 320)).size < 100) return false;
  return true;
}

const imported = new Map();
async function holdsEd25519(key, message, signature) {
  if (signature.length !== 64 || littleEndian(signature.subarray(32)) >= ORDER) return false;
  const name = hex(key);
  if (!imported.has(name)) imported.set(name, await crypto.subtle.importKey("raw", key, "Ed25519", false, ["verify"]));
  return crypto.subtle.verify("Ed25519", imported.get(name), signature, message);
}
