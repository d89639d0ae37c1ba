/** Finds the SDK's script tag and the policies in `meta` on a page. This is no HTML parser: it reads one tag after another. */

type Attributes = ReadonlyMap<string, string>

const TAG = /<(script|meta)\b/gi
/** The length of one tag: more than any of ours has. */
const MOST_CHARACTERS = 2000
/** The file's name, with or without a version. */
const SDK_FILE = /\/sdk(\.[\w-]{12})?\.js$/
const ATTRIBUTE = /([^\s"'=<>/]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+)))?/g

export interface ScriptTag {
  /** The full address of the file. */
  readonly src: string
  /** The hub that the tag names, or that serves the file. */
  readonly hub: string
  readonly endpoint: string | undefined
  readonly nonce: string | undefined
  readonly integrity: string | undefined
  readonly hasSisterLinks: boolean
  /** The tag loads the file with CORS, whose own rules then apply. */
  readonly isCors: boolean
  readonly isLive: boolean
}

/** @param url the page's address */
export function findScriptTag(html: string, url: string): ScriptTag | undefined {
  for (const attributes of tagsOf(html, 'script')) {
    const src = addressOf(attributes.get('src'), url)
    if (!src) continue
    const named = attributes.get('data-hub')
    if (!SDK_FILE.test(src.pathname)) continue
    // Another file may have the same name. Ours names the hub, or comes from it.
    const isFromElsewhere = src.origin !== new URL(url).origin
    if (named === undefined && !isFromElsewhere) continue
    return {
      src: src.href,
      hub: named ?? src.origin,
      endpoint: attributes.get('data-endpoint'),
      nonce: attributes.get('nonce'),
      integrity: attributes.get('integrity'),
      hasSisterLinks: attributes.has('data-sister-links'),
      isCors: attributes.has('crossorigin'),
      isLive: attributes.get('data-live') === 'true',
    }
  }
  return undefined
}

/** The contents of `<meta http-equiv>`. */
export const metaOf = (html: string, name: string): readonly string[] =>
  tagsOf(html, 'meta')
    .filter((attributes) => attributes.get('http-equiv')?.toLowerCase() === name)
    .map((attributes) => attributes.get('content') ?? '')

function tagsOf(html: string, name: string): readonly Attributes[] {
  const text = withoutComments(html)
  const found: Attributes[] = []
  TAG.lastIndex = 0
  // The search never goes back, so no page can make it slow.
  for (let match; (match = TAG.exec(text));) {
    const start = TAG.lastIndex
    const end = text.indexOf('>', start)
    if (end < 0) break
    TAG.lastIndex = end
    if (match[1]?.toLowerCase() === name)
      found.push(attributesOf(text.slice(start, Math.min(end, start + MOST_CHARACTERS))))
  }
  return found
}

const attributesOf = (inner: string): Attributes =>
  new Map(
    [...inner.matchAll(ATTRIBUTE)].map(([, name = '', double, single, bare]) => [
      name.toLowerCase(),
      unescaped(double ?? single ?? bare ?? ''),
    ]),
  )

function withoutComments(html: string): string {
  let text = ''
  for (let at = 0; at < html.length;) {
    const start = html.indexOf('<!--', at)
    if (start < 0) return text + html.slice(at)
    text += html.slice(at, start)
    const end = html.indexOf('-->', start)
    if (end < 0) return text
    at = end + 3
  }
  return text
}

const unescaped = (text: string) =>
  text.replaceAll('&quot;', '"').replaceAll('&lt;', '<').replaceAll('&amp;', '&')

function addressOf(src: string | undefined, base: string): URL | undefined {
  return src !== undefined && URL.canParse(src, base) ? new URL(src, base) : undefined
}
