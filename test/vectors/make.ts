/** Makes `session-tokens.json` anew: `npm run build:tests && node build/test/vectors/make.js && npm run format`. Not run by the tests. */
import { readFileSync, writeFileSync } from 'node:fs'

import { invalidTokens } from './invalid.js'
import { readTestKeys } from './signing.js'
import { validTokens } from './valid.js'

const file = (name: string) => new URL(`../../../test/vectors/${name}`, import.meta.url)

const keys = readTestKeys(readFileSync(file('keys.json'), 'utf8'))
const about =
  'TEST VECTORS for session tokens, signed with the test keys beside them. See README.md. Made by make.ts.'
const vectors = [...validTokens(keys), ...invalidTokens(keys)]
writeFileSync(file('session-tokens.json'), JSON.stringify({ about, vectors }, null, 2))
