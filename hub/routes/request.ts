/** What every route gets. */
import type { IncomingMessage, ServerResponse } from 'node:http'

/** Node's own request, with the address where Express or the listener has put it. */
export type HubRequest = IncomingMessage & { url: string; readonly ip?: string | undefined }

export type Route = (req: HubRequest, res: ServerResponse) => Promise<void>
