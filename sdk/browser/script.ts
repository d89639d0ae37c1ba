/**
 * `sdk.js`, the script-tag form: the global `SessionHub` is a client, configured by the tag's own attributes.
 *
 * `<script async src="https://hub.example/sdk.js" data-endpoint="/session-hub" data-start="auto" data-interval="60"></script>`
 */
import { type Client, createClientWith, type ImportPart } from './client.js'
import { type ClientOptions, defaults } from './options.js'

declare global {
  var SessionHub: Client & { createClient: (options: ClientOptions) => Client }
}

const tag = document.currentScript as HTMLScriptElement
const { dataset, integrity } = tag
// Not the property, which a `<base>` that the page has by now would lead to another origin, and the ladder with it (R10).
const src = new URL(tag.getAttribute('src') as string, location.href).href

/**
 * Beside this file, under the same version. A page that has pinned this file (Subresource Integrity) trusts its server with no
 * more than these bytes, and `import` could not hold it to them: then the other parts come from the page's own backend.
 */
const importPart: ImportPart = (name, endpoint) =>
  import(src.replace(/(.*)\/sdk/, `${integrity ? origin + endpoint : '$1'}/${name}`))

const createClient = (options: ClientOptions) => createClientWith(importPart, options)

const given: Record<string, unknown> = { hub: src }
// By name: other programs put attributes of their own on script tags.
for (const name in defaults) {
  const value = dataset[name]
  if (value) given[name] = name === 'rungs' ? value.split(' ') : +value || value
}
const client = createClient(given as unknown as ClientOptions)
if ('sisterLinks' in dataset) client.decorate()
globalThis.SessionHub = Object.assign(client, { createClient })
