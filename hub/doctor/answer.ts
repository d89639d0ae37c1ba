/** Reads answers of this protocol from `unknown`, and describes any other answer in a few words. */
import { isErrorCode, type ErrorCode } from '../../sdk/protocol/errors.js'
import { isJsonObject, type JsonObject, parseJson } from '../../sdk/protocol/json.js'
import type { Sight } from './sight.js'

/** More than any answer of a hub has. */
const BOUNDS = { depth: 8, keys: 64 }

export function jsonOf({ text }: Sight): JsonObject | undefined {
  try {
    const value = parseJson(text, BOUNDS)
    return isJsonObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

/** The code of the error that a hub or site has answered with. An answer of a proxy or of an application has none. */
export function errorOf(sight: Sight): ErrorCode | undefined {
  const code = jsonOf(sight)?.['error'] ?? /^<!doctype html><title>(\w+)<\/title>/.exec(sight.text)?.[1]
  return isErrorCode(code) ? code : undefined
}

export function inWords(sight: Sight): string {
  const { url, status, header } = sight
  const code = errorOf(sight)
  const type = header('content-type')?.split(';')[0] ?? 'nothing'
  return `${new URL(url).pathname} answers with ${status} and ${code === undefined ? type : `the code "${code}"`}`
}
