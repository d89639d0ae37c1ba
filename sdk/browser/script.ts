/**
 * `sdk.js`, the script-tag form: the global `SessionHub` is a client, configured by the tag's own attributes.
 *
 * `<script async src="https://hub.example/sdk.js" data-endpoint="/session-hub" data-start="auto" data-interval="60"></script>`
 */
import { type Client, createClient } from './client.js'
import type { ClientOptions } from './options.js'

declare global {
  var SessionHub: Client & { createClient: typeof createClient }
}

const { src, dataset } = document.currentScript as HTMLScriptElement
const { hub = src, interval, timeout, ...rest } = dataset
const client = createClient({
  ...(rest as Partial<ClientOptions>),
  hub,
  ...(interval && { interval: +interval }),
  ...(timeout && { timeout: +timeout }),
})
globalThis.SessionHub = Object.assign(client, { createClient })
