import type { InputPart } from '../text/input-template.ts'
import type { Tokenizer } from '../text/tokenizer.ts'
import { isObject } from '../text/tokenizer-json.ts'

/**
 * A tokenizer.json that says by itself what stands around texts. Older folders leave that to
 * tokenizer_config.json (`add_bos_token`) or to the model's class, where others do not look for it.
 */
export function tokenizerFile(tokenizer: Tokenizer): object {
  const json: { post_processor?: unknown } = tokenizer.toJSON()
  const { inputTemplate: template } = tokenizer
  const adds = template?.single.some(({ ids }) => ids) || template?.pair.some(({ ids }) => ids)
  if (!template || !adds || addsTokens(json.post_processor)) return json
  const used = [...template.single, ...template.pair].flatMap(({ ids = [] }) => ids)
  const names = new Map(Object.entries(tokenizer.specialTokens).map(([name, id]) => [id, name]))
  const nameOf = (id: number): string => names.get(id) ?? ''
  const special = used.map((id) => {
    return [nameOf(id), { id: nameOf(id), ids: [id], tokens: [nameOf(id)] }] as const
  })
  const processing = {
    type: 'TemplateProcessing',
    single: template.single.flatMap((part) => written(part, nameOf)),
    pair: template.pair.flatMap((part) => written(part, nameOf)),
    special_tokens: Object.fromEntries(special),
  }
  const given = json.post_processor
  const processors = isObject(given) ? [given, processing] : undefined
  return { ...json, post_processor: processors ? { type: 'Sequence', processors } : processing }
}

const addsTokens = (processor: unknown): boolean => {
  if (!isObject(processor)) return false
  const { type, processors } = processor
  return type === 'Sequence' && Array.isArray(processors)
    ? processors.some(addsTokens)
    : type !== 'ByteLevel'
}

const written = (
  { ids, text, type: type_id }: InputPart,
  nameOf: (id: number) => string,
): object[] =>
  ids
    ? ids.map((id) => ({ SpecialToken: { id: nameOf(id), type_id } }))
    : [{ Sequence: { id: text === 0 ? 'A' : 'B', type_id } }]
