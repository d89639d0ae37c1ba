/** The browser SDK as files to serve: read once per process, at start-up, from beside this package's own code. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { brotliCompressSync, gzipSync } from 'node:zlib'

import { SessionHubError } from '../protocol/errors.js'
import type { HeaderFields } from './head.js'
import type { Reply } from './reply.js'

export interface SdkAsset {
  /** The SDK's path: its name changes with every byte, so it may be cached for ever. */
  readonly versionedPath: string
  /** For the `integrity` attribute (Subresource Integrity). */
  readonly integrity: string
  /**
   * The SDK, and the parts that it loads from the same folder, with and without the version. A page that was cached before an update asks for
   * another version: it gets the present one, which no cache keeps for ever.
   */
  readonly fileAt: (path: string) => SdkFile | undefined
}

/** The paths of all these files, of any version. */
export const SDK_PATH = /^\/(sdk|ladder|live|panel)(\.[\w-]{12})?\.js$/

type Encoding = 'br' | 'gzip'

export interface SdkFile {
  readonly source: Buffer
  readonly compressed: (encoding: Encoding) => Buffer
  readonly etag: string
  readonly isVersioned: boolean
}

let asset: SdkAsset | undefined

/** Once, because a process may have many sites. */
export const readSdk = (): SdkAsset => (asset ??= read())

/**
 * Some bundlers move the file too, if its name is written out where `new URL` is.
 *
 * @throws SessionHubError `options_invalid` if a bundler has moved this code and left the file
 */
function readBeside(file: URL): Buffer {
  try {
    return readFileSync(file)
  } catch (cause) {
    const name = file.pathname.slice(file.pathname.lastIndexOf('/') + 1)
    throw new SessionHubError(
      'options_invalid',
      `${name} is not beside this package's code: keep session-hub out of the server's bundle ("external"; in Next.js, "serverExternalPackages")`,
      { cause },
    )
  }
}

function read(): SdkAsset {
  const sdk = readBeside(new URL('./sdk.js', import.meta.url))
  const ladder = readBeside(new URL('./ladder.js', import.meta.url))
  const live = readBeside(new URL('./live.js', import.meta.url))
  const panel = readBeside(new URL('./panel.js', import.meta.url))
  // One version for all, because none of them works with another version of the others.
  const hash = createHash('sha256').update(sdk).update(ladder).update(live).update(panel)
  const digest = hash.digest('base64url')
  const versioned = (name: string) => `/${name}.${digest.slice(0, 12)}.js`
  const files = new Map<string, SdkFile>()
  for (const [name, source] of Object.entries({ sdk, ladder, live, panel })) {
    const file = {
      source,
      compressed: compressor(source),
      etag: `"${digest.slice(0, 22)}"`,
    }
    files.set(`/${name}.js`, { ...file, isVersioned: false })
    files.set(versioned(name), { ...file, isVersioned: true })
  }
  return {
    versionedPath: versioned('sdk'),
    integrity: `sha384-${createHash('sha384').update(sdk).digest('base64')}`,
    fileAt: (path) => files.get(path) ?? files.get(path.replace(SDK_PATH, '/$1.js')),
  }
}

/** Compresses at the first request, and once: compressing all files would take longer than everything else at the start of a site. */
function compressor(source: Buffer): SdkFile['compressed'] {
  const made = new Map<Encoding, Buffer>()
  return (encoding) => {
    const kept = made.get(encoding)
    if (kept) return kept
    const body = encoding === 'br' ? brotliCompressSync(source) : gzipSync(source, { level: 9 })
    made.set(encoding, body)
    return body
  }
}

/** Answers a GET for one of its files, compressed as the browser prefers. */
export function sdkReply(headers: HeaderFields, file: SdkFile): Reply {
  const own = {
    'content-type': 'text/javascript; charset=utf-8',
    'cache-control': file.isVersioned ? 'public, max-age=31536000, immutable' : 'public, max-age=3600',
    'x-content-type-options': 'nosniff',
    etag: file.etag,
    vary: 'accept-encoding',
    // Other sites may load it too, also with `integrity`.
    'access-control-allow-origin': '*',
    'cross-origin-resource-policy': 'cross-origin',
  }
  const isKnown = (headers['if-none-match'] ?? '')
    .split(/,\s*/)
    .some((tag) => tag.replace(/^W\//, '') === file.etag)
  // A reload needs the bytes.
  if (isKnown && !/\bno-cache\b/.test(String(headers['cache-control'])))
    return { status: 304, headers: own, body: '' }
  const encoding = (['br', 'gzip'] as const).find((one) => accepts(headers['accept-encoding'], one))
  if (!encoding) return { status: 200, headers: own, body: file.source }
  return {
    status: 200,
    headers: { ...own, 'content-encoding': encoding },
    body: file.compressed(encoding),
  }
}

/** RFC 9110, section 12.5.3. */
function accepts(header = '', encoding: string): boolean {
  const said = header.split(',').map((part) =>
    part
      .trim()
      .toLowerCase()
      .split(/\s*;\s*/),
  )
  const mine = said.find(([name]) => name === encoding) ?? said.find(([name]) => name === '*')
  return mine !== undefined && !/^q=0(\.0*)?$/.test(mine[1] ?? '')
}
