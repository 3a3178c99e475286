import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { UserError } from '../../errors.ts'
import { fileError } from '../../files/file-error.ts'
import type { EncodedPiece } from '../encode-documents.ts'
import { checkRange, type DocumentTokens } from '../token-source.ts'
import type { PartCounts } from './manifest.ts'

/** How ids are stored. */
export type TokenType = 'uint16' | 'uint32'
const ARRAYS = { uint16: Uint16Array, uint32: Uint32Array }

export const tokenType = (vocabSize: number): TokenType =>
  vocabSize <= 2 ** 16 ? 'uint16' : 'uint32'

/** The names of a part's files. */
export const partFiles = (part: 'train' | 'validation') => ({
  tokens: `${part}.tokens.bin`,
  /** Offsets of the documents' first tokens, as float64: whole numbers up to 2^53. */
  documents: `${part}.documents.bin`,
})

/** A part of a dataset on the disk: tokens read by position. */
export interface TokenFile extends DocumentTokens {
  readonly counts: PartCounts
  close(): void
}

export interface TokenFileOptions {
  part: 'train' | 'validation'
  counts: PartCounts
  dtype: TokenType
  vocabSize: number
}

/**
 * Opens a part of the dataset in `folder`. Reading is synchronous: from the page cache it takes
 * microseconds, less than a turn of the event loop. Throws UserError when a file is missing, has
 * not the size of its manifest, or holds an invalid id.
 */
export async function openTokenFile(
  folder: string,
  { part, counts, dtype, vocabSize }: TokenFileOptions,
): Promise<TokenFile> {
  const path = join(folder, partFiles(part).tokens)
  const starts = await readStarts(join(folder, partFiles(part).documents), counts.documents)
  const width = ARRAYS[dtype].BYTES_PER_ELEMENT
  const file = openFile(path)
  const { size } = fstatSync(file)
  if (size !== counts.tokens * width) {
    closeSync(file)
    throw wrongSize(path, size, counts.tokens * width)
  }
  let buffer = new ARRAYS[dtype](0)
  return {
    counts,
    length: counts.tokens,
    documentStarts: () => starts,
    close: () => closeSync(file),
    read: (offset, into) => {
      checkRange(counts.tokens, offset, into.length)
      if (buffer.length < into.length) buffer = new ARRAYS[dtype](into.length)
      readFully(file, path, bytesOf(buffer.subarray(0, into.length)), offset * width)
      for (let i = 0; i < into.length; i++) {
        const id = buffer[i] as number
        if (id >= vocabSize) throw damaged(path, `token ${offset + i} is ${id}`)
        into[i] = id
      }
    },
  }
}

/** The bytes of both files of a part, to be written one after the other, and what they hold. */
export interface TokenFileContent {
  readonly tokens: AsyncIterable<Uint8Array>
  readonly documents: AsyncIterable<Uint8Array>
  /** Complete once `tokens` was read to its end. */
  readonly counts: PartCounts
}

const BLOCK = 2 ** 18

/** Encoded documents as file contents; one block of tokens is in memory at a time. */
export function tokenFileContent(
  pieces: AsyncIterable<EncodedPiece>,
  dtype: TokenType,
  progress: (characters: number) => void = () => {},
): TokenFileContent {
  const counts = { tokens: 0, documents: 0, characters: 0, bytes: 0 }
  const starts: number[] = []

  async function* tokens(): AsyncGenerator<Uint8Array> {
    let block = new ARRAYS[dtype](BLOCK)
    let used = 0
    for await (const { ids, starts: begins, characters, bytes } of pieces) {
      if (begins) starts.push(counts.tokens)
      for (const id of ids) {
        block[used++] = id
        if (used < BLOCK) continue
        yield bytesOf(block)
        block = new ARRAYS[dtype](BLOCK)
        used = 0
      }
      counts.tokens += ids.length
      counts.documents = starts.length
      counts.characters += characters
      counts.bytes += bytes
      progress(characters)
    }
    yield bytesOf(block.subarray(0, used))
  }

  async function* documents(): AsyncGenerator<Uint8Array> {
    yield bytesOf(Float64Array.from(starts))
  }

  return { tokens: tokens(), documents: documents(), counts }
}

const bytesOf = (array: Uint16Array | Uint32Array | Float64Array): Uint8Array =>
  new Uint8Array(array.buffer, array.byteOffset, array.byteLength)

const readStarts = async (path: string, documents: number): Promise<Float64Array> => {
  const bytes = await readFile(path).catch((error) => {
    throw fileError(error, `cannot read ${path}`)
  })
  if (bytes.length !== 8 * documents) throw wrongSize(path, bytes.length, 8 * documents)
  return new Float64Array(Uint8Array.from(bytes).buffer)
}

const openFile = (path: string): number => {
  try {
    return openSync(path, 'r')
  } catch (error) {
    throw fileError(error, `cannot open ${path}`)
  }
}

const readFully = (file: number, path: string, into: Uint8Array, position: number): void => {
  try {
    for (let done = 0; done < into.length; ) {
      const count = readSync(file, into, done, into.length - done, position + done)
      if (count === 0) throw damaged(path, `it ends at byte ${position + done}`)
      done += count
    }
  } catch (error) {
    throw fileError(error, `cannot read ${path}`)
  }
}

const damaged = (path: string, what: string): UserError =>
  new UserError(`${path} is damaged: ${what}; delete its folder, and it is made anew`)

const wrongSize = (path: string, size: number, expected: number): UserError =>
  damaged(path, `it has ${size} bytes, not ${expected}`)
