import { type Attack, GROWTH_MB, isAllowed, pickFor, type Scale, type Scene } from './attack.ts';
import { type Callers, isRefusal, REFUSALS } from './callers.ts';
import { summaryOf } from './client.ts';
import { type GoodClientReport, percentile, startGoodClient } from './good-client.ts';
import { showsInside } from './inside.ts';
import type { Place } from './place.ts';
import { ServerProcess } from './server-process.ts';
import { faultsOfStored } from './stored.ts';

/** Milliseconds that the good client has to itself before an attack, and after it. */
const CALM_MS = { short: 0, long: 500 };
/** Megabytes that a server has resident after its start. */
const FRESH_MB = 150;
/** Milliseconds after which an attack counts as not ended. */
const ATTACK_MS = 180_000;

/** What an attack came to. */
export interface Result {
  readonly attack: Attack;
  readonly scale: Scale;
  /** What its requests got, with how many of each. */
  readonly got: ReadonlyMap<string, number>;
  /** Empty if all is as it should be, except perhaps the goals of time. */
  readonly faults: readonly string[];
  readonly isAlive: boolean;
  readonly isStored: boolean;
  /** Of the good client, in milliseconds; null for an attack without one. */
  readonly latency: { readonly p50: number; readonly p95: number; readonly worst: number } | null;
  /** Milliseconds by which the event loop was late; null if the server could not tell. */
  readonly delay: { readonly p99: number; readonly max: number } | null;
  /** Megabytes resident: at the peak, and afterwards. */
  readonly memory: { readonly peak: number; readonly after: number };
  readonly tookMs: number;
}

/** Runs one attack with a good client beside it, and judges what the server did. Rejects only if the suite itself fails. */
export async function runAttack(attack: Attack, scale: Scale, place: Place): Promise<Result> {
  const started = performance.now();
  const faults: string[] = [];
  const got = new Map<string, number>();
  const start = await place.serverForAttack().catch((error: Error) => error);
  if (start instanceof Error) return notStarted(attack, scale, start, performance.now() - started);
  const { server, isFirst } = start;
  // The delays of the start are nobody's fault. Its memory counts where the server starts for this attack, whose files it reads.
  if (scale === 'long') await server.told('reset');
  const hasOwnStart = isFirst && (attack.server || attack.isAlone || scale === 'long');
  const beforeMb = hasOwnStart ? FRESH_MB : server.forgetPeak();
  const further: ServerProcess[] = [];
  const { form } = place;
  const isStranger = form === 'stranger' && !attack.forms;
  const scene: Scene = {
    server,
    directory: place.directory,
    pick: pickFor(scale),
    form,
    got(answer) {
      const summary = summaryOf(answer);
      got.set(summary, (got.get(summary) ?? 0) + 1);
      if (form !== 'anyone') faults.push(...faultsOfText(answer.text, place.directory));
    },
    expect(condition, fault) {
      // What an attack expects is meant for those who are let in.
      if (!condition && !isStranger) faults.push(fault);
    },
    next: () => place.server(),
    async start(options) {
      const other = await ServerProcess.start({ directory: place.directory, ...options });
      further.push(other);
      return other;
    },
  };
  const client = attack.isAlone
    ? null
    : await startGoodClient({
        port: server.port,
        firstWrite: place.nextWrite,
        token: server.callers?.good ?? null,
      });
  await calm(scale);
  const ended = await within(ATTACK_MS, attack.run(scene)).catch((error: Error) => {
    if (!isStranger) faults.push(`the attack failed: ${error.message}`);
    return true;
  });
  if (!ended) faults.push(`the attack did not end within ${ATTACK_MS / 1000} s`);
  await calm(scale);
  const report = client && (await client.stop());
  if (report) place.acknowledged.push(...report.acknowledged);
  faults.push(...faultsOfClient(report));
  const allowed = isStranger ? REFUSALS : attack.allowed;
  for (const [summary, count] of got)
    if (isStranger ? !isRefusal(summary) : !isAllowed(attack, summary))
      faults.push(
        `${count} × "${summary}", expected ${allowed.slice(0, 4).join(' or ')}${allowed.length > 4 ? ' …' : ''}`,
      );

  if (server.callers) faults.push(...faultsOfLog(server.log.join('\n'), server.callers));
  const isAlive = attack.isAlone || (await isAnswering(server));
  if (server.isOverCeiling) faults.push(`killed for its memory: more than ${server.peakMb().toFixed(0)} MB`);
  else if (!isAlive) faults.push(`the server is gone: ${server.errors.slice(-500)}`);
  const peak = server.peakMb();
  const told = scale === 'long' ? await server.told() : null;
  const grownMb = peak - beforeMb;
  const growthMb = attack.growthMb ?? GROWTH_MB;
  if (grownMb > growthMb) faults.push(`grown by ${grownMb.toFixed(0)} MB, more than ${growthMb}`);
  // What this attack left behind must not count for the next one.
  if (faults.length > 0) {
    server.kill();
    await server.ended;
  }
  for (const other of further) other.kill();
  await Promise.all(further.map((other) => other.ended));
  const lost = await storedFaults(place);
  return {
    attack,
    scale,
    got,
    faults: [...faults, ...lost],
    isAlive,
    isStored: lost.length === 0,
    latency: report && {
      p50: percentile(report.latencies, 0.5),
      p95: percentile(report.latencies, 0.95),
      worst: report.latencies.at(-1) ?? 0,
    },
    delay: told?.delay ?? null,
    memory: { peak, after: told?.residentMb ?? 0 },
    tookMs: performance.now() - started,
  };
}

