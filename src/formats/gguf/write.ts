import { basename } from 'node:path'
import { UserError } from '../../errors.ts'
import { writeFileAside } from '../../files/write-aside.ts'
import { createModel, stacksOf } from '../../models/model.ts'
import type { OpenModel } from '../open-model.ts'
import type { GgufDtype } from './dtypes.ts'
import { encodeGguf } from './encode.ts'
import { ggufOf } from './export.ts'
import { text, uint32 } from './make-value.ts'
import type { GgufValue } from './values.ts'
import { END_KEYS } from './vocabulary/roles.ts'
import { writeGgufTokenizer } from './vocabulary/write.ts'

/**
 * Writes a GGUF file, tensor by tensor. Throws UserError that names what GGUF cannot say of the
 * model or its tokenizer.
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
      'GGUF: generation ends at ' +
        `${ends.length} tokens besides EOS (${ends.join(', ')}); llama.cpp has keys for ${END_KEYS.length}; leave some out of eos_token_id`,
    )
  return ends.map((id, i) => [END_KEYS[i] as string, uint32(id as number)])
}
