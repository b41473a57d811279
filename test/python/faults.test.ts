import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { createServer as createHttpServer } from 'node:http';
import { type AddressInfo, createServer } from 'node:net';
import { beforeEach, expect, onTestFinished, test, vi } from 'vitest';
import type { RunningServer } from '../../src/server/http.ts';
import { postTo, startLoggedServer, startTestServer } from '../server/running.ts';
import { openFlakyProxy } from '../support/flaky-proxy.ts';
import { freePort } from '../support/free-port.ts';
import { openCutProxy } from '../support/open-cut-proxy.ts';
import { temporaryDirectory } from '../support/repository.ts';
import { fieldsOf, hasPython, NO_PYTHON, runAsync } from './python.ts';

beforeEach(({ skip }) => skip(!hasPython, NO_PYTHON));

// Programs are started, and pauses of the client grow with each try: on a busy machine that takes long.
vi.setConfig({ testTimeout: 120_000 });

const CONTENTS =
  '{ session(id: "shared") { version messageCount history(first: 1000) { nodes { role content } } } }';

interface Stored {
  readonly version: number;
  readonly messageCount: number;
  readonly history: { readonly nodes: readonly { readonly role: string; readonly content: string }[] };
}

async function storedIn(url: string): Promise<Stored> {
  const { data } = (await (await postTo(url, CONTENTS)).json()) as { data: { session: Stored } };
  return data.session;
}

const contentsIn = async (url: string) => (await storedIn(url)).history.nodes.map(({ content }) => content);

/** Each question with its answer; throws if other messages stand between them. */
function turnsOf({ history: { nodes } }: Stored): string[] {
  const turns: string[] = [];
  for (let n = 0; n < nodes.length; n += 2) {
    const [question, answer] = [nodes[n]!, nodes[n + 1]!];
    expect([question.role, answer.role]).toEqual(['USER', 'ASSISTANT']);
    expect(answer.content).toBe(`answer to ${question.content}`);
    turns.push(question.content);
  }
  return turns;
}

test('where every other connection loses its answer, each turn is written once', async () => {
  const { url } = await startTestServer();
  const network = await openFlakyProxy(Number(new URL(url).port));
  const { shown, stderr } = await runAsync(
    `
shared = AgentSession("shared", user_id="ada")
show((await shared.initialize())["session_id"])
for n in range(6):
    # A connection that is kept would not fail again.
    shared._persistence._client._idle.clear()
    await shared.process_message(f"{n}", f"answer to {n}")
child = await shared.spawn_child_session()
show(SessionPersistence().delete(child.session_id))`,
    `http://127.0.0.1:${network.port}/graphql`,
  );
  expect(shown).toEqual(['shared', true]);
  expect(stderr).toBe('');
  expect(network.lost()).toBeGreaterThanOrEqual(6);
  const stored = await storedIn(url);
  expect(turnsOf(stored)).toEqual(['0', '1', '2', '3', '4', '5']);
  expect(stored.version).toBe(7);
});

test('threads and processes that write to one session at once lose no turn, mix none, and write none twice', async () => {
  const { url } = await startTestServer();
  const writer = (name: string) =>
    runAsync(
      `
shared = AgentSession("shared")
def write(thread):
    async def turns():
        for n in range(0, 10, 2):
            await asyncio.gather(*(
                shared.process_message(f"${name} {thread} {k}", f"answer to ${name} {thread} {k}") for k in (n, n + 1)
            ))
    asyncio.run(turns())
threads = [threading.Thread(target=write, args=(n,)) for n in range(4)]
for thread in threads: thread.start()
for thread in threads: await asyncio.to_thread(thread.join)
show(await shared.persist())`,
      url,
    );
  const runs = await Promise.all(['a', 'b', 'c'].map(writer));
  expect(runs).toEqual(runs.map(() => ({ shown: [true], stderr: '' })));
  const turns = turnsOf(await storedIn(url));
  expect(turns).toHaveLength(120);
  expect(new Set(turns).size).toBe(120);
});

