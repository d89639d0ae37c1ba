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
// By name: other programs put attributes of their own on script tags.
const { hub = src, endpoint, start, interval, timeout } = dataset
const client = createClient({
  ...(endpoint && { endpoint }),
  ...(start && { start: start as ClientOptions['start'] & string }),
  hub,
  ...(interval && { interval: +interval }),
  ...(timeout && { timeout: +timeout }),
})
globalThis.SessionHub = Object.assign(client, { createClient })
