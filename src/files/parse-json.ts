import { UserError } from '../errors.ts'

/** Text of a file; a byte order mark, as Windows' editors write it, tells the encoding. */
export function textOf(bytes: Uint8Array): string {
  const [first, second] = bytes
  const marked = { 65534: 'utf-16le', 65279: 'utf-16be' }[((first ?? 0) << 8) | (second ?? 0)]
  return new TextDecoder(marked).decode(bytes)
}

/** JSON in one of a model's files. Throws UserError that begins with `name`. */
export function parseJson(file: string | Uint8Array, name: string): unknown {
  try {
    return JSON.parse(typeof file === 'string' ? file.replace(/^\ufeff/, '') : textOf(file))
  } catch (error) {
    throw new UserError(`${name} is not JSON: ${(error as Error).message}`)
  }
}
