/** The browser SDK as a file to serve: read once at start-up from beside this package's own code. */
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { brotliCompressSync, gzipSync } from 'node:zlib'

import type { Request, Response } from 'express'

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
  const source = readFileSync(new URL('./sdk.js', import.meta.url))
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

/** Answers a GET for it, compressed as the browser likes. */
export function sendSdk(req: Request, res: Response, sdk: SdkAsset, isVersioned: boolean): void {
  res.set({
    'content-type': 'text/javascript; charset=utf-8',
    'cache-control': isVersioned ? 'public, max-age=31536000, immutable' : 'public, max-age=3600',
    'x-content-type-options': 'nosniff',
    etag: sdk.etag,
    vary: 'accept-encoding',
    // Other sites may load it too, with `integrity` as well.
    'access-control-allow-origin': '*',
    'cross-origin-resource-policy': 'cross-origin',
  })
  if (req.fresh) {
    res.status(304).end()
    return
  }
  const encoding = req.acceptsEncodings('br', 'gzip')
  if (encoding === 'br') res.set('content-encoding', 'br').end(sdk.brotli)
  else if (encoding === 'gzip') res.set('content-encoding', 'gzip').end(sdk.gzip)
  else res.end(sdk.source)
}
