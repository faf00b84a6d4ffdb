/** What a person sees while a server of debug information is waited for. */
import { formatBytes } from '../base/units.js';
import type { DownloadProgress } from '../symbolize/debuginfod-client.js';

/** Tells on standard error, if that is a terminal; `undefined` where it is none. */
export function downloadTeller(): ((progress: DownloadProgress) => void) | undefined {
  const { stderr } = process;
  if (!stderr.isTTY) return undefined;
  return ({ name, url, received, total, ended }) => {
    const size =
      total > 0 ? `${formatBytes(received)} of ${formatBytes(total)}` : formatBytes(received);
    const line = `strata: debug information of ${name} from ${new URL(url).host}: ${size}`;
    stderr.write(ended ? '\r\x1b[K' : `\r\x1b[K${line.slice(0, (stderr.columns || 80) - 1)}`);
  };
}
