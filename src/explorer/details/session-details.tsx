import type { ComponentChildren } from 'preact';
import { sessionAddress } from '../address.ts';
import { nameIn } from '../doing/name-in.ts';
import { comparison } from '../doing/session-actions.ts';
import { SessionDetailsDocument, type SessionDetailsQuery } from '../generated/operations.ts';
import { useAsked } from '../parts/asked.ts';
import { count, counted, nameOf } from '../parts/format.ts';
import { Link } from '../parts/link.tsx';
import { StatusMark, statusWords } from '../parts/marks.tsx';
import { Notice } from '../parts/notice.tsx';
import { TokensTable } from '../parts/tokens-table.tsx';
import { visible } from '../parts/visible.ts';
import type { OpenTree } from '../tree/open-tree.ts';

type Details = NonNullable<SessionDetailsQuery['session']>;

interface Props {
  readonly tree: OpenTree;
  readonly sessionId: string;
}

/** All that a session says of itself. Follows the store. */
export function SessionDetails({ tree, sessionId }: Props) {
  const version = tree.rows.find(sessionId)?.version;
  const { data, error, retry } = useAsked(SessionDetailsDocument, { id: sessionId }, version);
  const session = data?.session;
  if (!session)
    return error ? (
      <Notice title="The details could not be read" onRetry={retry}>
        <p>{error.message}</p>
      </Notice>
    ) : (
      <div class="scroll skeleton" role="progressbar" aria-label="Reading the details" />
    );
  return (
    <section
      class="scroll details"
      aria-label="Details"
      // biome-ignore lint/a11y/noNoninteractiveTabindex: a region that scrolls must be reachable by keyboard
      tabIndex={0}
    >
      <Facts session={session} />
      <Origins session={session} tree={tree} />
      <h3>Usage of this session only</h3>
      {data!.usageReport.length === 0 ? (
        <p class="dim">Nothing was spent here.</p>
      ) : (
        <TokensTable
          caption="Usage by model"
          heading="Model"
          rows={data!.usageReport.map(({ model, ...rest }) => ({
            key: model ?? '',
            name: model ?? 'no model',
            ...rest,
          }))}
        />
      )}
      <h3>Metadata</h3>
      <pre>{visible(JSON.stringify(session.metadata, null, 2))}</pre>
    </section>
  );
}

function Facts({ session }: { session: Details }) {
  const { status, statusMessage, archivedAt, messageCount, historyLength, damage } = session;
  const text = (label: string, value: string | null) =>
    value !== null && <Fact label={label}>{visible(value)}</Fact>;
  return (
    <dl class="facts">
      <Fact label="Id">
        <span class="mono">{session.id}</span>
      </Fact>
      {text('Key', session.key)}
      <Fact label="Status">
        <StatusMark status={status} /> {statusWords(status)} since <Time at={session.statusChangedAt} />
        {statusMessage && `: ${visible(statusMessage)}`}
      </Fact>
      {text('User', session.userId)}
      {text('Project', session.project)}
      {text('Agent', session.agentName)}
      <Fact label="Messages">
        {count(historyLength)}, {count(messageCount)} of them from the user
      </Fact>
      <Fact label="Created">
        <Time at={session.createdAt} />
      </Fact>
      <Fact label="Last active">
        <Time at={session.lastActiveAt} />
      </Fact>
      <Fact label="Version">
        {count(session.version)}, written <Time at={session.updatedAt} />
      </Fact>
      {archivedAt && (
        <Fact label="Archived">
          <Time at={archivedAt} />
        </Fact>
      )}
      {damage.map(({ line, reason }, n) => (
        <Fact key={n} label="Damage">
          <span class="is-bad">
            {line === null ? '' : `Line ${count(line)}: `}
            {visible(reason)}
          </span>
        </Fact>
      ))}
    </dl>
  );
}

/** Where the session comes from, and what comes from it. */
function Origins({ session, tree }: { session: Details; tree: OpenTree }) {
  const { spawnedBy, forkedFrom, forks } = session;
  if (!spawnedBy && !forkedFrom && forks.totalCount === 0) return null;
  const origin = forkedFrom?.session;
  return (
    <>
      <h3>Origin and forks</h3>
      <dl class="facts">
        {spawnedBy && (
          <Fact label="Spawned by">
            <Link class="link" to={sessionAddress(tree.id, spawnedBy.sessionId, spawnedBy.messageId)}>
              {nameIn(tree, spawnedBy.sessionId)}
            </Link>
            {spawnedBy.toolCallId && (
              <>
                , by the call <span class="mono">{visible(spawnedBy.toolCallId)}</span>
              </>
            )}
          </Fact>
        )}
        {forkedFrom && (
          <Fact label="Forked from">
            {origin ? (
              <>
                <Link class="link" to={sessionAddress(origin.rootId, origin.id, forkedFrom.messageId)}>
                  {visible(nameOf(origin.title, null))}
                </Link>
                , with {counted(forkedFrom.historyLength, 'message')}.{' '}
                <Link class="link" to={comparison(origin.id, session.id)}>
                  Compare
                </Link>
              </>
            ) : (
              <>
                <span class="mono">{forkedFrom.sessionId}</span>, which was deleted, with{' '}
                {counted(forkedFrom.historyLength, 'message')}
              </>
            )}
          </Fact>
        )}
        {forks.nodes.map((fork) => (
          <Fact key={fork.id} label={`Fork at ${count(fork.forkedFrom?.historyLength ?? 0)}`}>
            <StatusMark status={fork.status} />{' '}
            <Link class="link" to={sessionAddress(fork.rootId, fork.id)}>
              {visible(nameOf(fork.title, null))}
            </Link>
            , {counted(fork.historyLength, 'message')}.{' '}
            <Link class="link" to={comparison(session.id, fork.id)}>
              Compare
            </Link>
          </Fact>
        ))}
        {forks.totalCount > forks.nodes.length && (
          <Fact label="More forks">{count(forks.totalCount - forks.nodes.length)}</Fact>
        )}
      </dl>
    </>
  );
}

function Fact({ label, children }: { label: string; children: ComponentChildren }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd>{children}</dd>
    </div>
  );
}

/** To the second: what is looked up here is compared with logs. */
function Time({ at }: { at: string }) {
  const date = new Date(at);
  return (
    <time dateTime={at} title={at}>
      {date.toLocaleString('en', { dateStyle: 'medium', timeStyle: 'medium', hourCycle: 'h23' })}
    </time>
  );
}
