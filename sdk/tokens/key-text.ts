/** Keys as text from an environment; the programs that read it keep quotes and lose line ends. */

/** Removes the one pair of quotes around the whole text: a shell removes them, but `docker run --env-file` keeps them. */
export const withoutQuotes = (text: string): string => /^\s*(['"])(.*)\1\s*$/s.exec(text)?.[2] ?? text

/** Restores the line ends of a PEM if they were written out (`\n`), became spaces, or are lost. Base64 contains none of these characters. */
export const mendPem = (text: string): string =>
  withoutQuotes(text)
    .replace(/\\+[rn]/g, '\n')
    .replace(
      /-----BEGIN ([A-Z ]+)-----([A-Za-z0-9+/=\s]*)-----END \1-----/g,
      (_block, label: string, base64: string) =>
        [`-----BEGIN ${label}-----`, ...linesOf(base64), `-----END ${label}-----`, ''].join('\n'),
    )

const linesOf = (base64: string) => base64.replace(/\s/g, '').match(/.{1,64}/g) ?? []

/**
 * Reads what a text contains: keys as JSON, or a PEM; either may be in quotes, or in base64.
 *
 * @returns `undefined` for a text that is neither, such as a file's path
 * @throws SyntaxError for a text that begins as JSON but cannot be read
 */
export function readKeyText(text: string): unknown {
  const plain = withoutQuotes(text).trim()
  const known = readPlain(plain)
  if (known !== undefined) return known
  const decoded = fromBase64(plain)
  return decoded === undefined ? undefined : readPlain(decoded)
}

function readPlain(text: string): unknown {
  // Some environments pass `{"kty":"oct"}` on as `{\"kty\":\"oct\"}`.
  if (/^[[{]\s*\{?\s*\\"/.test(text)) return JSON.parse(text.replaceAll('\\"', '"'))
  if (/^[[{]\s*["{]/.test(text)) return JSON.parse(text)
  const at = text.indexOf('-----BEGIN')
  return at < 0 ? undefined : mendPem(text.slice(at))
}

function fromBase64(text: string): string | undefined {
  const packed = text.replace(/\s/g, '').replace(/-/g, '+').replace(/_/g, '/')
  if (!/^[A-Za-z0-9+/]{40,}={0,2}$/.test(packed)) return undefined
  try {
    return atob(packed).trim()
  } catch {
    return undefined
  }
}
