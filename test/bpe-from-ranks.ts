import { UserError } from '../src/errors.ts'
import { ByteLevelBpe } from '../src/text/bpe/byte-level-bpe.ts'
import { byteLevelJson } from '../src/text/bpe/byte-level-json.ts'
import { tokenOfBytes } from '../src/text/bpe/bytes.ts'
import { Merges } from '../src/text/bpe/merges.ts'
import type { Scanner } from '../src/text/bpe/scan.ts'
import { type SplitName, scannerOf, splitSources } from '../src/text/bpe/split.ts'
import { Words } from '../src/text/bpe/words.ts'

interface RanksOptions {
  split: SplitName
  /** Special tokens by content. */
  specials: Record<string, number>
}

/**
 * The tokenizer of a table of ranks, as OpenAI publishes them (`cl100k_base.tiktoken`): the bytes
 * of each token by id; ids that are not used are skipped. There, any two neighbors merge that
 * together are a token, the lowest id first. Inside a token's own bytes that leads to one last
 * pair, and two neighbors anywhere came about just as there; so that pair is the token's merge, and
 * there are as many merges as tokens. Throws a UserError if one of the 256 bytes is missing.
 */
export function bpeFromRanks(
  ranks: readonly (Uint8Array | undefined)[],
  { split, specials }: RanksOptions,
): ByteLevelBpe {
  const merges = new Merges(ranks.length)
  const idOfByte = new Int32Array(256).fill(-1)
  ranks.forEach((bytes, id) => {
    if (bytes?.length === 1) idOfByte[bytes[0] as number] = id
  })
  const missing = idOfByte.indexOf(-1)
  if (missing >= 0) throw new UserError(`ranks: the byte ${missing} is not a token`)

  const pairs: [string, string][] = []
  let ignoreMerges = false
  ranks.forEach((bytes, id) => {
    if (!bytes || bytes.length === 1) return
    const ids = merges.room(bytes.length)
    for (let i = 0; i < bytes.length; i++) ids[i] = idOfByte[bytes[i] as number] as number
    if (merges.apply(bytes.length) !== 2) {
      // Only as a whole word is this token ever used.
      ignoreMerges = true
      return
    }
    const [left, right] = ids as unknown as [number, number]
    const spelled = (id: number) => tokenOfBytes(ranks[id] as Uint8Array)
    pairs.push([spelled(left), spelled(right)])
    merges.add(left, right, id)
  })
  const vocab = Object.fromEntries(
    ranks.flatMap((bytes, id) => (bytes ? [[tokenOfBytes(bytes), id]] : [])),
  )
  const json = byteLevelJson({ split, specials, vocab, merges: pairs, ignoreMerges })
  return new ByteLevelBpe(json, new Words(scannerOf.get(splitSources[split]) as Scanner))
}
