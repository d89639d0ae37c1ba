/** A configuration file as it is written: JSON, or code for what JSON cannot express. */
import { extname } from 'node:path'
import { pathToFileURL } from 'node:url'

import { isJsonObject, type JsonObject } from '../../sdk/protocol/json.js'
import { wrong } from '../../sdk/settings/refuse-unknown.js'
import { codeOnly } from './config-rows.js'
import { parseFile, readText, shown } from './files.js'

/** The configuration file, for messages, and to resolve the paths in it. */
export interface Place {
  readonly path: string
  /** The path as a person would write it. */
  readonly file: string
  /** A path in the configuration, made absolute. */
  readonly inFolder: (name: string) => string
}

/** @throws SessionHubError `options_invalid` */
export async function loadConfig(path: string): Promise<JsonObject> {
  const file = shown(path)
  const text = await readText(path, { remedy: 'correct the path after "--config"' })
  const isCode = ['.mjs', '.js', '.cjs'].includes(extname(path))
  const given = isCode ? await importDefault(path, file) : parseFile(text, file)
  if (!isJsonObject(given)) {
    const form = isCode ? 'export default { origin: … }' : '{ "origin": "https://hub.example" }'
    throw wrong(file, `an object is expected, such as ${form}`)
  }
  const unreachable = isCode ? undefined : codeOnly.find((name) => Object.hasOwn(given, name))
  if (unreachable !== undefined) {
    throw wrong(file, `"${unreachable}" is code; write the configuration as .mjs with a default export`)
  }
  return given
}

async function importDefault(path: string, file: string): Promise<unknown> {
  try {
    const module = (await import(pathToFileURL(path).href)) as { default?: unknown }
    return module.default
  } catch (thrown) {
    if (!(thrown instanceof Error)) throw wrong(file, 'cannot be loaded: it throws', thrown)
    const place = thrown instanceof SyntaxError ? `; "node --check ${file}" shows the place` : ''
    throw wrong(file, `cannot be loaded: ${thrown.name}: ${thrown.message}${place}`, thrown)
  }
}