/** What an answer to the attacker must not have: anything of the inside, or of the good client. */
function faultsOfText(text: string, directory: string): string[] {
  const faults = [];
  if (showsInside(text, directory)) faults.push(`an answer has a stack or a path: ${text.slice(0, 200)}`);
  if (OF_GOOD_CLIENT.test(text))
    faults.push(`an answer has what is the good client's: ${text.slice(0, 200)}`);
  return faults;
}

const OF_GOOD_CLIENT = /What the witness said|Nobody attacks this|"content":"write \d+"/;

function faultsOfLog(log: string, { attacker, good }: Callers): string[] {
  return [attacker, good].some((token) => token !== null && log.includes(token.slice(-30)))
    ? ['the log has a token']
    : [];
}

function notStarted(attack: Attack, scale: Scale, { message }: Error, tookMs: number): Result {
  return {
    ...{ attack, scale, got: new Map(), faults: [message], isAlive: false, isStored: false, latency: null },
    ...{ delay: null, memory: { peak: 0, after: 0 }, tookMs },
  };
}

const calm = (scale: Scale) => new Promise((resolve) => setTimeout(resolve, CALM_MS[scale]));

/** True once `work` is done; false after `ms`. */
async function within(ms: number, work: Promise<void>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), ms);
  });
  return Promise.race([work.then(() => true), late]).finally(() => clearTimeout(timer));
}

function faultsOfClient(report: GoodClientReport | null): string[] {
  if (report === null) return [];
  const failed = report.failures.map((failure) => `the good client: ${failure}`);
  return report.latencies.length === 0 ? [...failed, 'the good client got no answer'] : failed;
}

async function isAnswering(server: ServerProcess): Promise<boolean> {
  if (!server.isRunning) return false;
  const { status } = await server.send({ method: 'GET', path: '/health' });
  return status === 200;
}

/** Asks the server, or the next one if the attack has ended it. */
async function storedFaults(place: Place): Promise<string[]> {
  try {
    return await faultsOfStored(await place.server(), place.acknowledged);
  } catch (error) {
    return [`what is stored cannot be read: ${(error as Error).message}`];
  }
}
