import { z } from 'zod'
import { UserError } from '../../errors.ts'
import { type Lora, type LoraConfig, scaleOf } from './lora/lora.ts'
import { expression, lastPart } from './lora/select-layers.ts'

/** `adapter_config.json` of PEFT, as far as it is LoRA's. */
const schema = z.looseObject({
  peft_type: z.literal('LORA'),
  r: z.number().int().min(1).default(8),
  lora_alpha: z.number().default(8),
  lora_dropout: z.number().default(0),
  use_rslora: z.boolean().nullish(),
  target_modules: z.union([z.string(), z.array(z.string())]).nullish(),
  alpha_pattern: z.record(z.string(), z.number()).nullish(),
  init_lora_weights: z.union([z.boolean(), z.string()]).nullish(),
  base_model_name_or_path: z.string().nullish(),
})

type PeftConfig = z.output<typeof schema>

/** Fields that say how an adapter came about, and change nothing once it is trained. */
const NO_EFFECT = new Set([
  ...['peft_type', 'task_type', 'r', 'lora_alpha', 'lora_dropout', 'use_rslora', 'alpha_pattern'],
  ...['target_modules', 'exclude_modules', 'layers_to_transform', 'layers_pattern'],
  ...['rank_pattern', 'modules_to_save', 'init_lora_weights', 'fan_in_fan_out', 'inference_mode'],
  ...['base_model_name_or_path', 'revision', 'auto_mapping', 'peft_version', 'eva_config'],
  ...['megatron_core', 'ensure_weight_tying', 'qalora_group_size'],
])

/**
 * Starts that change the base's weights too, so that the adapter does not go with those on the
 * disk.
 */
const MOVED_BASE = /^(pissa|olora|loftq|corda)/

/**
 * Reads adapter_config.json; `file` names it in errors. Throws UserError where it says something
 * that would be computed otherwise than here.
 */
export function readPeftConfig(json: unknown, file: string): PeftConfig {
  const parsed = schema.safeParse(json)
  if (!parsed.success) {
    const [issue] = parsed.error.issues
    throw new UserError(`${file}: ${issue?.path.join('.')}: ${issue?.message}; it must be LoRA's`)
  }
  const config = parsed.data
  for (const [name, value] of Object.entries(config))
    if (!NO_EFFECT.has(name) && !isOff(value))
      throw new UserError(
        `${file}: ${name} is ${JSON.stringify(value)}; adapters with it are not supported`,
      )
  if (typeof config.init_lora_weights === 'string' && MOVED_BASE.test(config.init_lora_weights))
    throw new UserError(
      `${file}: init_lora_weights is ${config.init_lora_weights}, which changed the base's ` +
        'weights as well; convert the adapter with PEFT first',
    )
  return config
}

const isOff = (value: unknown): boolean =>
  value === null ||
  value === undefined ||
  value === false ||
  value === 'none' ||
  (typeof value === 'object' && Object.keys(value).length === 0)

/**
 * Factor on B A of a module of a rank. Keys of `alpha_pattern` are expressions of the ends of
 * names.
 * Throws UserError where one is none.
 */
export function peftScale({ lora_alpha, use_rslora, alpha_pattern }: PeftConfig) {
  const own = Object.entries(alpha_pattern ?? {}).map(([pattern, alpha]) => ({
    pattern: expression(`(?:.*\\.)?(?:${pattern})`),
    alpha,
  }))
  return (module: string, rank: number): number => {
    const { alpha } = own.find(({ pattern }) => pattern.test(module)) ?? { alpha: lora_alpha }
    return scaleOf({ rank, alpha, rslora: use_rslora ?? false })
  }
}

/** adapter_config.json of an adapter of a model that writes; `base`: its folder or Hub name. */
export function writePeftConfig(
  { config, targets }: Pick<Lora, 'config' | 'targets'>,
  base: string,
): Record<string, unknown> {
  return {
    alpha_pattern: {},
    auto_mapping: null,
    base_model_name_or_path: base,
    bias: 'none',
    fan_in_fan_out: targets.some(({ transposed }) => transposed),
    inference_mode: true,
    init_lora_weights: true,
    layers_pattern: null,
    layers_to_transform: null,
    lora_alpha: config.alpha,
    lora_dropout: config.dropout,
    modules_to_save: null,
    peft_type: 'LORA',
    r: config.rank,
    rank_pattern: {},
    revision: null,
    target_modules: targetModules(config.layers, targets),
    task_type: 'CAUSAL_LM',
    use_dora: false,
    use_rslora: config.rslora,
  }
}

/** PEFT has all names written out where all matrices are meant. */
const targetModules = (layers: LoraConfig['layers'], targets: Lora['targets']) =>
  layers === 'all-linear' ? [...new Set(targets.map(lastPart))].sort() : layers
