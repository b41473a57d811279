import { ClientError, StorageError } from '../../../model/errors.ts';
import type { NewMessage } from '../../../model/message.ts';
import type { Operation } from '../../../model/operation.ts';
import { CommitInDoubtError } from '../connection/commit-in-doubt.ts';
import type { Place } from '../rows/places.ts';
import type { TreeKey } from './tree-rows.ts';
import { TreeWork } from './tree-work.ts';
import type { Trees } from './trees.ts';
import { AlreadyAppliedError, AppliedTogetherError } from './tries.ts';

/** A mutation of sessions of one tree. */
export interface TreeMutation<T> {
  /** Sessions whose rows it needs; all must be in the tree. */
  readonly places: readonly Place[];
  readonly operation: Operation;
  /**
   * True if the mutation cannot share a transaction with others: it depends on more than rows of sessions, and they are not written yet when it
   * reads; or it is too large.
   */
  readonly isAlone: boolean;
  /** Throws a ClientError to refuse the mutation, before it changes anything. The result is the answer once it is committed. */
  readonly run: (work: TreeWork) => T | Promise<T>;
  /**
   * The mutation as a transaction of its own, for when no other is under way: null if it did nothing, and `run` has to. Rejects with an error of the
   * database, after which `run` finds out by the operation whether it took effect.
   */
  readonly atOnce?: (() => Promise<{ readonly result: T } | null>) | undefined;
}

interface Job extends TreeMutation<unknown> {
  readonly done: (result: unknown) => void;
  readonly failed: (error: unknown) => void;
}

/** Holds the lane until `hold` resolves; it never rejects. */
interface Turn {
  readonly isAlone: true;
  readonly hold: () => Promise<void>;
}

interface Lane {
  readonly waiting: (Job | Turn)[];
}

/** Mutations that share a transaction: more do not raise the rate, and the first of them waits for the last. */
const TOGETHER_MAX = 64;

/** UTF-16 code units of texts above which a mutation shares no transaction: together they would be one value of a statement. */
const SHARED_LENGTH_MAX = 262_144;

/** True if messages are too long to share a transaction with those of other mutations. */
export function areTooLong(messages: readonly NewMessage[] | null | undefined): boolean {
  let length = 0;
  for (const { content, reasoning, toolCalls, payload, metadata } of messages ?? []) {
    length += content.length + (reasoning?.length ?? 0);
    for (const json of [toolCalls, payload, metadata])
      if (json != null) length += JSON.stringify(json).length;
  }
  return length > SHARED_LENGTH_MAX;
}

type Outcome = { readonly result: unknown } | { readonly refusal: ClientError };

/**
 * A lane for each tree: a tree takes one transaction at a time anyway, and one transaction can hold many mutations. They are applied in the order
 * in which they came.
 */
export class TreeLanes {
  readonly #trees: Trees;
  readonly #lanes = new Map<number, Lane>();

  constructor(trees: Trees) {
    this.#trees = trees;
  }

  /** Rejects with a ClientError, an AlreadyAppliedError or a StorageError. */
  run<T>({ root }: TreeKey, mutation: TreeMutation<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#add(root, { ...mutation, done: resolve as (result: unknown) => void, failed: reject });
    });
  }

  /**
   * Runs `work`, which opens its own transaction, while this instance runs no other mutation of these trees. Lanes are entered in the order of
   * the roots: two calls cannot wait for each other. Settles as `work` does.
   */
  async alone<T>(trees: readonly TreeKey[], work: () => Promise<T>): Promise<T> {
    const [first, ...others] = [...new Set(trees.map(({ root }) => root))].sort((one, other) => one - other);
    return first === undefined ? await work() : await this.#inTurn(first, others, work);
  }

  #inTurn<T>(root: number, [next, ...others]: readonly number[], work: () => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const inner = () => (next === undefined ? work() : this.#inTurn(next, others, work));
      this.#add(root, { isAlone: true, hold: () => inner().then(resolve, reject) });
    });
  }

  #add(root: number, job: Job | Turn): void {
    const lane = this.#lanes.get(root);
    if (lane) {
      lane.waiting.push(job);
      return;
    }
    const opened: Lane = { waiting: [job] };
    this.#lanes.set(root, opened);
    void this.#work(root, opened);
  }

  async #work(root: number, { waiting }: Lane): Promise<void> {
    while (waiting.length > 0) {
      const next = waiting.findIndex((job, n) => n > 0 && (job.isAlone || waiting[0]!.isAlone));
      const together = waiting.splice(0, Math.min(next === -1 ? waiting.length : next, TOGETHER_MAX));
      const [first] = together;
      if ('hold' in first!) await first.hold();
      else await this.#runTogether(together as Job[]);
    }
    this.#lanes.delete(root);
  }

  /** Settles each job, and never rejects. */
  async #runTogether(jobs: readonly Job[]): Promise<void> {
    let outcomes: Outcome[];
    let isInDoubt = false;
    const [{ atOnce, done }] = jobs as [Job];
    if (jobs.length === 1 && atOnce) {
      try {
        const outcome = await atOnce();
        if (outcome) return done(outcome.result);
      } catch (error) {
        isInDoubt = error instanceof CommitInDoubtError;
      }
    }
    try {
      outcomes = await this.#trees.change(
        jobs.flatMap(({ places }) => places),
        jobs.map(({ operation }) => operation),
        async (transaction) => {
          const work = new TreeWork(transaction);
          const all: Outcome[] = [];
          for (const job of jobs) all.push(await outcomeOf(job, work));
          work.changes.send(transaction.queries);
          return all;
        },
        isInDoubt,
      );
    } catch (error) {
      await this.#failedTogether(jobs, error);
      return;
    }
    for (const [n, outcome] of outcomes.entries()) {
      if ('refusal' in outcome) jobs[n]!.failed(outcome.refusal);
      else jobs[n]!.done(outcome.result);
    }
  }

  async #failedTogether(jobs: readonly Job[], error: unknown): Promise<void> {
    const applied = error instanceof AppliedTogetherError ? error.applied : [];
    // A retryable StorageError has a cause beside the mutations, such as a full disk: a transaction for each of them would fail, too.
    const isOver = jobs.length === 1 || (error instanceof StorageError && error.isRetryable);
    for (const job of jobs) {
      const { id, caller = null } = job.operation;
      const own = applied.find((each) => each.id === id && each.caller === caller);
      if (own) job.failed(new AlreadyAppliedError(own));
      else if (isOver) job.failed(error);
      // One of them may be the cause: an operation that another instance has run, or a statement that is refused.
      else await this.#runTogether([job]);
    }
  }
}

async function outcomeOf(job: Job, work: TreeWork): Promise<Outcome> {
  try {
    return { result: await job.run(work) };
  } catch (error) {
    if (error instanceof ClientError) return { refusal: error };
    throw error;
  }
}
