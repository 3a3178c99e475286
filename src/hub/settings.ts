import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { UserError } from '../errors.ts'

/** Access to the Hub and its cache. */
export interface HubSettings {
  /** Without a trailing slash. */
  endpoint: string
  token: string | undefined
  cacheDir: string
  /** Makes no request. */
  offline: boolean
  /** Seconds to wait for an answer, or for its next bytes. */
  timeout: number
}

type Given = { endpoint?: string; token?: string; cacheDir?: string; offline?: boolean }

/**
 * Options, completed by the environment variables of Hugging Face's own tools:
 * https://huggingface.co/docs/huggingface_hub/package_reference/environment_variables. Throws
 * UserError that names the variable at fault.
 */
export async function hubSettings(
  given: Given = {},
  env: NodeJS.ProcessEnv = process.env,
): Promise<HubSettings> {
  const home = env.HF_HOME || join(env.XDG_CACHE_HOME || '~/.cache', 'huggingface')
  const cache = env.HF_HUB_CACHE || env.HUGGINGFACE_HUB_CACHE || join(home, 'hub')
  return {
    endpoint: checkEndpoint(given.endpoint ?? (env.HF_ENDPOINT || 'https://huggingface.co')),
    token: await findToken(given.token, env, home),
    cacheDir: given.cacheDir ?? expand(cache),
    offline: given.offline ?? /^(1|on|yes|true)$/i.test(env.HF_HUB_OFFLINE ?? ''),
    timeout: Number(env.HF_HUB_DOWNLOAD_TIMEOUT) || 10,
  }
}

const expand = (path: string): string => path.replace(/^~(?=$|[\\/])/, homedir())

function checkEndpoint(endpoint: string): string {
  const { protocol = '', username } = URL.canParse(endpoint) ? new URL(endpoint) : {}
  if (/^https?:$/.test(protocol) && !username) return endpoint.replace(/\/+$/, '')
  throw new UserError(
    `the Hub's address (HF_ENDPOINT) is '${endpoint}': expected one like https://huggingface.co`,
  )
}

/** Rejects other services' tokens: they must not be sent, nor be quoted by a failed request. */
async function findToken(given: string | undefined, env: NodeJS.ProcessEnv, home: string) {
  const file = expand(env.HF_TOKEN_PATH || join(home, 'token'))
  const sources: [string, string | undefined][] = [
    ['the token', given],
    ['the token in HF_TOKEN', env.HF_TOKEN || env.HUGGING_FACE_HUB_TOKEN],
    [`the token in ${file}`, await readFile(file, 'utf8').catch(() => undefined)],
  ]
  const [source, text = ''] = sources.find(([, value]) => value?.trim()) ?? []
  const token = text.trim()
  if (token === '' || /^hf_[\w.~+/=-]+$/.test(token)) return token || undefined
  throw new UserError(
    `${source} is not one of the Hub's, which begin with hf_; ` +
      'make one at https://huggingface.co/settings/tokens',
  )
}
