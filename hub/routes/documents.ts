/** The documents that describe the hub: its endpoints and its health. */
import type { Request, Response } from 'express'

import { sendJson } from '../../sdk/http/node/reply.js'
import type { SdkAsset } from '../../sdk/http/sdk-asset.js'
import { hubPaths, protocolVersion } from '../../sdk/protocol/wire.js'
import type { HubContext } from '../flows/context.js'

const CACHED = { 'cache-control': 'public, max-age=300' }

export const discoveryRoute = (hub: HubContext, sdk: SdkAsset) => (_req: Request, res: Response) => {
  const at = (path: string) => hub.origin + path
  sendJson(
    res,
    200,
    {
      issuer: hub.origin,
      protocol_version: protocolVersion,
      frame_endpoint: at(hubPaths.frame),
      look_endpoint: at(hubPaths.look),
      exchange_endpoint: at(hubPaths.exchange),
      access_endpoint: at(hubPaths.access),
      unlock_endpoint: at(hubPaths.unlock),
      backchannel_endpoint: at(hubPaths.backchannel),
      sdk_uri: at(hubPaths.sdk),
      sdk_versioned_uri: at(sdk.versionedPath),
      sdk_integrity: sdk.integrity,
    },
    CACHED,
  )
}

/** Answers whenever the process is up. */
export const healthRoute = (_req: Request, res: Response) => {
  sendJson(res, 200, { status: 'ok' })
}

/** Answers when the hub can do its work, which means that the store answers. */
export const readyRoute = (hub: HubContext) => async (_req: Request, res: Response) => {
  await hub.store.ping()
  sendJson(res, 200, { status: 'ready' })
}
