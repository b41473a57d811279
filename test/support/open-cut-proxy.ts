import { onTestFinished } from 'vitest';
import { CutProxy, type CutProxyOptions } from './cut-proxy.ts';

/** A proxy for the server at `url` whose connections the running test can cut. */
export async function openCutProxy(url: string, options?: CutProxyOptions): Promise<CutProxy> {
  const proxy = await CutProxy.open(Number(new URL(url).port), options);
  onTestFinished(() => proxy.close());
  return proxy;
}
