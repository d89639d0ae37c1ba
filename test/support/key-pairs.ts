/** Key pairs for session tokens, in the forms that an owner may have them in. */
import { generateKeyPairSync, type KeyObject } from 'node:crypto'

export const pairAlgorithms = ['ES256', 'EdDSA', 'RS256'] as const
export type PairAlgorithm = (typeof pairAlgorithms)[number]

export interface KeyPair {
  readonly kid: string
  readonly jwk: Record<string, unknown>
  readonly publicJwk: Record<string, unknown>
  readonly pem: string
  readonly publicPem: string
}

export function keyPair(alg: PairAlgorithm, kid = `key-${alg}`, rsaBits = 2048): KeyPair {
  const { privateKey, publicKey } = generate(alg, rsaBits)
  const publicJwk = { ...publicKey.export({ format: 'jwk' }), kid }
  return {
    kid,
    jwk: { ...privateKey.export({ format: 'jwk' }), kid },
    publicJwk,
    pem: privateKey.export({ format: 'pem', type: 'pkcs8' }) as string,
    publicPem: publicKey.export({ format: 'pem', type: 'spki' }) as string,
  }
}

function generate(
  alg: PairAlgorithm,
  modulusLength: number,
): { privateKey: KeyObject; publicKey: KeyObject } {
  if (alg === 'ES256') return generateKeyPairSync('ec', { namedCurve: 'P-256' })
  return alg === 'EdDSA' ? generateKeyPairSync('ed25519') : generateKeyPairSync('rsa', { modulusLength })
}
