import type { JsonObject } from '../model/json.ts';
import type { NewMessage } from '../model/message.ts';
import type { SessionStatus } from '../model/session.ts';

/** The formats of other programs that `sessiontree import` reads by way of `Format`. */
export const FORMAT_NAMES = ['claude', 'codex', 'opencode', 'gemini', 'chatgpt', 'claude-ai'] as const;
export type FormatName = (typeof FORMAT_NAMES)[number];

/** What was written within this time can be unfinished: a line, a response, a turn. What has written nothing for so long is taken to be over. */
export const LIVE_MS = 60_000;

/** How one program stores its sessions. The core (`import-sessions.ts`) does all that has to do with the store. */
export interface Format {
  readonly name: FormatName;
  /** For people: "Claude Code". */
  readonly title: string;
  /** Where the program keeps its sessions, whether the places exist or not. */
  defaultPlaces(env: NodeJS.ProcessEnv, home: string): readonly string[];
  /** Whether `path`, a file or a directory, holds this format. Looks at names and at the first lines of a few files. Does not reject. */
  recognises(path: string): Promise<boolean>;
  /**
   * The first pass: which sessions there are, in any order, and what is wrong with files. Keeps of each what `read` needs to know of the others
   * (links between files), but no texts. A file that cannot be read is a fault; everything else comes in.
   */
  survey(path: string, options: SurveyOptions): AsyncIterable<SourceSession | Fault | Dropped>;
}

export interface SurveyOptions {
  /** Called after each file that was looked at, with its bytes. */
  readonly onFile: (bytes: number) => void;
  /** What the format keeps between two surveys of one process: files that did not change need not be read again. Left out: nothing. */
  readonly cache?: Map<string, unknown> | undefined;
  /** The time of now, in milliseconds since 1970: what was written within `LIVE_MS` can be unfinished. */
  readonly now: number;
}

/** A session of the source, after the first pass. */
export interface SourceSession {
  readonly type: 'session';
  /**
   * `<format>:<id>`: the session's key in the store, unique among the sessions of the format, and the same in every import. Its part after the
   * colon is the session's id, if that fits `isSessionId`; else the core derives one.
   */
  readonly key: string;
  /** The session that spawned this one. If neither the source nor the store has it, the session becomes a root, and the report says so. */
  readonly parent: { readonly key: string; readonly toolCallId: string | null } | null;
  /**
   * The session whose messages this one begins with. Its messages that come from there have `isCopy`; they are read as all others. The fork is
   * a child of its origin, unless it has a `parent`.
   */
  readonly forkedFrom: {
    readonly key: string;
    /** The key of the origin's last message that was copied; null if unknown. */
    readonly throughKey: string | null;
  } | null;
  readonly described: SessionDescription;
  readonly createdAt: Date | null;
  /** Compared with --since. */
  readonly lastActiveAt: Date | null;
  /**
   * True for a session that the source does not have any more, because another took it over: only what the store has of it is compared. Left
   * out: false.
   */
  readonly isFormer?: boolean;
  /**
   * True if other files say more of the session, and cannot be read now: what an import took from there stays. Left out: false.
   */
  readonly isPartlyKnown?: boolean;
  /** Keys of messages that were part of this session, and are now part of a fork: the core takes them out, without paying them twice. Left out: none. */
  readonly movedKeys?: Pick<ReadonlySet<string>, 'has'>;
  /** The files, or the database, that the session is read from. The first is named in the session's metadata and in faults. */
  readonly files: readonly SourceFile[];
  /**
   * A text that is the same as long as nothing of the session changed, for example the sizes and times of its files. A session that was
   * imported with the same revision is not read. At most 200 characters.
   */
  readonly revision: string;
  /**
   * A text that is the same as long as the links to other sessions are, if what the lines of a session mean depends on those. A session that
   * was imported with other links is read from its beginning, and compared. A part of `revision`, too. Left out: nothing depends on links.
   */
  readonly links?: string;
  /**
   * The second pass: the messages in their order, as a stream, then one `end`. `from`: what the `end` of an earlier import said, if the first file has only grown
   * since; null: all. A format that cannot go on in the middle ignores `from`, and gives all: the core compares by keys.
   */
  read(from: Resume | null): AsyncIterable<SourceItem>;
}

/** What faults and notes of a session name: its first file. */
export function pathOf({ files: [file], key }: SourceSession): string {
  return file?.path ?? key;
}

/** What a session says of itself. A member that is null has no value in the source. */
export interface SessionDescription {
  /** Longer than the limit: the core cuts it. */
  readonly title: string | null;
  readonly agentName: string | null;
  /** The directory, or the repository, that the session is about. */
  readonly project: string | null;
  readonly userId: string | null;
  readonly status: SessionStatus | null;
  readonly statusMessage: string | null;
  readonly archivedAt: Date | null;
  /** What has no field, by the source's own names. A member `import` is left out, and counted: the name is the core's. */
  readonly metadata: JsonObject;
}

export interface SourceFile {
  readonly path: string;
  readonly bytes: number;
}

/** Where the reading of a file ended: everything before `bytes` need not be read again if the file has only grown. */
export interface Resume {
  /** In the first of the session's `files`, the beginning of a line. */
  readonly bytes: number;
  /** What the format has to know of the part before. At most some KiB. */
  readonly state: JsonObject;
}

export type SourceItem = SourceMessage | Rollback | SessionEnd | Fault | Dropped;

export interface SourceMessage {
  readonly type: 'message';
  /**
   * `key` is the source's id of the message, unique in the session: the message takes the place of the stored one with the same key. Texts and JSON may be larger than the
   * limits: the core cuts or drops them, and reports it. `createdAt` null: unknown.
   */
  readonly message: NewMessage & { readonly key: string };
  /** Where the message is in the source, for the report. */
  readonly where: Where;
  /** About how many bytes the message has in the source: bounds what is held in memory. Left out: estimated from its texts. */
  readonly bytes?: number;
}

/** What follows the message with this key (null: everything) was taken back in the source. It stays paid for. */
export interface Rollback {
  readonly type: 'rollback';
  readonly keepThroughKey: string | null;
  /** Of the messages that were taken back, those with a usage that the source can restore: they then come as copies. Left out: none. */
  readonly restorableKeys?: readonly string[];
}

/** The last item: what the session says of itself, now that all is read. Null members of `described` keep what the survey said. */
export interface SessionEnd {
  readonly type: 'end';
  readonly described: Partial<SessionDescription> | null;
  /** Null: a later import reads everything again. */
  readonly resume: Resume | null;
  /** True if something was held back that may be unfinished: a later import reads the session again though its revision is the same. */
  readonly isUnfinished: boolean;
}

export interface Where {
  readonly path: string;
  /** From 1; null where there are no lines. */
  readonly line: number | null;
}

/** Something that could not come in: listed, with file and line. */
export interface Fault extends Where {
  readonly type: 'fault';
  /** Begins with a lower-case letter, has no full stop: `the line is no JSON`. */
  readonly reason: string;
}

/** Something that has no place in the store: counted by kind. */
export interface Dropped {
  readonly type: 'dropped';
  /** The source's own name, for example `progress/hook_progress`. */
  readonly kind: string;
  /** Default: 1. */
  readonly count?: number;
}