test('a process that was forked has connections of its own', async ({ skip }) => {
  skip(process.platform === 'win32', 'there is no fork');
  const { url } = await startTestServer();
  const { shown } = await runAsync(
    `
store = SessionPersistence()
AgentSession("shared")._persistence.save(AgentSession("shared"))
pids = []
for n in range(4):
    pid = os.fork()
    if pid == 0:
        session = AgentSession(f"of-{n}")
        wrong = 0
        for k in range(20):
            store.save(session)
            session.add_metadata("k", k)
            wrong += store.load(f"of-{n}")["session_id"] != f"of-{n}"
        os._exit(wrong)
    pids.append(pid)
wrong = sum(store.load("shared")["session_id"] != "shared" for _ in range(40))
show([wrong, [os.waitpid(pid, 0)[1] for pid in pids]])`,
    url,
  );
  expect(shown).toEqual([[0, [0, 0, 0, 0]]]);
});

test('a server that is restarted between two turns is not noticed, and one that is away for a moment is waited for', async () => {
  const dataDirectory = await temporaryDirectory();
  const port = await freePort();
  let server: RunningServer = await startTestServer({ dataDirectory, port });
  const { url } = server;
  // The program says what it waits for by what it writes: the test does it meanwhile.
  const running = runAsync(
    `
shared = AgentSession("shared", persistence=SessionPersistence(retries=6))
await shared.process_message("0", "answer to 0")
open(os.environ["WRITTEN"], "w").close()
while not os.path.exists(os.environ["STOPPED"]): await asyncio.sleep(0.01)
await shared.process_message("1", "answer to 1")
show(len(shared.get_history()))`,
    url,
    { WRITTEN: `${dataDirectory}.written`, STOPPED: `${dataDirectory}.stopped` },
  );
  await expect.poll(() => existsSync(`${dataDirectory}.written`)).toBe(true);
  await server.stop();
  await writeFile(`${dataDirectory}.stopped`, '');
  server = await startTestServer({ dataDirectory, port });
  expect(await running).toEqual({ shown: [4], stderr: '' });
  expect(turnsOf(await storedIn(url))).toEqual(['0', '1']);
});

test('while the server is away, turns stay in the process and the log says why; the next save writes them, once', async () => {
  const { server, lines } = await startLoggedServer();
  const proxy = await openCutProxy(server.url);
  const away = `http://127.0.0.1:${await freePort()}/graphql`;
  const { shown, stderr } = await runAsync(
    `
shared = AgentSession("shared", persistence=SessionPersistence("${away}", retries=0))
await shared.initialize()
await shared.process_message("0", "answer to 0")
shared.add_metadata("kept", True)
await shared.process_message("1", "answer to 1")
show([await shared.persist(), shared._persistence.load("shared"), shared._persistence.delete("shared")])
show([len(shared.get_history()), shared.context.message_count])
shared._persistence = SessionPersistence("${proxy.url}")
show(await shared.persist())
await shared.process_message("2", "answer to 2")
show(shared._persistence.load("shared")["metadata"])`,
    server.url,
  );
  expect(shown).toEqual([[false, null, false], [4, 2], true, { kept: true }]);
  expect(stderr).toContain(
    'Expected to save session shared (turns that wait: 2), got CONNECTION_FAILED: Expected an answer of',
  );
  expect(turnsOf(await storedIn(server.url))).toEqual(['0', '1', '2']);
  expect(fieldsOf(lines).slice(0, 3)).toEqual(['createSession', 'writeHistory', 'session']);
  // All three went over one connection.
  expect(proxy.connections).toBeLessThanOrEqual(1);
});

