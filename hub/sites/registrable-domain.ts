/** Which hosts browsers take for one owner's. */

/**
 * The domain that one owner has registered, by the Public Suffix List, with what hosting companies share out. The list is loaded only where somebody
 * asks. A name that has no such domain is its own.
 *
 * @param origin an origin, or a wildcard
 */
export async function registrable(origin: string): Promise<string> {
  const { hostname } = new URL(origin.replace('://*.', '://'))
  const { getDomain } = await import('tldts')
  return getDomain(hostname, { allowPrivateDomains: true }) ?? hostname
}
