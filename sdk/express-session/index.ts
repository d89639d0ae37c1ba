/** `session-hub/express-session`: for applications that are written for express-session. */
export { expressSession } from './middleware.js'
export type { ExpressSessionOptions, SignedIn } from './options.js'
