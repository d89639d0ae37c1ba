/** The verifier stays in this page's memory; the hub and the frame only ever see its hash (R10). */

export interface Binding {
  readonly verifier: string
  readonly nonce: string
}

export async function createBinding(): Promise<Binding> {
  const verifier = base64url(window.crypto.getRandomValues(new Uint8Array(32)))
  const hash = await window.crypto.subtle.digest('SHA-256', new window.TextEncoder().encode(verifier))
  return { verifier, nonce: base64url(new Uint8Array(hash)) }
}

const base64url = (bytes: Uint8Array) =>
  window
    .btoa(String.fromCharCode(...bytes))
    .replace(/\+/g, '-')
    .replace(/\//g, '_')
    .replace(/=/g, '')
