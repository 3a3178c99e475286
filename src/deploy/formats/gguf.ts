import { basename } from 'node:path'
import type { OpenModel } from '../../checkpoint/open-model.ts'
import { writeFileAside } from '../../models/files/write-aside.ts'
import type { GgufDtype } from '../../models/gguf/dtypes.ts'
import { encodeGguf } from '../../models/gguf/encode.ts'
import { ggufOf } from '../../models/gguf/export.ts'
import { text, uint32 } from '../../models/gguf/make-value.ts'
import type { GgufValue } from '../../models/gguf/values.ts'
import { createModel, stacksOf } from '../../models/model.ts'
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
    ...turnEnd(source),
  ])
  await writeFileAside(out, encodeGguf({ metadata: all, tensors }))
}

/** Of several ends of generation, the one that is not that of documents. */
function turnEnd({ generation, tokenizer }: OpenModel): [string, GgufValue][] {
  const ends = [generation.eos_token_id].flat()
  const turn = ends.find((id) => typeof id === 'number' && id !== tokenizer.eosId)
  return turn === undefined ? [] : [['tokenizer.ggml.eot_token_id', uint32(turn as number)]]
}
