/** Counts one request of this visitor. @throws SessionHubError `rate_limited` */
export type Limit = () => Promise<void>
