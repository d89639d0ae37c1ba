/** What every route receives. */
import type { IncomingMessage, ServerResponse } from 'node:http'

/** Node's own request, with the network address that Express or the listener has added. */
export type HubRequest = IncomingMessage & { url: string; readonly ip?: string | undefined }

export type Route = (req: HubRequest, res: ServerResponse) => Promise<void>
