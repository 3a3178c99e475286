import type { DecodeProgram } from './decode-program.ts'
import { Decoding } from './decoding.ts'
import type { EncodeProgram } from './encode-program.ts'
import type { SourceCache } from './source-cache.ts'

export interface OpenDecodingOptions {
  sequences: number
  /** Tokens of each. */
  capacity: number
  /** What an encoder reads for each sequence, or once for all. */
  sources?: Parameters<EncodeProgram['run']>[0]
  signal?: AbortSignal
}

/**
 * Reads the sources, and makes room for what is decoded from them, with the adapters at work now.
 */
export async function openDecoding(
  { program, encoder }: { program: DecodeProgram; encoder?: EncodeProgram },
  { sequences, capacity, sources = [], signal }: OpenDecodingOptions,
): Promise<Decoding> {
  const adapters = program.adapters?.acquire()
  let source: SourceCache | undefined
  try {
    source = await encoder?.run(sources, { signal, adapters: adapters?.tensors })
    if (source && source.batch < sequences) {
      const alone = source
      source = alone.repeated(program.engine, sequences)
      alone.dispose()
    }
    return Decoding.create(program, { sequences, capacity, source, adapters })
  } catch (error) {
    source?.dispose()
    adapters?.release()
    throw error
  }
}