test('a turn whose outcome is unknown is written once, also with later turns in one write', async () => {
  const { url } = await startTestServer();
  const network = await openFlakyProxy(Number(new URL(url).port));
  const { shown } = await runAsync(
    `
shared = AgentSession("shared", persistence=SessionPersistence(retries=0))
await shared.process_message("0", "answer to 0")
show(shared.get_history() == SessionPersistence().load("shared")["history"])
await shared.process_message("1", "answer to 1")
shared._persistence._client._idle.clear()
await shared.process_message("2", "answer to 2")
await shared.process_message("3", "answer to 3")
show(len(shared.get_history()))`,
    `http://127.0.0.1:${network.port}/graphql`,
  );
  expect(shown).toEqual([true, 8]);
  expect(network.lost()).toBeGreaterThanOrEqual(2);
  expect(turnsOf(await storedIn(url))).toEqual(['0', '1', '2', '3']);
});

test('the event loop goes on while a server does not answer', async () => {
  const silent = createServer(() => {}).listen(0, '127.0.0.1');
  await once(silent, 'listening');
  onTestFinished(() => void silent.close());
  const { shown } = await runAsync(
    `
store = SessionPersistence(timeout=1.0, retries=0, raise_errors=True)
session = AgentSession(persistence=store)
for waiting in (
    session.initialize(),
    session.process_message("q", "a"),
    session.spawn_child_session(),
    resume_agent_session("x", persistence=store),
):
    task = asyncio.ensure_future(waiting)
    ticks = 0
    while not task.done():
        await asyncio.sleep(0.01)
        ticks += 1
    # A loop that waits for the answer has one turn. A busy machine may take a while for each.
    show([ticks > 3, type(task.exception()).__name__, task.exception().code])`,
    `http://127.0.0.1:${(silent.address() as AddressInfo).port}/graphql`,
  );
  expect(shown).toEqual(Array(4).fill([true, 'UnreachableError', 'TIMEOUT']));
});

test('a turn that the server refuses is logged, and the turns around it are written', async () => {
  const { url } = await startTestServer();
  const { shown, stderr } = await runAsync(
    `
shared = AgentSession("shared")
show(await asyncio.gather(
    shared.process_message("0", "answer to 0"),
    shared.process_message("x" * 2_000_000, "too long"),
    shared.process_message("1", "answer to 1"),
    shared.process_message("y" * 40_000_000, "longer than a body"),
    shared.process_message("\\ud800", "not Unicode"),
    shared.process_message("2", "answer to 2"),
))
show([len(shared.get_history()), await shared.persist()])
await shared.process_message("3", "answer to 3")`,
    url,
  );
  expect(shown).toEqual([Array(6).fill(null), [12, true]]);
  expect(stderr.match(/A turn of session shared was refused, and is not saved: .+/g)).toHaveLength(3);
  expect(turnsOf(await storedIn(url))).toEqual(['0', '1', '2', '3']);
});

test('a child is stored with its turn although its parent has one that the server refuses', async () => {
  const { url } = await startTestServer();
  const { shown, stderr } = await runAsync(
    `
parent = create_agent_session("parent", persistence=SessionPersistence("http://127.0.0.1:${await freePort()}", retries=0))
await parent.process_message("x" * 2_000_000, "too long")
await parent.process_message("0", "answer to 0")
parent._persistence = SessionPersistence()
child = create_agent_session("shared", parent_session_id="parent")
await child.process_message("1", "answer to 1")
show([len(SessionPersistence().load(id)["history"]) for id in ("parent", "shared")])`,
    url,
  );
  expect(shown).toEqual([[2, 2]]);
  expect(stderr.match(/A turn of session \w+ was refused/g)).toEqual([
    'A turn of session parent was refused',
  ]);
  expect(turnsOf(await storedIn(url))).toEqual(['1']);
});

