import { basename } from 'node:path'
import type { OpenModel } from '../../checkpoint/open-model.ts'
import { UserError } from '../../errors.ts'
import { writeFileAside } from '../../files/write-aside.ts'
import type { GgufDtype } from '../../models/gguf/dtypes.ts'
import { encodeGguf } from '../../models/gguf/encode.ts'
import { ggufOf } from '../../models/gguf/export.ts'
import { text, uint32 } from '../../models/gguf/make-value.ts'
import type { GgufValue } from '../../models/gguf/values.ts'
import { createModel, stacksOf } from '../../models/model.ts'
import { END_KEYS } from '../../text/gguf/roles.ts'
import { writeGgufTokenizer } from '../../text/gguf/write.ts'

/**
 * Writes a GGUF file, tensor by tensor. Throws UserError that names what GGUF cannot say of the model or
 * its tokenizer.
 */
export async function writeGguf(
  source: OpenModel,
  out: string,
  { dtype }: { dtype: GgufDtype },
): Promise<void> {
  const { config, tokenizer, chatTemplate, addBos } = source
  const { metadata, tensors } = ggufOf(createModel(config), source.read, dtype)
  const rows = stacksOf(config)[0]?.vocabSize ?? 0
  const name: [string, GgufValue] = ['general.name', text(basename(out).replace(/\.gguf$/i, ''))]
  const all = new Map([
    ...metadata,
    name,
    ...writeGgufTokenizer(tokenizer, { rows, addBos, chatTemplate }),
    ...otherEnds(source),
  ])
  await writeFileAside(out, encodeGguf({ metadata: all, tensors }))
}

/**
 * The ends of generation that are not that of documents: of turns, and of messages. Throws
 * UserError where there are more.
 */
function otherEnds({ generation, tokenizer }: OpenModel): [string, GgufValue][] {
  const ends = [generation.eos_token_id ?? []].flat().filter((id) => id !== tokenizer.eosId)
  if (ends.length > END_KEYS.length)
    throw new UserError(
      `GGUF: generation ends at ${ends.length} tokens besides EOS (${ends.join(', ')}); llama.cpp has keys for ${END_KEYS.length}; leave some out of eos_token_id`,
    )
  return ends.map((id, i) => [END_KEYS[i] as string, uint32(id as number)])
}
