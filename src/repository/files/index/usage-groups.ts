import { DecimalSum } from '../../../model/decimal-sum.ts';
import { isNoUsage, plusTokens, type UsageSum, usageOfSum } from '../../../model/usage.ts';
import type { UsageDimension, UsageGroup } from '../../../model/usage-report.ts';
import { type GroupKey, groupsInOrder } from '../../usage/group-order.ts';

/** Counts the sessions that have responses. */
interface SessionCounter {
  add(session: number, responses: number): void;
  readonly count: number;
}

/** For responses that come session by session. */
class CounterInOrder implements SessionCounter {
  #session = -1;
  #responses = 0;
  #count = 0;

  add(session: number, responses: number): void {
    if (session !== this.#session) {
      this.#count = this.count;
      this.#session = session;
      this.#responses = 0;
    }
    this.#responses += responses;
  }

  get count(): number {
    return this.#responses > 0 ? this.#count + 1 : this.#count;
  }
}

/** For responses in any order. */
class CounterInAnyOrder implements SessionCounter {
  readonly #responses = new Map<number, number>();

  add(session: number, responses: number): void {
    this.#responses.set(session, (this.#responses.get(session) ?? 0) + responses);
  }

  get count(): number {
    let count = 0;
    for (const responses of this.#responses.values()) if (responses > 0) count += 1;
    return count;
  }
}

/** The responses that are alike in all dimensions of a report, and their sum so far. */
class Group {
  readonly key: GroupKey;
  readonly #sessions: SessionCounter;
  readonly #cost = new DecimalSum();
  #responses = 0;
  #inputTokens = 0;
  #outputTokens = 0;
  #cacheReadTokens = 0;
  #cacheWriteTokens = 0;
  #reasoningTokens = 0;
  #pricedCount = 0;

  constructor(key: GroupKey, sessions: SessionCounter) {
    this.key = key;
    this.#sessions = sessions;
  }

  add(session: number, responses: number, usage: UsageSum): void {
    this.#sessions.add(session, responses);
    this.#responses += responses;
    this.#inputTokens = plusTokens(this.#inputTokens, usage.inputTokens);
    this.#outputTokens = plusTokens(this.#outputTokens, usage.outputTokens);
    this.#cacheReadTokens = plusTokens(this.#cacheReadTokens, usage.cacheReadTokens);
    this.#cacheWriteTokens = plusTokens(this.#cacheWriteTokens, usage.cacheWriteTokens);
    this.#reasoningTokens = plusTokens(this.#reasoningTokens, usage.reasoningTokens);
    this.#pricedCount += usage.pricedCount;
    if (usage.costUsd !== null) this.#cost.add(usage.costUsd);
  }

  get #usage(): UsageSum {
    const cost = this.#cost.value;
    return {
      inputTokens: this.#inputTokens,
      outputTokens: this.#outputTokens,
      cacheReadTokens: this.#cacheReadTokens,
      cacheWriteTokens: this.#cacheWriteTokens,
      reasoningTokens: this.#reasoningTokens,
      pricedCount: this.#pricedCount,
      costUsd: this.#pricedCount === 0 && cost === '0' ? null : cost,
    };
  }

  /** Null if nothing is left of what was added. */
  get sums(): Pick<UsageGroup, 'sessionCount' | 'responseCount' | 'usage'> | null {
    const usage = this.#usage;
    if (this.#responses === 0 && isNoUsage(usage)) return null;
    return {
      sessionCount: this.#sessions.count,
      responseCount: this.#responses,
      usage: usageOfSum(usage),
    };
  }
}

/** Finds groups by the values of the dimensions, one after the other. */
type Branch = Map<string | number | null, Branch | Group>;

/** Divides responses into the groups of a report. */
export class UsageGroups {
  readonly #by: readonly UsageDimension[];
  readonly #isInOrder: boolean;
  readonly #root: Branch = new Map();
  readonly #groups: Group[] = [];

  /** `isInOrder` promises that the responses come session by session. */
  constructor(by: readonly UsageDimension[], isInOrder: boolean) {
    this.#by = by;
    this.#isInOrder = isInOrder;
  }

  /** The number of groups. */
  get size(): number {
    return this.#groups.length;
  }

  /** `session` is the sequence number of the session of the responses. */
  add(key: GroupKey, session: number, responses: number, usage: UsageSum): void {
    this.#group(key).add(session, responses, usage);
  }

  #group(key: GroupKey): Group {
    let branch = this.#root;
    const last = key.length - 1;
    for (let n = 0; n < last; n += 1) {
      let next = branch.get(key[n]!) as Branch | undefined;
      if (!next) {
        next = new Map();
        branch.set(key[n]!, next);
      }
      branch = next;
    }
    const known = branch.get(key[last]!) as Group | undefined;
    if (known) return known;
    const group = new Group(key, this.#isInOrder ? new CounterInOrder() : new CounterInAnyOrder());
    branch.set(key[last]!, group);
    this.#groups.push(group);
    return group;
  }

  /** The groups in the order of the dimensions, or only the `first` costliest, these first. */
  groups(first: number | null): UsageGroup[] {
    const found = this.#groups.flatMap(({ key, sums }) => (sums ? [{ key, sums }] : []));
    return groupsInOrder(found, this.#by, first);
  }
}
