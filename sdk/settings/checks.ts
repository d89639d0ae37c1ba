/** Checks of single options. Each returns the value or throws `options_invalid` with the option's name. */
import { originFault } from '../protocol/origins.js'
import { isEndpoint, isName } from '../protocol/formats.js'
import { defaultEndpoint } from '../protocol/wire.js'
import { wrong } from './refuse-unknown.js'

export function origin(where: string, name: string, value: unknown): string {
  const fault = originFault(value)
  if (fault) throw wrong(where, `"${name}": ${fault}`)
  return value as string
}

/** The path below which a site's endpoints are. */
export function endpointPath(where: string, value: unknown): string {
  if (!isEndpoint(value)) throw wrong(where, `"endpoint" has to be a path such as "${defaultEndpoint}"`)
  return value
}

/** The name of a group or an app. */
export function name(where: string, option: string, value: unknown): string {
  if (!isName(value))
    throw wrong(where, `"${option}" has to be a name of a to z, 0 to 9 and "-", at most 32 characters`)
  return value
}

export function whole(
  where: string,
  name: string,
  value: unknown,
  { min, max }: { min: number; max: number },
): number {
  if (typeof value !== 'number' || !Number.isInteger(value) || value < min || value > max) {
    throw wrong(where, `"${name}" has to be a whole number from ${min} to ${max}, not ${shown(value)}`)
  }
  return value
}

export function flag(where: string, name: string, value: unknown): boolean {
  if (typeof value !== 'boolean') throw wrong(where, `"${name}" has to be true or false, not ${shown(value)}`)
  return value
}

export function callable<Value>(where: string, name: string, value: Value): Value {
  if (value !== undefined && typeof value !== 'function') throw wrong(where, `"${name}" has to be a function`)
  return value
}

export function oneOf<Value extends string>(
  where: string,
  name: string,
  value: unknown,
  values: readonly Value[],
): Value {
  const found = values.find((candidate) => candidate === value)
  if (found === undefined)
    throw wrong(where, `"${name}" has to be one of ${values.map((v) => `"${v}"`).join(', ')}`)
  return found
}

const shown = (value: unknown) =>
  typeof value === 'object' && value !== null
    ? 'an object'
    : typeof value === 'string'
      ? `"${value}"`
      : String(value)
