/** Patterns of Hugging Face's own tools: `*` matches any text, `/` included, `?` any character. */
function matches(pattern: string, path: string): boolean {
  const whole = pattern.endsWith('/') ? `${pattern}*` : pattern
  const source = whole
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replace(/\*+/g, '.*')
    .replace(/\?/g, '.')
  return new RegExp(`^${source}$`, 's').test(path)
}

export const matchesAny = (patterns: readonly string[], path: string): boolean =>
  patterns.some((pattern) => matches(pattern, path))

const SETTINGS = [
  'config*.json',
  'generation_config.json',
  'tokenizer.json',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'added_tokens.json',
  'chat_template*',
  'modules.json',
]
/** How a model's token vectors are pooled (sentence-transformers). */
const POOLING = /^[^/]+_Pooling\/config\.json$/
/** Tokenizers in formats older than tokenizer.json. */
const VOCABULARIES = ['vocab*', 'merges.txt', 'spiece.model', '*tokenizer*.model', '*.bpe.model']

const WEIGHTS = ['*.safetensors', '*.safetensors.index.json']
/** The same weights in another layout, or an adapter's. */
const OTHER_WEIGHTS = ['consolidated*', 'adapter_*']

/** The files of a repository that are needed to load its model. */
export function modelFilesOf(paths: readonly string[]): string[] {
  const top = paths.filter((path) => !path.includes('/'))
  const isSingle = top.includes('model.safetensors')
  const weights = isSingle
    ? ['model.safetensors']
    : top.filter((path) => matchesAny(WEIGHTS, path) && !matchesAny(OTHER_WEIGHTS, path))
  const settings = top.includes('tokenizer.json') ? SETTINGS : [...SETTINGS, ...VOCABULARIES]
  const needed = top.filter((path) => weights.includes(path) || matchesAny(settings, path))
  return [...needed, ...paths.filter((path) => POOLING.test(path))]
}

/** The files that a pull fetches: those that match `include`, or by default a model's own. */
export function selectFiles(
  paths: readonly string[],
  { include, exclude }: { include: readonly string[]; exclude: readonly string[] },
): string[] {
  const wanted =
    include.length > 0 ? paths.filter((path) => matchesAny(include, path)) : modelFilesOf(paths)
  return wanted.filter((path) => !matchesAny(exclude, path))
}

export const isWeights = (path: string): boolean => matchesAny(WEIGHTS, path)
