import type { DecodeProgram } from './decode-program.ts'
import { Decoding } from './decoding.ts'
import type { EncodeProgram } from './encode-program.ts'
import type { SourceCache } from './source-cache.ts'

export interface OpenDecodingOptions {
  sequences: number
  /** Tokens of each. */
  capacity: number
  /** Sources of each sequence, or of all. */
  sources?: Parameters<EncodeProgram['run']>[0]
  signal?: AbortSignal
}

/** Encodes the sources, and allocates caches, with the active adapters. */
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
