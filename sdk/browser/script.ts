/**
 * `sdk.js`, the script-tag form: the global `SessionHub` is a client, configured by the tag's own attributes.
 *
 * `<script async src="https://hub.example/sdk.js" data-endpoint="/session-hub" data-start="auto" data-interval="60"></script>`
 */
import { type Client, createClientWith, type ImportPart } from './client.js'
import { ofDocument } from './document.js'
import { type ClientOptions, defaults } from './options.js'

declare global {
  var SessionHub: Client & { createClient: (options: ClientOptions) => Client }
}

const tag = ofDocument('currentScript')
// Not the property: a `<base>` in the page would make it, and the ladder with it, point to another origin (R10).
const written = tag?.getAttribute('src')
if (!written) throw TypeError('SessionHub: no classic script')
const src = new webkitURL(written, location.href).href
const { dataset, integrity } = tag as HTMLScriptElement

/**
 * In the same folder as this file, under the same version. A page that has pinned this file (Subresource Integrity) trusts its server with no
 * more than these bytes, and `import` cannot check the other parts: so these come from the page's own backend.
 */
const importPart: ImportPart = (name, endpoint) =>
  import(src.replace(/(.*)\/sdk/, `${integrity ? location.origin + endpoint : '$1'}/${name}`))

const createClient = (options: ClientOptions) => createClientWith(importPart, options)

const given: Record<string, unknown> = { hub: src }
// By name, because other programs put attributes of their own on script tags. As texts: numeric texts are accepted, and `live.js` reads `live`.
for (const name of Object.keys(defaults))
  if (dataset[name]) given[name] = name === 'rungs' ? dataset[name].split(/[\s,]+/) : dataset[name]
const client = createClient(given as unknown as ClientOptions)
if ('sisterLinks' in dataset) client.decorate()
window.SessionHub = Object.assign(client, { createClient })
