import {
  type ByteSource,
  ElfFile,
  type ElfSegment,
  type ElfSymbolTable,
  PF_X,
  PT_LOAD,
  SHT_DYNSYM,
  SHT_SYMTAB,
  STB_LOCAL,
  STT_FUNC,
} from "@skep/ebpf/elf";

/** `TLS_*` of tls.h: what kind of function it is. */
export const TlsFunctionKind = {
  read: 1,
  write: 2,
  readEx: 3,
  writeEx: 4,
  writeEx2: 5,
  receive: 6,
  send: 7,
  handshake: 8,
  end: 9,
} as const;

export type TlsFunctionKind = (typeof TlsFunctionKind)[keyof typeof TlsFunctionKind];

interface TlsFunction {
  readonly symbol: string;
  readonly kind: TlsFunctionKind;
}

/**
 * What is not among them: OpenSSL's own BIO for TLS (BIO_f_ssl) reads and writes by functions that have no name outside of
 * the library. `openssl s_server -www` uses it; servers and clients of HTTP hardly do.
 *
 * In the order in which they are attached: what ends a session first, so that no end is missed of a session that is
 * known; what makes one known last.
 */
const OPENSSL: readonly TlsFunction[] = [
  { symbol: "SSL_free", kind: TlsFunctionKind.end },
  { symbol: "SSL_clear", kind: TlsFunctionKind.end },
  { symbol: "SSL_do_handshake", kind: TlsFunctionKind.handshake },
  { symbol: "SSL_write", kind: TlsFunctionKind.write },
  { symbol: "SSL_write_ex", kind: TlsFunctionKind.writeEx },
  { symbol: "SSL_write_ex2", kind: TlsFunctionKind.writeEx2 },
  { symbol: "SSL_read", kind: TlsFunctionKind.read },
  { symbol: "SSL_read_ex", kind: TlsFunctionKind.readEx },
];

const GNUTLS: readonly TlsFunction[] = [
  { symbol: "gnutls_deinit", kind: TlsFunctionKind.end },
  { symbol: "gnutls_handshake", kind: TlsFunctionKind.handshake },
  { symbol: "gnutls_record_send", kind: TlsFunctionKind.send },
  { symbol: "gnutls_record_send2", kind: TlsFunctionKind.send },
  { symbol: "gnutls_record_recv", kind: TlsFunctionKind.receive },
];

export type TlsLibraryName = "OpenSSL" | "GnuTLS";

interface KnownLibrary {
  readonly name: TlsLibraryName;
  readonly functions: readonly TlsFunction[];
  /** What has to be there: the others depend on the version. */
  readonly needed: readonly string[];
}

const LIBRARIES: readonly KnownLibrary[] = [
  // And BoringSSL, LibreSSL, AWS-LC.
  { name: "OpenSSL", functions: OPENSSL, needed: ["SSL_read", "SSL_write"] },
  { name: "GnuTLS", functions: GNUTLS, needed: ["gnutls_record_send", "gnutls_record_recv"] },
];

/** A function in a file. */
export interface TlsProbePoint extends TlsFunction {
  /** Of its first instruction. */
  readonly fileOffset: number;
  /** It moves data, so that its return is of interest, too. */
  readonly returns: boolean;
}

/** A TLS library, or a program that holds one. */
export interface TlsLibrary {
  readonly name: TlsLibraryName;
  /** In the order in which to attach them. */
  readonly points: readonly TlsProbePoint[];
}

/** Names are looked for in so much of a string table at a time: those of a large program have tens of megabytes. */
const PIECE_BYTES = 1 << 20;

/**
 * Finds the functions of TLS libraries in an ELF file, those that it defines, not those that it calls. Most files have
 * none, which shows by their names alone: so these are looked at first, and as bytes.
 *
 * @throws FormatError for what is no ELF file of this kind, or a broken one
 */
export function findTlsLibraries(source: ByteSource): TlsLibrary[] {
  const file = ElfFile.parse(source);
  // What it exports is a smaller table than all it has, and what a stripped one has left.
  for (const which of ["dynsym", "symtab"] as const) {
    const libraries = librariesIn(file, source, which);
    if (libraries.length > 0) return libraries;
  }
  return [];
}

