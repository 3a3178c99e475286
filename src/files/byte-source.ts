import { STORED_DTYPES } from '../graph/dtype.ts'
import type { StoredElements, StoredFloat } from '../graph/onnx/model.ts'

/** Random access to bytes: a file (`node-file.ts`), a Blob of the page, memory. */
export interface ByteSource {
  readonly size: number
  /** Set for files; `version` differs for a file that replaces this one. */
  readonly location?: { readonly folder: string; readonly file: string; readonly version?: string }
  /** Exactly `length` bytes from `offset`, in memory that the caller may keep and change. */
  read(offset: number, length: number): Promise<Uint8Array>
  close?(): Promise<void>
}

export const bytesSource = (bytes: Uint8Array): ByteSource => ({
  size: bytes.length,
  read: async (offset, length) => bytes.slice(offset, offset + length),
})

/** A file picked or fetched in the page, read on demand. */
export const blobSource = (blob: Blob): ByteSource => ({
  size: blob.size,
  read: async (offset, length) =>
    new Uint8Array(await blob.slice(offset, offset + length).arrayBuffer()),
})

/** Floats of a file from `offset` on; undefined unless they can be mapped as they are. */
export function storedAt(
  { location }: ByteSource,
  dtype: StoredFloat,
  offset: number,
): StoredElements | undefined {
  if (!location || !IS_LITTLE_ENDIAN || offset % STORED_DTYPES[dtype].bytes !== 0) return undefined
  return { ...location, offset, dtype }
}

/** The floats from `elements` on. */
export const partOf = (stored: StoredElements, elements: number): StoredElements => ({
  ...stored,
  offset: stored.offset + elements * STORED_DTYPES[stored.dtype].bytes,
})

const IS_LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1
