import { generateKeyPairSync, sign } from "node:crypto";

/** A certificate and its key, in PEM. */
export interface Identity {
  readonly certificate: string;
  readonly key: string;
}

export interface Authority extends Identity {
  readonly name: string;
}

/** A certificate authority of its own. */
export function createAuthority(name: string): Authority {
  return { name, ...issue({ subject: name, isAuthority: true }) };
}

/** A certificate for 127.0.0.1, signed by an authority. */
export function createIdentity(subject: string, authority: Authority): Identity {
  return issue({ subject, authority, isAuthority: false });
}

const OID = {
  commonName: [0x55, 0x04, 0x03],
  basicConstraints: [0x55, 0x1d, 0x13],
  subjectAltName: [0x55, 0x1d, 0x11],
  ecdsaWithSha256: [0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02],
} as const;

/** An X.509 certificate (RFC 5280) as far as TLS asks for it, since Node.js reads them but makes none. */
function issue(request: { subject: string; authority?: Authority; isAuthority: boolean }): Identity {
  const { publicKey, privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const key = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  const { subject, authority = { name: subject, key }, isAuthority } = request;

  const algorithm = sequence(oid(OID.ecdsaWithSha256));
  const extension = (id: readonly number[], value: Buffer) => sequence(oid(id), tagged(0x04, value));
  const extensions = isAuthority
    ? sequence(extension(OID.basicConstraints, sequence(tagged(0x01, Buffer.of(0xff)))))
    : sequence(extension(OID.subjectAltName, sequence(tagged(0x87, Buffer.of(127, 0, 0, 1)))));
  const toBeSigned = sequence(
    tagged(0xa0, integer(2)),
    integer(Date.now()),
    algorithm,
    nameOf(authority.name),
    sequence(utcTime(-1), utcTime(1)),
    nameOf(subject),
    publicKey.export({ type: "spki", format: "der" }),
    tagged(0xa3, extensions),
  );
  const signature = sign("sha256", toBeSigned, authority.key);
  const certificate = sequence(toBeSigned, algorithm, tagged(0x03, Buffer.concat([Buffer.of(0), signature])));
  const lines = certificate
    .toString("base64")
    .match(/.{1,64}/g)
    ?.join("\n");
  return { key, certificate: `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n` };
}

function nameOf(commonName: string): Buffer {
  return sequence(tagged(0x31, sequence(oid(OID.commonName), tagged(0x0c, Buffer.from(commonName)))));
}

/** Midnight of a day, counted from today. */
function utcTime(days: number): Buffer {
  const day = new Date(Date.now() + days * 86_400_000).toISOString().slice(2, 10).replaceAll("-", "");
  return tagged(0x17, Buffer.from(`${day}000000Z`));
}

function sequence(...members: readonly Buffer[]): Buffer {
  return tagged(0x30, Buffer.concat(members));
}

function oid(bytes: readonly number[]): Buffer {
  return tagged(0x06, Buffer.from(bytes));
}

function integer(value: number): Buffer {
  const hex = value.toString(16);
  // A byte in front that says "positive".
  return tagged(
    0x02,
    Buffer.from(`00${hex.padStart(hex.length + (hex.length % 2), "0")}`.replace(/^00(?=[0-7])/, ""), "hex"),
  );
}

/** A DER value: tag, length, content. */
function tagged(tag: number, content: Buffer): Buffer {
  const { length } = content;
  if (length < 0x80) return Buffer.concat([Buffer.of(tag, length), content]);
  const size = length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.of(tag, ...size), content]);
}
