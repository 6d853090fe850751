// Privacy Pass by Cloudflare's privacypass-ts and blindrsa-ts: a client, an issuer and an origin that we did not write.
//
// Reads one JSON request a line (bytes in base64) and writes one JSON answer a line, as they come: {ok, why, ...}.
import { createInterface } from 'node:readline';
import { RSABSSA } from '@cloudflare/blindrsa-ts';
import { TOKEN_TYPES, Token, TokenChallenge, publicVerif, util } from '@cloudflare/privacypass-ts';

const { BlindRSAMode, Client, Issuer, Origin, TokenRequest, TokenResponse, getPublicKeyBytes } = publicVerif;
const TYPE = TOKEN_TYPES.BLIND_RSA;
const HASH = { name: 'RSA-PSS', hash: 'SHA-384' };
const bytes = (text) => Uint8Array.from(Buffer.from(text, 'base64'));
const base64 = (data) => Buffer.from(data).toString('base64');

// WebCrypto takes RSA keys by the plain identifier only.
const verifyingKey = (der) => crypto.subtle.importKey('spki', util.convertRSASSAPSSToEnc(der), HASH, true, ['verify']);

let client, issuer;
const ANSWERS = {
  challenge: async ({ issuer: name, origins, context }) => ({
    data: base64(new TokenChallenge(TYPE.value, name, bytes(context), origins).serialize()),
  }),
  'read challenge': async ({ data }) => {
    const read = TokenChallenge.deserialize(bytes(data));
    return { type: read.tokenType, issuer: read.issuerName, origins: read.originInfo, context: base64(read.redemptionContext) };
  },
  ask: async ({ challenge, key }) => {
    client = new Client(BlindRSAMode.PSS);
    const asked = await client.createTokenRequest(TokenChallenge.deserialize(bytes(challenge)), bytes(key));
    return { data: base64(asked.serialize()) };
  },
  finish: async ({ data }) => ({ data: base64((await client.finalize(TokenResponse.deserialize(bytes(data)))).serialize()) }),
  'new issuer': async () => {
    const made = await Issuer.generateKey(BlindRSAMode.PSS, {
      modulusLength: 2048, publicExponent: Uint8Array.from([1, 0, 1]),
    });
    issuer = new Issuer(BlindRSAMode.PSS, 'issuer.example', made.privateKey, made.publicKey, {});
    return { data: base64(await getPublicKeyBytes(made.publicKey)) };
  },
  issue: async ({ data }) => ({ data: base64((await issuer.issue(TokenRequest.deserialize(TYPE, bytes(data)))).serialize()) }),
  verify: async ({ data, key }) => {
    const token = Token.deserialize(TYPE, bytes(data));
    const [whole, public_] = [bytes(data), await verifyingKey(bytes(key))];
    const suite = RSABSSA.SHA384.PSS.Deterministic();
    return {
      origin: await new Origin(BlindRSAMode.PSS, ['gate.example/a']).verify(token, public_),
      suite: await suite.verify(public_, whole.subarray(98), whole.subarray(0, 98)),
      same: base64(token.serialize()) === data,
    };
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const request = JSON.parse(line);
  let reply;
  try {
    reply = { ok: true, ...(await ANSWERS[request.op](request)) };
  } catch (error) {
    reply = { ok: false, why: String(error.message) };
  }
  process.stdout.write(`${JSON.stringify(reply)}\n`);
}
