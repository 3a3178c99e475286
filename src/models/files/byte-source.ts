/** Random access to bytes: a file (`node-file.ts`), a Blob of the page, memory. */
export interface ByteSource {
  readonly size: number
  /** Exactly `length` bytes from `offset`, in memory that is the caller's to keep and change. */
  read(offset: number, length: number): Promise<Uint8Array>
  close?(): Promise<void>
}

export const bytesSource = (bytes: Uint8Array): ByteSource => ({
  size: bytes.length,
  read: async (offset, length) => bytes.slice(offset, offset + length),
})

/** A file picked or fetched in the page; its bytes are read when they are asked for. */
export const blobSource = (blob: Blob): ByteSource => ({
  size: blob.size,
  read: async (offset, length) =>
    new Uint8Array(await blob.slice(offset, offset + length).arrayBuffer()),
})
