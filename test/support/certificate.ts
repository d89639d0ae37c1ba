/**
 * A certificate of the hub's, for worlds on https: WebKit keeps no Secure cookie from plain http. It signs itself, so a process
 * has to be started with it as `NODE_EXTRA_CA_CERTS` if its sites shall trust the hub.
 */
import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { findProgram } from './programs.js'

export interface Certificate {
  readonly key: string
  readonly cert: string
}

/** Where a process finds the folder with the certificate that it trusts. */
const FOLDER = 'SESSION_HUB_CERTIFICATE'

const files = (folder: string) => ({ key: join(folder, 'key.pem'), cert: join(folder, 'cert.pem') })

/** Writes a new one. @returns the environment of a process that trusts it */
export function makeCertificate(folder: string): Record<string, string> {
  const { key, cert } = files(folder)
  // Node checks the hub's name; the browser under test takes any certificate.
  const names = ['-subj', '/CN=Session Hub tests', '-addext', 'subjectAltName=DNS:hub.localhost']
  const kind = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2']
  const made = ['-keyout', key, '-out', cert]
  execFileSync(findProgram('SESSION_HUB_OPENSSL'), ['req', '-x509', ...kind, ...names, ...made], {
    stdio: 'pipe',
  })
  return { NODE_EXTRA_CA_CERTS: cert, [FOLDER]: folder }
}

/** The one that this process trusts. */
export function trustedCertificate(): Certificate {
  const folder = process.env[FOLDER]
  if (!folder) throw new Error('This process trusts no certificate: start the tests by "npm run test:webkit"')
  const { key, cert } = files(folder)
  return { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') }
}
