/** `req.session.cookie`, for applications that read it. It describes the site's cookie; writing to it changes no cookie. */

export class SessionCookie {
  readonly path = '/'
  readonly httpOnly = true
  readonly secure = true
  readonly sameSite = 'lax'
  originalMaxAge: number | null = null
  #expires: Date | null = null

  get expires(): Date | null {
    return this.#expires
  }

  set expires(date: Date | null | false) {
    this.#expires = date instanceof Date ? date : null
    this.originalMaxAge = this.maxAge
  }

  /** In milliseconds from now. */
  get maxAge(): number | null {
    return this.#expires && this.#expires.valueOf() - Date.now()
  }

  set maxAge(ms: number | null | undefined) {
    this.expires = typeof ms === 'number' ? new Date(Date.now() + ms) : null
  }

  get data() {
    const { originalMaxAge, expires, secure, httpOnly, path, sameSite } = this
    return { originalMaxAge, expires, secure, httpOnly, path, sameSite }
  }

  toJSON() {
    return this.data
  }
}
