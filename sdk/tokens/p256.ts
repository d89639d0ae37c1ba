/** Whether two coordinates are a point of P-256 (FIPS 186-5; SEC 2, section 2.4.2). They are public, so this code need not take constant time. */

const P = 2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n
const B = 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn

/** 256 bits as base64url, in the only spelling that a key may have (RFC 7518, section 6.2.1.2). */
const COORDINATE = /^[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]$/

export function isOnP256(x: unknown, y: unknown): boolean {
  const [a, b] = [numberOf(x), numberOf(y)]
  if (a === undefined || b === undefined || a >= P || b >= P) return false
  return (b * b - (a * a - 3n) * a - B) % P === 0n
}

function numberOf(coordinate: unknown): bigint | undefined {
  if (typeof coordinate !== 'string' || !COORDINATE.test(coordinate)) return undefined
  return BigInt(`0x${Buffer.from(coordinate, 'base64url').toString('hex')}`)
}
