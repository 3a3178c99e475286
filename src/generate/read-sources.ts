import type { AdapterLease } from './adapter-slots.ts'
import type { DecodeProgram } from './decode-program.ts'
import type { EncodeProgram } from './encode-program.ts'
import type { SourceCache } from './source-cache.ts'

/** What an encoder makes of each sequence's sources, and the adapters that it read them with. */
export async function readSources(
  { program, encoder }: { program: DecodeProgram; encoder?: EncodeProgram },
  sources: Parameters<EncodeProgram['run']>[0],
  { signal }: { signal?: AbortSignal },
): Promise<{ source?: SourceCache; adapters?: AdapterLease }> {
  if (!encoder) return {}
  const adapters = program.adapters?.acquire()
  try {
    const source = await encoder.run(sources, { signal, adapters: adapters?.tensors })
    return { source, adapters }
  } catch (error) {
    adapters?.release()
    throw error
  }
}
