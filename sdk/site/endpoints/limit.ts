/** Counts one request of this visitor's. @throws SessionHubError `rate_limited` */
export type Limit = () => Promise<void>
