import { UserError } from '../errors.ts'
import type { TokenRoles } from './token-roles.ts'
import { isObject, type TokenizerConfig, type TokenizerJson } from './tokenizer-json.ts'

/** A part of an input: special tokens, or one of its texts. `type` is the token type of its ids. */
export type InputPart =
  | { readonly ids: readonly number[]; readonly type: number; readonly text?: undefined }
  | { readonly text: 0 | 1; readonly type: number; readonly ids?: undefined }

/** What a model expects around one text, and around a pair of texts. */
export interface InputTemplate {
  readonly single: readonly InputPart[]
  readonly pair: readonly InputPart[]
}

/**
 * What the `post_processor` of a tokenizer.json says. Without one: [CLS] A [SEP] B [SEP] where
 * there are such roles, else BOS and EOS as `add_bos_token` and `add_eos_token` of `config` say.
 * Throws UserError for a post-processor that is not known here, or that names a token which is not
 * there.
 */
export function readInputTemplate(
  json: TokenizerJson,
  roles: TokenRoles,
  config: TokenizerConfig,
): InputTemplate {
  const processors = processorsOf(json.post_processor).filter(({ type }) => type !== 'ByteLevel')
  const [processor, another] = processors
  if (another) {
    throw new UserError(
      'tokenizer.json: post_processor has several parts that add special tokens; only one is ' +
        'supported',
    )
  }
  if (!processor) return defaultTemplate(roles, config)
  switch (processor.type) {
    case 'TemplateProcessing': {
      const { single, pair } = processor
      return {
        single: Array.isArray(single) ? readParts(single, processor, json) : [A],
        pair: Array.isArray(pair) ? readParts(pair, processor, json) : [A, B],
      }
    }
    case 'BertProcessing':
      return bertTemplate(idOfPair(processor, 'cls'), idOfPair(processor, 'sep'))
    case 'RobertaProcessing':
      return robertaTemplate(idOfPair(processor, 'cls'), idOfPair(processor, 'sep'))
    default:
      throw new UserError(
        `tokenizer.json: post_processor is ${JSON.stringify(processor.type)}; expected ` +
          'TemplateProcessing, BertProcessing, RobertaProcessing, ByteLevel, or a Sequence of them',
      )
  }
}

type Fields = Record<string, unknown>

function processorsOf(processor: unknown): Fields[] {
  if (!isObject(processor)) return []
  const { type, processors } = processor
  return type === 'Sequence' && Array.isArray(processors)
    ? processors.flatMap(processorsOf)
    : [processor]
}

const A: InputPart = { text: 0, type: 0 }
const B: InputPart = { text: 1, type: 1 }

function bertTemplate(cls: number, sep: number): InputTemplate {
  const single: InputPart[] = [{ ids: [cls], type: 0 }, A, { ids: [sep], type: 0 }]
  return { single, pair: [...single, B, { ids: [sep], type: 1 }] }
}

/** RoBERTa has one token type only. */
function robertaTemplate(cls: number, sep: number): InputTemplate {
  const end: InputPart = { ids: [sep], type: 0 }
  const single: InputPart[] = [{ ids: [cls], type: 0 }, A, end]
  return { single, pair: [...single, end, { ...B, type: 0 }, end] }
}

function defaultTemplate(roles: TokenRoles, config: TokenizerConfig): InputTemplate {
  const { bosId, eosId, clsId, sepId } = roles
  if (clsId !== undefined && sepId !== undefined) return bertTemplate(clsId, sepId)
  const around = (text: InputPart): InputPart[] => {
    const { type } = text
    const before = config.add_bos_token === true && bosId !== undefined
    const after = config.add_eos_token === true && eosId !== undefined
    return [
      ...(before ? [{ ids: [bosId], type }] : []),
      text,
      ...(after ? [{ ids: [eosId], type }] : []),
    ]
  }
  return { single: around(A), pair: [...around(A), ...around(B)] }
}

function idOfPair(processor: Fields, name: 'cls' | 'sep'): number {
  const { [name]: pair } = processor
  const id: unknown = Array.isArray(pair) ? pair[1] : undefined
  if (typeof id === 'number') return id
  throw new UserError(`tokenizer.json: post_processor.${name} is not a token and its id`)
}

/** The parts of a template of TemplateProcessing. */
function readParts(
  list: readonly unknown[],
  { special_tokens }: Fields,
  json: TokenizerJson,
): InputPart[] {
  const specials = isObject(special_tokens) ? special_tokens : {}
  return list.map((item): InputPart => {
    const { Sequence: sequence, SpecialToken: special } = isObject(item) ? item : {}
    const { id, type_id } = (isObject(sequence) ? sequence : (special ?? {})) as Fields
    const type = typeof type_id === 'number' ? type_id : 0
    if (!Number.isInteger(type) || type < 0)
      throw new UserError(
        'tokenizer.json: post_processor has the type_id ' +
          `${type}; expected a whole number of 0 or more`,
      )
    if (isObject(sequence)) return { text: id === 'B' ? 1 : 0, type }
    const own = isObject(specials[String(id)]) ? (specials[String(id)] as Fields).ids : undefined
    const added = json.added_tokens.find(({ content }) => content === id)
    const ids = Array.isArray(own) ? own : added ? [added.id] : []
    if (ids.length > 0 && ids.every((id) => Number.isInteger(id) && id >= 0)) return { ids, type }
    throw new UserError(
      'tokenizer.json: post_processor names the special token ' +
        `${JSON.stringify(id)}, which is not there`,
    )
  })
}

/**
 * The TemplateProcessing of a tokenizer.json, in Hugging Face's notation: `[CLS] $A [SEP] $B:1
 * [SEP]:1` is a pair, where `:1` is a token type other than 0.
 */
export function templateProcessing(
  single: string,
  pair: string,
  idOf: Readonly<Record<string, number>>,
): object {
  const names = new Set<string>()
  const partsOf = (template: string) =>
    template.split(' ').map((part) => {
      const [, name, type = '0'] = /^(.*?)(?::(\d+))?$/s.exec(part) as RegExpExecArray
      const type_id = Number(type)
      if (name === '$A' || name === '$B') return { Sequence: { id: name?.[1], type_id } }
      names.add(name as string)
      return { SpecialToken: { id: name, type_id } }
    })
  const parts = { single: partsOf(single), pair: partsOf(pair) }
  const special = [...names].map((name) => [name, { id: name, ids: [idOf[name]], tokens: [name] }])
  return { type: 'TemplateProcessing', ...parts, special_tokens: Object.fromEntries(special) }
}
