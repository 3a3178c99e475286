import { UserError } from '../errors.ts'

/** A file's text, in UTF-8 or the encoding of its byte order mark, as Windows' editors write it. */
export function textOf(bytes: Uint8Array): string {
  const [first, second] = bytes
  const marked = { 65534: 'utf-16le', 65279: 'utf-16be' }[((first ?? 0) << 8) | (second ?? 0)]
  return new TextDecoder(marked).decode(bytes)
}

/** Parses one of a model's files. Throws UserError that begins with `name`. */
export function parseJson(file: string | Uint8Array, name: string): unknown {
  try {
    return JSON.parse(typeof file === 'string' ? file.replace(/^\ufeff/, '') : textOf(file))
  } catch (error) {
    throw new UserError(`${name} is not JSON: ${(error as Error).message}`)
  }
}
