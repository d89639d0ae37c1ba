/** The test vectors as whoever verifies is given them: without the private halves of the keys. */
import { readFileSync } from 'node:fs'

import type { VerifyOptions } from 'session-hub/verify'

import type { TestKey, Vector } from '../vectors/signing.js'

const read = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`../../../test/vectors/${name}`, import.meta.url), 'utf8'))

export const vectors = (read('session-tokens.json') as { vectors: Vector[] }).vectors
const keys = (read('keys.json') as { keys: TestKey[] }).keys

const publicMembers = ['kty', 'crv', 'x', 'y', 'n', 'e', 'kid', 'alg']

/** All but the clock, so that it can go into a browser. */
export function verifyOptionsOf({
  keys: kids,
  issuer,
  audience,
  fields,
  sessionField,
}: Vector): VerifyOptions {
  const named = keys.filter(({ kid }) => kids.includes(kid))
  const isSecret = named.some(({ alg }) => alg === 'HS256')
  const list = named.map((key) =>
    Object.fromEntries(Object.entries(key).filter(([name]) => isSecret || publicMembers.includes(name))),
  )
  return {
    ...(isSecret ? { key: list } : { jwks: { keys: list } }),
    issuer,
    ...(audience !== undefined && { audience }),
    ...(fields !== undefined && { fields: fields as NonNullable<VerifyOptions['fields']> }),
    ...(sessionField !== undefined && { sessionField }),
  }
}

/** What a vector says should come out. */
export const outcomeOf = ({ expected, error }: Vector): object => expected ?? { error }