test('errors in a form that is not that of GraphQL fail as those of the server do', async () => {
  const bodies = [
    '{"errors":["text"]}',
    '{"errors":[{"message":"m","extensions":null}]}',
    '{"errors":{}}',
    '[]',
  ];
  const odd = createHttpServer((request, response) => {
    request.resume().on('end', () => response.writeHead(400).end(bodies.shift()));
  }).listen(0, '127.0.0.1');
  await once(odd, 'listening');
  onTestFinished(() => void odd.close());
  const { shown } = await runAsync(
    `
store = SessionPersistence(raise_errors=True)
for _ in range(${bodies.length}):
    try:
        store.load("any")
    except RequestError as error:
        show([error.code, error.status, str(error)[:30]])`,
    `http://127.0.0.1:${(odd.address() as AddressInfo).port}/graphql`,
  );
  const unknown = ['HTTP_400', 400, 'Expected an answer of Sessiont'];
  expect(shown).toEqual([unknown, ['HTTP_400', 400, 'm'], unknown, unknown]);
});

test('metadata that cannot be saved fails the save, and the turn waits with it', async () => {
  const { url } = await startTestServer();
  const { shown, stderr } = await runAsync(
    `
shared = AgentSession("shared")
await shared.initialize()
shared.add_metadata("bad", float("nan"))
await shared.process_message("0", "answer to 0")
shared.add_metadata("bad", "x" * 300_000)
show(await shared.persist())
shared.add_metadata("bad", "good")
show(await shared.persist())`,
    url,
  );
  expect(shown).toEqual([false, true]);
  expect(stderr).toContain(
    'got INVALID_INPUT: Expected metadata that JSON can hold, got: Out of range float values',
  );
  expect(stderr.match(/\(turns that wait: 1\)/g)).toHaveLength(2);
  expect(await contentsIn(url)).toEqual(['0', 'answer to 0']);
});

test('with raise_errors, each failure is raised with its type, its code and its fields', async () => {
  const { url } = await startTestServer();
  await postTo(url, 'mutation { createSession(input: { id: "shelved" }) { __typename } }');
  const { shown, stderr } = await runAsync(
    `
store = SessionPersistence(raise_errors=True)
async def failure(awaitable):
    try:
        await awaitable
        show(None)
    except Exception as error:
        show([type(error).__name__, getattr(error, "code", str(error)), getattr(error, "status", None), bool(getattr(error, "request_id", None))])
await failure(AgentSession("-", persistence=store).initialize())
await failure(AgentSession("lost", parent_session_id="nowhere", persistence=store).initialize())
gone = AgentSession("gone", persistence=store)
await gone.initialize()
store.delete("gone")
await failure(gone.process_message("q", "a"))
await failure(AgentSession("gone", persistence=store).initialize())
shelved = await resume_agent_session("shelved", persistence=store)
store._client.mutate("archiveSession", "archivedIds", {"sessionId": "shelved"})
await failure(shelved.process_message("q", "a"))
await failure(shelved.process_message("q", None))
await failure(AgentSession(persistence=SessionPersistence("${url}/nowhere", raise_errors=True)).initialize())
for wrong in ("data/sessions", "ftp://x"):
    try:
        SessionPersistence(wrong)
    except ValueError as error:
        show(str(error))`,
    url,
  );
  expect(stderr).toBe('');
  expect(shown).toEqual([
    ['InvalidInputError', 'INVALID_INPUT', 200, true],
    ['SessionNotFoundError', 'SESSION_NOT_FOUND', 200, true],
    ['SessionNotFoundError', 'SESSION_NOT_FOUND', 200, true],
    ['SessionExistsError', 'SESSION_EXISTS', 200, true],
    ['SessionArchivedError', 'SESSION_ARCHIVED', 200, true],
    ['TypeError', 'Expected a message and a response of type str, got: NoneType', null, false],
    ['RequestError', 'NOT_FOUND', 404, true],
    "Expected the URL of a Sessiontree server, such as http://127.0.0.1:4000/graphql, got: 'data/sessions'",
    "Expected the URL of a Sessiontree server, such as http://127.0.0.1:4000/graphql, got: 'ftp://x'",
  ]);
});
