/** What a request says before its body, on any server. */

/** By lower-case name, as in Node. */
export interface HeaderFields {
  readonly [name: string]: string | readonly string[] | undefined
  readonly accept?: string | undefined
  readonly 'accept-encoding'?: string | undefined
  readonly authorization?: string | undefined
  readonly 'content-length'?: string | undefined
  readonly 'content-type'?: string | undefined
  readonly cookie?: string | undefined
  readonly host?: string | undefined
  readonly 'if-none-match'?: string | undefined
  readonly origin?: string | undefined
  readonly referer?: string | undefined
  readonly 'user-agent'?: string | undefined
}

export interface RequestHead {
  readonly method?: string | undefined
  readonly headers: HeaderFields
}
