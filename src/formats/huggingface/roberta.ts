import { both, rename } from '../tensor-map.ts'
import type { Architecture } from './architecture.ts'
import { BERT_HEADS, bertBody, readBert, writeBert } from './bert.ts'
import { writeHead } from './heads.ts'

/** RoBERTa (Liu et al. 2019): BERT whose positions begin behind that of padding. */
export const roberta: Architecture = {
  modelType: 'roberta',
  prefix: 'roberta.',
  read: (field) => {
    const pad = field.index('pad_token_id', 1)
    return readBert(field, { offset: pad + 1, types: 2 }, () => BERT_HEADS)
  },
  write: (c) =>
    c.kind === 'encoder' && c.positionOffset > 0
      ? {
          ...writeHead('Roberta', c.head, ''),
          model_type: 'roberta',
          ...writeBert(c),
          pad_token_id: c.positionOffset - 1,
        }
      : undefined,
  renames: (head) => [
    ...bertBody('roberta'),
    ...both(head === 'mlm' ? 'lm_head.dense' : 'classifier.dense', 'head.dense'),
    ...both('lm_head.layer_norm', 'head.norm'),
    rename('lm_head.bias', 'head.bias'),
    ...both(head === 'tag' ? 'classifier' : 'classifier.out_proj', 'head.output'),
  ],
}
