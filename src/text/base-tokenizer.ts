import { type InputTemplate, readInputTemplate } from './input-template.ts'
import { rolesOf } from './token-roles.ts'
import type { TokenizerConfig, TokenizerJson } from './tokenizer-json.ts'

/**
 * What all tokenizers read alike from their files: the special tokens, and where models expect
 * them.
 */
export abstract class BaseTokenizer {
  readonly specialTokens: Readonly<Record<string, number>>
  readonly bosId: number | undefined
  readonly eosId: number | undefined
  readonly padId: number | undefined
  readonly unkId: number | undefined
  readonly maskId: number | undefined
  readonly clsId: number | undefined
  readonly sepId: number | undefined
  readonly inputTemplate: InputTemplate
  readonly config: TokenizerConfig

  /** Throws a UserError if the files do not fit together. */
  constructor(json: TokenizerJson, config: TokenizerConfig) {
    const special = json.added_tokens.filter((token) => token.special)
    this.specialTokens = Object.fromEntries(special.map(({ content, id }) => [content, id]))
    this.config = config
    const roles = rolesOf(json, config)
    this.bosId = roles.bosId
    this.eosId = roles.eosId
    this.padId = roles.padId
    this.unkId = roles.unkId
    this.maskId = roles.maskId
    this.clsId = roles.clsId
    this.sepId = roles.sepId
    this.inputTemplate = readInputTemplate(json, roles, config)
  }
}
