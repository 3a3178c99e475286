import type { DecoderConfig } from '../../../models/decoder-config.ts'
import { type Rename, rename } from '../../tensor-map.ts'
import { uint32 } from '../make-value.ts'
import type { GgufFieldReader, GgufFields } from './fields.ts'

const [FILE, OURS] = ['blk.{i}', 'model.layers.{i}.mlp']

/** A router, and the matrices of all experts in one tensor each. */
export const expertRenames: readonly Rename[] = [
  rename(`${FILE}.ffn_gate_inp.weight`, `${OURS}.gate.weight`),
  ...['gate', 'up', 'down'].map((name) => ({
    ...rename(`${FILE}.ffn_${name}_exps.weight`, `${OURS}.experts.{e}.${name}_proj.weight`),
    stacked: true,
  })),
]

/** llama.cpp makes the weights of a token's experts add up to 1, in these architectures. */
export function readExperts(
  fields: GgufFieldReader,
  hiddenDim: number,
): Pick<DecoderConfig, 'experts'> {
  const count = fields.number('expert_count', 0)
  if (count === 0) {
    fields.ignore('expert_used_count')
    return {}
  }
  const perToken = fields.uniform('expert_used_count')
  return { experts: { count, perToken, hiddenDim, normalized: true, balance: 0.001 } }
}

export const writeExperts = ({ experts }: DecoderConfig): GgufFields =>
  experts
    ? { expert_count: uint32(experts.count), expert_used_count: uint32(experts.perToken) }
    : {}