function librariesIn(file: ElfFile, source: ByteSource, which: "dynsym" | "symtab"): TlsLibrary[] {
  const type = which === "dynsym" ? SHT_DYNSYM : SHT_SYMTAB;
  const section = file.sections.find((candidate) => candidate.type === type);
  const strings = section === undefined ? undefined : file.sections[section.link];
  if (strings === undefined) return [];
  const wanted = LIBRARIES.flatMap(({ functions }) => functions.map(({ symbol }) => symbol));
  const places = findNames(source, strings.offset, strings.sizeBytes, wanted);
  const named = new Set(places.values());
  const present = LIBRARIES.filter(({ needed }) => needed.every((symbol) => named.has(symbol)));
  if (present.length === 0) return [];
  const symbols = file.symbolTable(which, (kind, sectionIndex) => kind === STT_FUNC && sectionIndex !== 0);
  if (symbols === undefined) return [];
  const addresses = addressesOf(symbols, places);
  return present.flatMap(({ name, functions, needed }) => {
    const points = functions.flatMap((each) => pointsOf(each, addresses.get(each.symbol), file.segments));
    const attached = new Set(points.map(({ symbol }) => symbol));
    return needed.every((symbol) => attached.has(symbol)) ? [{ name, points }] : [];
  });
}

/**
 * Offsets in a string table at which one of these names begins; also in the middle of a longer name that ends like it,
 * since tables share such bytes.
 */
function findNames(
  source: ByteSource,
  offset: number,
  sizeBytes: number,
  names: readonly string[],
): ReadonlyMap<number, string> {
  const places = new Map<number, string>();
  const longest = Math.max(...names.map((name) => name.length)) + 1;
  const end = Math.min(sizeBytes, source.sizeBytes - offset);
  const scratch = new Uint8Array(Math.min(PIECE_BYTES + longest, Math.max(0, end)));
  for (let from = 0; from < end; from += PIECE_BYTES) {
    const bytes = source.read(offset + from, Math.min(PIECE_BYTES + longest, end - from), scratch);
    const piece = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    for (const name of names) {
      const text = `${name}\0`;
      for (let at = piece.indexOf(text, 0, "latin1"); at >= 0; at = piece.indexOf(text, at + 1, "latin1")) {
        places.set(from + at, name);
      }
    }
  }
  return places;
}

/** Of several functions with a name a global one counts, as for the linker; of several of those none: which is meant? */
function addressesOf(symbols: ElfSymbolTable, places: ReadonlyMap<number, string>): ReadonlyMap<string, number> {
  const best = new Map<string, { readonly global: boolean; readonly addresses: Set<number> }>();
  for (let index = 0; index < symbols.count; index++) {
    const name = places.get(symbols.nameOffsets[index] ?? 0);
    const address = symbols.values[index] ?? 0;
    if (name === undefined || address === 0) continue;
    const global = symbols.binding(index) !== STB_LOCAL;
    const known = best.get(name);
    if (known === undefined || (global && !known.global)) best.set(name, { global, addresses: new Set([address]) });
    else if (known.global === global) known.addresses.add(address);
  }
  const entries = Array.from(best, ([name, { addresses }]) => [name, Array.from(addresses)] as const);
  return new Map(entries.flatMap(([name, [first = 0, ...more]]) => (more.length > 0 ? [] : [[name, first] as const])));
}

function pointsOf(
  { symbol, kind }: TlsFunction,
  address: number | undefined,
  segments: readonly ElfSegment[],
): TlsProbePoint[] {
  if (address === undefined) return [];
  const segment = segments.find(
    ({ type, flags, virtualAddress, fileSizeBytes }) =>
      type === PT_LOAD && (flags & PF_X) !== 0 && address >= virtualAddress && address < virtualAddress + fileSizeBytes,
  );
  if (segment === undefined) return [];
  const fileOffset = address - segment.virtualAddress + segment.offset;
  const returns = kind !== TlsFunctionKind.handshake && kind !== TlsFunctionKind.end;
  return [{ symbol, kind, fileOffset, returns }];
}
