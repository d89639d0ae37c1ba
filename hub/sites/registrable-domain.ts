/** Tells which hosts browsers treat as one owner's. */

/**
 * Returns the domain that one owner has registered, by the Public Suffix List, including the suffixes under which hosting companies give out names.
 * The list is loaded only when it is needed. A name without such a domain counts as its own.
 *
 * @param origin an origin, or a wildcard
 */
export async function registrable(origin: string): Promise<string> {
  const { hostname } = new URL(origin.replace('://*.', '://'))
  const { getDomain } = await import('tldts')
  return getDomain(hostname, { allowPrivateDomains: true }) ?? hostname
}
