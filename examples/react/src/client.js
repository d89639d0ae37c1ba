import { createClient } from 'session-hub'

/** The document has one client. It is created here, outside all components. */
export const client = createClient({ hub: import.meta.env.VITE_HUB ?? 'http://hub.localhost:4000' })
