/** The browser code that the hub serves, read once at start-up from beside this package's own code. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { brotliCompressSync, gzipSync } from 'node:zlib'

export interface SdkAsset {
  readonly source: Buffer
  readonly brotli: Buffer
  readonly gzip: Buffer
  readonly etag: string
  /** A name that changes with every byte, so that it may be cached for ever. */
  readonly versionedPath: string
  /** For the `integrity` attribute (Subresource Integrity). */
  readonly integrity: string
}

export function readSdk(): SdkAsset {
  const source = readDist('sdk.js')
  const digest = createHash('sha256').update(source).digest('base64url')
  return {
    source,
    brotli: brotliCompressSync(source),
    gzip: gzipSync(source, { level: 9 }),
    etag: `"${digest.slice(0, 22)}"`,
    versionedPath: `/sdk.${digest.slice(0, 12)}.js`,
    integrity: `sha384-${createHash('sha384').update(source).digest('base64')}`,
  }
}

export interface FrameScript {
  readonly source: string
  /** The script's hash as CSP's `script-src` wants it. */
  readonly cspHash: string
}

export function readFrameScript(): FrameScript {
  const source = readDist('frame.js').toString('utf8').trim()
  return { source, cspHash: `'sha256-${createHash('sha256').update(source).digest('base64')}'` }
}

const readDist = (name: string) => readFileSync(new URL(`./${name}`, import.meta.url))
