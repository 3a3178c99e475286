/** Bytes with three significant digits: 950 B, 1.20 KiB, 487 MiB. */
export function formatBytes(bytes: number): string {
  let [size, unit] = [bytes, 0]
  while (size >= 999.5 && unit < 4) [size, unit] = [size / 1024, unit + 1]
  return `${unit === 0 ? size : size.toPrecision(3)} ${['B', 'KiB', 'MiB', 'GiB', 'TiB'][unit]}`
}
