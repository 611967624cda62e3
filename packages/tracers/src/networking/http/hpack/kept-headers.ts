/**
 * The headers whose values are kept. Of all others only the sizes are read, which the dynamic table is reckoned with: their values
 * may be secrets, and a string costs more than the rest of a field.
 */
export const KeptHeader = {
  /** A header that is not kept. */
  other: 0,
  method: 1,
  path: 2,
  status: 3,
  authority: 4,
  scheme: 5,
  protocol: 6,
  contentType: 7,
  grpcStatus: 8,
  userAgent: 9,
  traceparent: 10,
  host: 11,
} as const;

/** In the order of `KeptHeader`. */
const keptNames = [
  "",
  ":method",
  ":path",
  ":status",
  ":authority",
  ":scheme",
  ":protocol",
  "content-type",
  "grpc-status",
  "user-agent",
  "traceparent",
  "host",
];

export const KEPT_HEADER_COUNT: number = keptNames.length;

const idByName = new Map(keptNames.map((name, id) => [name, id]));

/** The kept header of this name, or `KeptHeader.other`. */
export function keptHeader(name: string): number {
  return idByName.get(name) ?? KeptHeader.other;
}

/** Candidates by length, so that most names are turned down without looking at their bytes. */
const idsByLength: number[][] = [];
for (const [id, name] of keptNames.entries()) {
  if (id !== KeptHeader.other) idsByLength[name.length] = [...(idsByLength[name.length] ?? []), id];
}

/** The kept header whose name is `bytes[start, end)`, or `KeptHeader.other`. */
export function keptHeaderOfBytes(bytes: Uint8Array, start: number, end: number): number {
  const ids = idsByLength[end - start];
  if (ids === undefined) return KeptHeader.other;
  for (const id of ids) {
    if (equals(keptNames[id] ?? "", bytes, start)) return id;
  }
  return KeptHeader.other;
}

function equals(name: string, bytes: Uint8Array, start: number): boolean {
  for (let index = 0; index < name.length; index++) {
    if (name.charCodeAt(index) !== bytes[start + index]) return false;
  }
  return true;
}

/** What one header block said, of the headers that are kept. Filled anew by each block. */
export class HeaderFields {
  /** By `KeptHeader`; absent where the block had none, or its value is not known. Of a name that comes twice, the first. */
  readonly values: (string | undefined)[] = new Array(KEPT_HEADER_COUNT).fill(undefined);
  /** Fields whose name stands in a part of the table from before we joined: each may be any header, or none that is kept. */
  unknownCount = 0;
  /** All fields, kept or not. */
  count = 0;

  clear(): void {
    this.values.fill(undefined);
    this.unknownCount = 0;
    this.count = 0;
  }

  set(header: number, value: string | undefined): void {
    if (this.values[header] === undefined) this.values[header] = value;
  }

  get(header: number): string | undefined {
    return this.values[header];
  }
}
