/** Content-Security-Policy (CSP3), as far as it can block the SDK or the hub's frame. */

export type Policy = ReadonlyMap<string, readonly string[]>

/** Several headers, and several policies in one header, all apply. */
export const policiesOf = (lines: readonly string[]): readonly Policy[] =>
  lines
    .flatMap((line) => line.split(','))
    .map(policyOf)
    .filter((policy) => policy.size > 0)

function policyOf(text: string): Policy {
  const policy = new Map<string, readonly string[]>()
  for (const directive of text.split(';')) {
    const [name = '', ...sources] = directive.trim().split(/\s+/)
    // If a directive occurs twice, the first one counts.
    if (name !== '' && !policy.has(name.toLowerCase())) policy.set(name.toLowerCase(), sources)
  }
  return policy
}

interface Loaded {
  readonly url: string
  /** The origin of the page. */
  readonly from: string
  readonly nonce?: string | undefined
  /** For example `'sha256-…'`. Nothing else allows an inline script. */
  readonly hash?: string
}

/**
 * @param names the directives that may decide, the most specific one first
 * @returns the directive that forbids it, as it is written, or `undefined`
 */
export function forbidding(
  policies: readonly Policy[],
  names: readonly string[],
  loaded: Loaded,
): string | undefined {
  for (const policy of policies) {
    const name = names.find((one) => policy.has(one))
    if (name === undefined) continue
    const sources = policy.get(name) ?? []
    if (!allows(sources, loaded)) return [name, ...(sources.length > 0 ? sources : ["'none'"])].join(' ')
  }
  return undefined
}

function allows(sources: readonly string[], { url, from, nonce, hash }: Loaded): boolean {
  if (hash !== undefined) return sources.includes(hash)
  if (nonce && sources.includes(`'nonce-${nonce}'`)) return true
  if (sources.some((source) => source.toLowerCase() === "'strict-dynamic'")) return false
  return sources.some((source) => matches(source, new URL(url), new URL(from)))
}

/** CSP3, section 6.7.2.8. An http source allows https too. */
function matches(source: string, url: URL, from: URL): boolean {
  const lower = source.toLowerCase()
  if (lower === '*') return true
  if (lower === "'self'") return url.host === from.host && isUpgrade(from.protocol, url.protocol)
  if (/^[a-z][a-z0-9+.-]*:$/.test(lower)) return isUpgrade(lower, url.protocol)
  const parts = /^(?:([a-z][a-z0-9+.-]*:)\/\/)?(\*|(?:\*\.)?[^/:*]+)(?::(\d+|\*))?(\/.*)?$/i.exec(source)
  if (!parts) return false
  const [, scheme, host = '', port, path = ''] = parts
  return (
    isUpgrade(scheme?.toLowerCase() ?? from.protocol, url.protocol) &&
    isHostLike(host.toLowerCase(), url.hostname) &&
    isPortLike(port, url) &&
    (path.endsWith('/') ? url.pathname.startsWith(path) : path === '' || url.pathname === path)
  )
}

const isUpgrade = (allowed: string, used: string) =>
  allowed === used || (allowed === 'http:' && used === 'https:')

const isHostLike = (pattern: string, hostname: string) =>
  pattern === '*' || (pattern.startsWith('*.') ? hostname.endsWith(pattern.slice(1)) : pattern === hostname)

const isPortLike = (port: string | undefined, url: URL) =>
  port === '*' ||
  (port ?? '') === url.port ||
  (url.port === '' && port === (url.protocol === 'https:' ? '443' : '80'))
