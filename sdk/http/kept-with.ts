/**
 * Keeps a value with an object that is not ours, such as a request, for as long as that object lives, and hidden from everybody else. A
 * `WeakMap` would do, but if the value refers back to its key, V8 frees neither before a full garbage collection. Then each request would be
 * copied twice and grow old, which costs more than everything else that is done with it.
 */
export interface KeptWith<Value> {
  get(owner: object): Value | undefined
  set(owner: object, value: Value): void
}

/** Its subclasses put their private field on the object that they are given. */
// eslint-disable-next-line @typescript-eslint/no-extraneous-class -- it exists for its constructor
class Given {
  constructor(owner: object) {
    return owner
  }
}

export function createKeptWith<Value>(): KeptWith<Value> {
  // An object that cannot be extended accepts no private field in engines that follow
  // https://github.com/tc39/proposal-nonextensible-applies-to-private.
  const withSealed = new WeakMap<object, Value>()
  class Note extends Given {
    #value: Value

    private constructor(owner: object, value: Value) {
      super(owner)
      this.#value = value
    }

    static get(owner: object): Value | undefined {
      if (#value in owner) return owner.#value
      return Object.isExtensible(owner) ? undefined : withSealed.get(owner)
    }

    static set(owner: object, value: Value): void {
      if (#value in owner) owner.#value = value
      else if (Object.isExtensible(owner)) new Note(owner, value)
      else withSealed.set(owner, value)
    }
  }
  return Note
}
