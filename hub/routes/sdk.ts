/** `GET /sdk.js`, and the same under a name that changes with its bytes. */
import type { Request, Response } from 'express'

import type { SdkAsset } from '../assets.js'

export const sdkRoute = (sdk: SdkAsset, isVersioned: boolean) => (req: Request, res: Response) => {
  res.set({
    'content-type': 'text/javascript; charset=utf-8',
    'cache-control': isVersioned ? 'public, max-age=31536000, immutable' : 'public, max-age=3600',
    etag: sdk.etag,
    vary: 'accept-encoding',
    // Every site loads it, with `integrity` too.
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
