/** The address where a server listens, as others write it. */
import type { AddressInfo } from 'node:net'

export function urlOf(address: string | Pick<AddressInfo, 'address' | 'port'> | null): string {
  const { address: host, port } = typeof address === 'object' && address ? address : { address: '', port: 0 }
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`
}
