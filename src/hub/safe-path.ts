/**
 * Whether a repository's path, with `/` as separator, stays inside its folder on every system: no
 * `..`, root, drive, server, backslash or control character. Other paths are broken or hostile.
 */
export function staysInside(path: string): boolean {
  const parts = path.split('/')
  const areNames = parts.every((part) => part !== '' && part !== '.' && part !== '..')
  return areNames && !/\\|\p{Cc}|^[a-z]:/iu.test(path)
}

/**
 * Names of devices, with any extension:
 * https://learn.microsoft.com/windows/win32/fileio/naming-a-file
 */
const DEVICE = /^(con|prn|aux|nul|com[\d¹²³]|lpt[\d¹²³]|conin\$|conout\$)(\.|$)/i

/** Whether Windows would take a part of the path for something other than a file name. */
export const isReserved = (path: string): boolean =>
  path.split('/').some((part) => DEVICE.test(part) || /[<>:"|?*]|[. ]$/.test(part))
