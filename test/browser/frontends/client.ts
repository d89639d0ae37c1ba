/** The client of the frameworks' pages, made at the top level of a module, as applications do: on a server too. */
import { createClient } from 'session-hub'

const isPage = typeof document !== 'undefined'

export const hub = (isPage && document.documentElement.dataset['hub']) || 'https://hub.example'

export const client = createClient({ hub })

export async function fetchCart(): Promise<readonly string[]> {
  const reply = await fetch('/whoami')
  const { data } = (await reply.json()) as { data: { cart?: string[] } }
  return data.cart ?? []
}

/** What a page shows of both. */
export const line = (cart: readonly string[], outcome: string | null): string =>
  `${outcome ?? 'nothing yet'}: ${cart.join() || 'no cart'}`
