/** One end of a connection. */
export interface Endpoint {
  /** IPv4 or IPv6, as text. */
  readonly address: string;
  readonly port: number;
}

/** Of the 4 or 16 bytes of an address in network order. An IPv4 address that is mapped into IPv6 is written as IPv4. */
export function addressText(bytes: Uint8Array): string {
  if (bytes.length === 4) return bytes.join(".");
  if (bytes.length !== 16) throw new RangeError(`an address has 4 or 16 bytes, not ${bytes.length}`);
  return isMapped(bytes) ? bytes.subarray(12).join(".") : ipv6Text(bytes);
}

/** `192.0.2.1:80`, `[2001:db8::1]:80`. */
export function endpointText({ address, port }: Endpoint): string {
  return address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
}

/** ::ffff:0:0/96, what an IPv6 socket has for an IPv4 peer. */
function isMapped(bytes: Uint8Array): boolean {
  return bytes[10] === 0xff && bytes[11] === 0xff && bytes.subarray(0, 10).every((byte) => byte === 0);
}

/** The canonical form, RFC 5952: the longest run of two or more zero groups, the first of equals, becomes `::`. */
function ipv6Text(bytes: Uint8Array): string {
  const groups: string[] = [];
  let start = 0;
  let longest = { start: 0, length: 1 };
  for (let index = 0; index < 8; index++) {
    const group = ((bytes[index * 2] ?? 0) << 8) | (bytes[index * 2 + 1] ?? 0);
    groups.push(group.toString(16));
    if (group !== 0) start = index + 1;
    else if (index + 1 - start > longest.length) longest = { start, length: index + 1 - start };
  }
  if (longest.length < 2) return groups.join(":");
  return `${groups.slice(0, longest.start).join(":")}::${groups.slice(longest.start + longest.length).join(":")}`;
}
